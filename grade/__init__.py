"""The harness: builds images, drives QEMU, judges what the guest did.

    qemu.py      the one description of the virtual machine, as a QEMU command line
    machine.py   a running machine: console, memory, registers, exit status, deadline
    console.py   what the guest printed, and typing at it
    qmp.py       QEMU's control socket
    memory.py    Sv39 page tables, walked from outside
    images.py    asks make for an image
    elf.py       symbols and lines out of an ELF file
    symbols.py   addresses to functions and lines; explains panics
    debugger.py  how gdb finds the machine; gdb in batch mode
    profile.py   the instruction-counting plugin and its results
    conftest.py  pytest fixtures on top of all that

Nothing here trusts the guest: what a test needs to know is read from outside where it can be.
"""

"""Commands of our own for gdb.

    guest.py      the stopped machine: harts, registers, memory in whatever mode it is
    kernel.py     what the kernel knows: harts, threads, processes, as plain Python objects
    places.py     addresses to functions and lines
    command.py    what all commands have in common
    traps.py      struct trapframe
    unwind.py     lets `bt` go on through a trap, into user code
    listing.py    procs, threads, harts
    backtrace.py  tbt
    trapframe.py  trapframe
    paging.py     pt
    programs.py   user, and the functions $runs(), $pid(), $tid()

A command first takes a snapshot of what it needs (kernel.py) and from then on works on Python
objects. What cannot be done ends in a sentence that says why: raise gdb.GdbError("...").
"""

import gdb

from . import backtrace, command, listing, paging, programs, trapframe, unwind


def install() -> None:
    """Makes the commands known to gdb."""
    for cache in ("stack-cache", "code-cache"):     # the same address, another address space:
        gdb.execute(f"set {cache} off")             # what was read there before is no answer
    for module in (listing, backtrace, trapframe, paging, programs, command):
        module.install()
    unwind.install()
    gdb.write("Onering: procs threads harts tbt trapframe pt user ('onering' explains them)\n")

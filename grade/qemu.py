"""The one description of the machine Onering runs on, as a QEMU command line.

`make qemu`, `make qemu-gdb` and every test start the same machine through here. Only the standard
library is used, so that booting needs nothing but Python and QEMU.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# 1 guest instruction = 1 ns of guest time: the same count on every host, at every load.
EXACT_COUNT = "shift=0"
# QEMU's own network has timers. Under -icount with sleep=off an idle hart's clock jumps from one to the
# next without a pause, and QEMU answers neither its monitor nor a signal any more.
NO_NETWORK = ("-nic", "none")


@dataclass(frozen=True)
class Hardware:
    """What is plugged together before the power goes on."""

    elf: Path
    initrd: Path | None = None
    args: str = ""                # the kernel command line, `bootargs` in the device tree
    memory: str = "128M"
    harts: int = 1
    icount: bool | str = False    # True, or the value of QEMU's -icount
    devices: tuple[str, ...] = ()  # more QEMU arguments: disks, network cards


def binary() -> str:
    """The emulator; $QEMU overrides the one on the PATH."""
    return os.environ.get("QEMU") or "qemu-system-riscv64"


def command(hardware: Hardware) -> list[str]:
    """The machine alone: where its console goes is up to the caller."""
    line = [binary(), "-M", "virt", "-bios", "default", "-m", hardware.memory,
            "-smp", str(hardware.harts), "-no-reboot", "-kernel", str(hardware.elf), *NO_NETWORK]
    if hardware.initrd:
        line += ["-initrd", str(hardware.initrd)]
    if hardware.args:
        line += ["-append", hardware.args]
    if hardware.icount:
        line += ["-icount", EXACT_COUNT if hardware.icount is True else hardware.icount]
    return line + list(hardware.devices)


def debuggable(icount: bool | str) -> bool | str:
    """The same, for a machine that a debugger stops. With sleep=off, QEMU 7.2 resumes it once; the second
    time it spins for ever, and does not even end when it is told to."""
    return icount.replace(",sleep=off", "") if isinstance(icount, str) else icount


def gdb_stub(socket: str, frozen: bool) -> list[str]:
    """A debugger may come in through a unix socket: no port to pick, nobody else's to hit."""
    stub = ["-chardev", f"socket,id=gdb,path={socket},server=on,wait=off", "-gdb", "chardev:gdb"]
    return stub + (["-S"] if frozen else [])

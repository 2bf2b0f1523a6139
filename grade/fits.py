"""Does the image fit into the machine? QEMU would tell in words of its own, or the machine die before it
can speak; this tells beforehand, in one sentence. Only the standard library is used.

    0x80000000  firmware | image: code, data, stacks |   initrd   | device tree | end of memory
                                                     ^ entry + half of the memory
                                                                  ^ 1 MiB, at a multiple of 2 MiB
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

from .qemu import Hardware

RAM = 0x80000000
MIB = 1 << 20
TREE_SIZE, TREE_ALIGN = MIB, 2 * MIB
TREE_BELOW = RAM + 1024 * MIB       # QEMU keeps the tree below 3 GiB
INITRD_MOST = 128 * MIB             # and the initrd no further behind the entry than this
ARGS_MOST = 4095                    # bytes of arguments that our images take
MOST = 4096                         # MiB; what needs more is no image of ours
UNITS = {"": MIB, "K": 1 << 10, "M": MIB, "G": 1 << 30}
PT_LOAD = 1


@dataclass(frozen=True)
class Needs:
    """Where an image begins to run and ends, and how large its initrd is."""

    entry: int
    end: int
    initrd: int

    def fit(self, memory: int) -> bool:
        tree = (min(RAM + memory, TREE_BELOW) - TREE_SIZE) // TREE_ALIGN * TREE_ALIGN
        if self.end > tree:
            return False
        start = self.entry + min(memory // 2, INITRD_MOST)
        return not self.initrd or self.end <= start and start + self.initrd <= tree


def memory_bytes(text: str) -> int | None:
    """What QEMU understands by a memory size; None: it does not."""
    found = re.fullmatch(r"([1-9]\d*)([KMG]?)", text.upper())
    return int(found[1]) * UNITS[found[2]] if found else None


def needs(hardware: Hardware) -> Needs:
    image = hardware.elf.read_bytes()
    entry, offset = struct.unpack_from("<QQ", image, 24)
    size, count = struct.unpack_from("<HH", image, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", image, offset + i * size) for i in range(count)]
    end = max(paddr + memsz for kind, _, _, _, paddr, _, memsz, _ in headers if kind == PT_LOAD)
    return Needs(entry, end, hardware.initrd.stat().st_size if hardware.initrd else 0)


def objection(hardware: Hardware) -> str | None:
    """Why this machine could not start; None if it may."""
    for path in (hardware.elf, hardware.initrd):
        if path and not path.exists():
            return f"{path} is not there: build it first"
    if len(hardware.args.encode()) > ARGS_MOST:
        return (f"ARGS is too long, {len(hardware.args.encode())} bytes: the machine's bootargs carry "
                f"at most {ARGS_MOST}. Put what is longer into a file of the root file system")
    memory = memory_bytes(hardware.memory)
    if memory is None:
        return f"MEMORY={hardware.memory} is no size of memory: say for instance MEMORY=64M"
    wanted = needs(hardware)
    if wanted.fit(memory):
        return None
    larger = range(memory // MIB + 1, MOST)
    enough = next((size for size in larger if wanted.fit(size * MIB)), MOST)
    with_initrd = f" with {hardware.initrd}" if hardware.initrd else ""
    return (f"{hardware.elf}{with_initrd} does not fit into MEMORY={hardware.memory}: "
            f"try MEMORY={enough}M")

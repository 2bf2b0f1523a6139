"""The guest's memory as the host's: one block that both map.

So it can be filled before the first instruction, read without stopping anything, and read after the
machine has ended.
"""

from __future__ import annotations

import mmap
import os
import re

from elftools.elf.elffile import ELFFile
from pathlib import Path

BASE = 0x80000000
PAGE = 4096
REACH = 4 << 20             # poison reaches so far behind the image
_UNITS = {"": 1 << 20, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size_of(memory: str) -> int:
    """Bytes of QEMU's "128M"."""
    number, unit = re.fullmatch(r"(\d+)([KMG]?)", memory).groups()
    return int(number) * _UNITS[unit]


class Ram:
    """All of the machine's memory."""

    def __init__(self, memory: str):
        self.size = size_of(memory)
        self.descriptor = os.memfd_create("onering-ram")
        os.ftruncate(self.descriptor, self.size)
        self._bytes = mmap.mmap(self.descriptor, self.size)

    def options(self) -> list[str]:
        """QEMU's arguments which make it use this memory."""
        path = f"/proc/self/fd/{self.descriptor}"
        return ["-object", f"memory-backend-file,id=ram,size={self.size},mem-path={path},share=on",
                "-machine", "memory-backend=ram"]

    def holds(self, pa: int, nbytes: int) -> bool:
        return BASE <= pa and pa + nbytes <= BASE + self.size

    def read(self, pa: int, nbytes: int) -> bytes:
        return self._bytes[pa - BASE:pa - BASE + nbytes]

    def write(self, pa: int, data: bytes) -> None:
        self._bytes[pa - BASE:pa - BASE + len(data)] = data

    def poison(self, elf: Path, pattern: bytes) -> None:
        """Fill what the image takes for granted and was not given: its bss and stacks, and the
        pages behind it in which nothing was loaded."""
        end = BASE
        for start, loaded, stop in _segments(elf):
            self._fill(start + loaded, stop, pattern)
            end = max(end, stop)
        end = -(-end // PAGE) * PAGE
        for pa in range(end, min(end + REACH, BASE + self.size - PAGE), PAGE):
            if not any(self.read(pa, PAGE)):
                self._fill(pa, pa + PAGE, pattern)

    def close(self) -> None:
        self._bytes.close()
        os.close(self.descriptor)

    def _fill(self, start: int, stop: int, pattern: bytes) -> None:
        self.write(start, (pattern * ((stop - start) // len(pattern) + 1))[:stop - start])


def _segments(elf: Path) -> list[tuple[int, int, int]]:
    """(first address, bytes loaded from the file, end) of each part of the image."""
    with elf.open("rb") as stream:
        return [(part["p_paddr"], part["p_filesz"], part["p_paddr"] + part["p_memsz"])
                for part in ELFFile(stream).iter_segments() if part["p_type"] == "PT_LOAD"]

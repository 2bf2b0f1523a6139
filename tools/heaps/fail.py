"""Lets requests for memory fail: writes into a copy of an image which ones, and runs it.

    python3 -m tools.heaps.fail IMAGE N COPY        what make HEAP_FAIL=N does: 17, or 17+ for all from there on

The image was built with HEAP_FAIL=1. It counts the requests to all its heaps, and the blocks that are
there (kern/alloc/watch.c); both are read from the machine's memory when it is off.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from grade import images
from grade.errors import HarnessError
from grade.pace import SLOW

from .record import RAM, in_memory_file, symbols

NEVER = (1 << 64) - 1
MEMORY = "64M"
HUNG = -1               # instead of an exit status
FIRMWARE_ENDS = re.compile(r"^Boot HART MEDELEG.*\n", re.M)


@dataclass(frozen=True)
class Outcome:
    """How a run ended in which one request failed, or none."""

    status: int
    said: str           # on the console, after the firmware
    requests: int
    live_blocks: int    # when the machine went off


def place_in_file(elf: Path) -> int:
    """Where in the file the numbers stand: the first that fails, and how many do."""
    with elf.open("rb") as stream:
        file = ELFFile(stream)
        table = file.get_section_by_name(".symtab")
        found = [symbol for name in ("heap_fail", "kern.heap_fail")
                 for symbol in table.get_symbol_by_name(name) or []]
        if not found:
            raise HarnessError(f"{elf}: nothing in it can fail. It is to be built with HEAP_FAIL=1, and to ask for memory")
        section = file.get_section(found[0]["st_shndx"])
        return section["sh_offset"] + found[0]["st_value"] - section["sh_addr"]


def write_copy(elf: Path, request: int, copy: Path, count: int = 1) -> Path:
    """The image in which this request fails, or so many from there on."""
    place, image = place_in_file(elf), bytearray(elf.read_bytes())
    struct.pack_into("<QQ", image, place, request, count)
    part = copy.with_name(f"{copy.name}.part{os.getpid()}")
    part.write_bytes(image)
    part.rename(copy)
    return copy


def run(elf: Path, initrd: Path | None, args: str, request: int = NEVER, count: int = 1,
        deadline: int = 60) -> Outcome:
    """The image on one hart, deterministic, with this request failing, or so many from there on."""
    places = symbols(elf)
    with tempfile.TemporaryDirectory(prefix="fail-") as folder:
        copy, ram = write_copy(elf, request, Path(folder, "image.elf"), count), Path(folder, "ram")
        line = [images.ROOT / "tools/qemu", "--elf", copy, "--memory", MEMORY, "--icount", f"--args={args}"]
        line += ["--initrd", initrd] if initrd else []
        status, text = end_of([*line, "--", *in_memory_file(str(ram), MEMORY)], deadline * SLOW)
        numbers = []
        with ram.open("rb") as memory:
            for name in ("heap_requests", "heap_live_blocks"):
                memory.seek(places.get(name, places.get(f"kern.{name}")) - RAM)
                numbers.append(struct.unpack("<Q", memory.read(8))[0])
    said = FIRMWARE_ENDS.split(text.replace("\r", ""), maxsplit=1)[-1]
    return Outcome(status, said, *numbers)


def end_of(line: list, seconds: float) -> tuple[int, str]:
    """Exit status and console of a machine; HUNG if it does not end."""
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return HUNG, (late.stdout or b"").decode(errors="replace")


if __name__ == "__main__":
    try:
        first, all_from_there = re.fullmatch(r"(\d+)(\+?)", sys.argv[2]).groups()
        write_copy(Path(sys.argv[1]), int(first), Path(sys.argv[3]), NEVER if all_from_there else 1)
    except HarnessError as error:
        sys.exit(f"heaps: {error}")

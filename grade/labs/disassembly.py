"""What an image's instructions are, by objdump: to see that a call is a call."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from grade.elf import ROOT

_FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
_INSTRUCTION = re.compile(r"^ *([0-9a-f]+):\s+(?:[0-9a-f]{2,8} ?)+\s*([a-z][\w.]*)\s*(.*)$")


@dataclass(frozen=True)
class Instruction:
    """One of them: `operands` as objdump writes them, with <names> of targets."""

    pc: int
    function: str
    name: str
    operands: str

    @property
    def target(self) -> str:
        """The function it goes to, if it is a jump to one."""
        match = re.search(r"<([^>+]+)>", self.operands)
        return match[1] if match else ""

    def __str__(self) -> str:
        return f"{self.name} {self.operands}".strip()


def instructions(elf: Path) -> tuple[Instruction, ...]:
    """All of an image, in the order of addresses."""
    return _read(elf, elf.stat().st_mtime_ns)       # another image may have come to the same place


@lru_cache(maxsize=8)
def _read(elf: Path, _made: int) -> tuple[Instruction, ...]:
    tool = subprocess.run([ROOT / "tools/toolchain"], check=True, capture_output=True, text=True).stdout.strip()
    said = subprocess.run([f"{tool}objdump", "-d", elf], check=True, capture_output=True, text=True).stdout
    found, function = [], "?"
    for line in said.splitlines():
        if match := _FUNCTION.match(line):
            function = match[1]
        elif match := _INSTRUCTION.match(line):
            found.append(Instruction(int(match[1], 16), function, match[2], match[3].strip()))
    return tuple(found)


def at(elf: Path, pc: int) -> Instruction | None:
    """The instruction at an address."""
    return _by_address(elf, elf.stat().st_mtime_ns).get(pc)


@lru_cache(maxsize=8)
def _by_address(elf: Path, made: int) -> dict[int, Instruction]:
    return {each.pc: each for each in _read(elf, made)}

"""The linker's map: the pieces of an image, in the order of their addresses.

The map lists, below each section of the image, the sections that it was made of:

     .text.puts     0x0000000080080144       0x70 build/user/libc.a(build/user/lib/puts.o)

A long name stands on a line of its own. Strings that several objects have are merged into the first
of them, and the map still gives the others a size; so a piece ends where the next one begins.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CLASSES = {".text": "text", ".rodata": "rodata", ".tdata": "data", ".data": "data",
           ".bss": "bss", ".embedded": "rodata", ".stack": "bss"}

_OUTPUT = re.compile(r"(\.[\w.]+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)(?: load address \S+)?$")
_INPUT = re.compile(r" (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$")
_DATA = re.compile(r"\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (?:BYTE|SHORT|LONG|QUAD) ")
_ASSIGNED = re.compile(r"^\s+0x[0-9a-f]+\s+(?:PROVIDE \()?([\w.$]+) = ", re.M)
_SYMBOL = re.compile(r"\s+0x([0-9a-f]+)\s+([\w.$]+)$")


@dataclass(frozen=True)
class Piece:
    """A section of an object that is in the image. `obj` is empty for what the linker filled in."""

    section: str
    obj: str
    start: int
    size: int
    kind: str           # text, rodata, data or bss
    symbol: str = ""    # the first global it defines

    @property
    def end(self) -> int:
        return self.start + self.size

    @property
    def is_constant(self) -> bool:
        """A string or number of its own, that the linker may have merged with another object's."""
        return bool(re.search(r"\.(str\d|cst\d|LC)", self.section))


@dataclass(frozen=True)
class Output:
    """A section of the image."""

    name: str
    start: int
    size: int

    @property
    def kind(self) -> str | None:
        return CLASSES.get(self.name)


def read(path: Path) -> list[Piece]:
    """All pieces of the image, without gaps: padding is a piece without an object."""
    text = path.read_text()
    lines = _joined(text[text.index("Linker script and memory map"):].splitlines())
    outputs, found, symbols = [], [], {}
    for line in lines:
        if line.startswith(".") and (match := _OUTPUT.match(line)):
            outputs.append(Output(match[1], int(match[2], 16), int(match[3], 16)))
        elif (match := _INPUT.match(line)) and match[1] != "*fill*" and "(size" not in line:
            found.append((int(match[2], 16), int(match[3], 16), match[1] or "", match[4]))
        elif match := _DATA.match(line):
            found.append((int(match[1], 16), int(match[2], 16), "(linker script)", ""))
        elif match := _SYMBOL.match(line):
            symbols.setdefault(int(match[1], 16), match[2])
    return [piece for output in outputs if output.kind and output.size
            for piece in _fill(output, found, symbols)]


def assigned(path: Path) -> set[str]:
    """The symbols that the linker script defines: they name a place, not a piece."""
    return set(_ASSIGNED.findall(path.read_text()))


def _joined(lines: list[str]) -> list[str]:
    """Names that are too long for their column, back on the line of their numbers."""
    joined: list[str] = []
    for line in lines:
        if joined and re.fullmatch(r" ?\.\S+", joined[-1]) and line.startswith("      "):
            joined[-1] += line
        else:
            joined.append(line)
    return joined


def _fill(output: Output, found: list[tuple[int, int, str, str]],
          symbols: dict[int, str]) -> list[Piece]:
    """The pieces of one section of the image, and what lies between them."""
    end = output.start + output.size
    inside = sorted({f[0]: f for f in found if output.start <= f[0] < end and f[1]}.values())
    pieces, at = [], output.start
    for number, (start, size, section, obj) in enumerate(inside):
        following = inside[number + 1][0] if number + 1 < len(inside) else end
        if start > at:
            pieces.append(Piece("(padding)", "", at, start - at, output.kind))
        at = min(start + size, following)
        pieces.append(Piece(section, obj, start, at - start, output.kind, symbols.get(start, "")))
    if at < end:
        pieces.append(Piece("(padding)", "", at, end - at, output.kind))
    return pieces

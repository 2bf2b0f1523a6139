"""Addresses of an ELF file to functions and source lines, and panics explained.

    symbols = Symbols(elf)
    symbols.address("kmain")            -> 0x80200a3c
    symbols.describe(0x80200a40)        -> "kmain+0x4 kern/core/main.c:31"
    explain(console_text, [symbols])    -> the text, each panic followed by its functions and lines
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Iterable, Iterator

from . import elf
from .elf import Line

# What the kernel prints for machines to read, and the backtrace it prints for people.
_REPORT = re.compile(r"^@@ (?:panic|fault) .*\bpc=0x[0-9a-fA-F]+")
_FIELD = re.compile(r"(\w+)=(\S+)")
_BACKTRACE = re.compile(r"^backtrace:((?: +0x[0-9a-fA-F]+)+)")
_EXPLANATION = "    | "

CAUSES = {0: "instruction address misaligned", 1: "instruction access fault",
          2: "illegal instruction", 3: "breakpoint", 4: "load address misaligned",
          5: "load access fault", 6: "store address misaligned", 7: "store access fault",
          8: "system call from U-mode", 9: "system call from S-mode",
          12: "instruction page fault", 13: "load page fault", 15: "store page fault"}


@dataclass(frozen=True, order=True)
class Function:
    """A function and the addresses [start, end) it takes."""

    start: int
    end: int
    name: str


class Symbols:
    """What an ELF file says about its addresses; read when first asked."""

    def __init__(self, path: Path | str, root: Path = elf.ROOT):
        """Sources are named from `root`, the tree it was built in."""
        self.elf, self.root = Path(path), root

    # --- asking -----------------------------------------------------------------------------

    def address(self, where: int | str) -> int:
        """The address of a symbol; a number is its own address."""
        if isinstance(where, int):
            return where
        if where not in self.table:
            raise KeyError(f"{self.elf} has no symbol {where}")
        return self.table[where]

    def function(self, address: int) -> Function | None:
        """The function an address lies in."""
        found = bisect_right(self._starts, address) - 1
        if found >= 0 and address < self.functions[found].end:
            return self.functions[found]
        return None

    def line(self, address: int) -> Line | None:
        """The source line an instruction was made from."""
        found = bisect_right(self._line_starts, address) - 1
        return self.lines[found][1] if found >= 0 else None

    def describe(self, address: int, *, is_return: bool = False) -> str | None:
        """"kmain+0x4 kern/core/main.c:31". A return address is described by its call, which
        may be the last instruction of its function."""
        function = self.function(address - is_return)
        if function is None:
            return None
        place = self.line(address - is_return)
        return f"{function.name}+{address - function.start:#x}" + (f" {place}" if place else "")

    # --- reading ----------------------------------------------------------------------------

    @cached_property
    def table(self) -> dict[str, int]:
        """Every named symbol and its address."""
        return {symbol.name: symbol.value for symbol in self._contents.symbols}

    @cached_property
    def functions(self) -> list[Function]:
        """All functions in order, without overlaps. A label of assembly outside every function
        counts as one, and reaches to the next."""
        return list(_functions(self._contents))

    @cached_property
    def lines(self) -> list[tuple[int, Line | None]]:
        """(first address, line) in order; None where a sequence of code ends."""
        found: dict[int, Line | None] = {}
        for address, line in self._contents.rows:
            if line or address not in found:
                found[address] = line
        return sorted(found.items(), key=lambda row: row[0])

    @cached_property
    def _contents(self) -> elf.Contents:
        return elf.read(self.elf, self.root)

    @cached_property
    def _starts(self) -> list[int]:
        return [function.start for function in self.functions]

    @cached_property
    def _line_starts(self) -> list[int]:
        return [address for address, _ in self.lines]


def _functions(contents: elf.Contents) -> Iterator[Function]:
    at = {symbol.value: symbol for symbol in sorted(contents.symbols, key=lambda each: each.size)
          if contents.is_code(symbol.value)}        # at the same address the sized one stays
    kept: list[elf.Symbol] = []
    for _, symbol in sorted(at.items()):
        inside = kept and symbol.value < kept[-1].value + kept[-1].size
        if not inside or symbol.is_function:
            kept.append(symbol)
    borders = sorted([symbol.value for symbol in kept] + [end for _, end in contents.code])
    for symbol in kept:
        limit = borders[bisect_right(borders, symbol.value)]
        end = min(symbol.value + symbol.size, limit) if symbol.size else limit
        yield Function(symbol.value, end, symbol.name)


# --- panics explained -------------------------------------------------------------------------

def explain(text: str, symbols: Iterable[Symbols]) -> str:
    """`text` with functions and lines under every panic, fault and backtrace in it."""
    books = list(symbols)
    reports = [dict(_FIELD.findall(line)) for line in text.splitlines() if _REPORT.match(line)]
    exact = {int(fields["pc"], 16) for fields in reports if not _is_no_trap(fields)}
    out = []
    for line in text.splitlines():
        out.append(line)
        out += [_EXPLANATION + remark for remark in _remarks(line, books, exact)]
    return "\n".join(out)


def _remarks(line: str, books: list[Symbols], exact: set[int]) -> Iterator[str]:
    if _REPORT.match(line):
        yield from _report(dict(_FIELD.findall(line)), books)
    elif found := _BACKTRACE.match(line):
        for address in found[1].split():
            pc = int(address, 16)
            yield _place(pc, books, is_return=pc not in exact)


def _report(fields: dict[str, str], books: list[Symbols]) -> Iterator[str]:
    pc = int(fields["pc"], 16)
    if fields.get("cause", "").isdigit() and not _is_no_trap(fields):
        cause = CAUSES.get(int(fields["cause"]), "unknown cause")
        yield f"{cause} on hart {fields.get('hart', '?')}, address {fields.get('addr', '?')}"
    yield _place(pc, books, is_return=_is_no_trap(fields))
    for address in filter(None, fields.get("bt", "").split(",")):
        if int(address, 16) != pc:
            yield _place(int(address, 16), books, is_return=True)


def _is_no_trap(fields: dict[str, str]) -> bool:
    """A panic by the kernel's own decision says cause 0, address 0; its pc is where panic() would
    return to, if it did."""
    return fields["cause"] == "0" and int(fields.get("addr", "1"), 16) == 0


def _place(address: int, books: list[Symbols], is_return: bool) -> str:
    names = (book.describe(address, is_return=is_return) for book in books)
    return f"{address:#x}  {next(filter(None, names), '?')}"

"""Who refers to whom: the graph of the pieces of an image.

The image is linked once more with --emit-relocs. Each relocation says: at this address, in this
piece, that symbol is meant, and by its kind how. R_RISCV_NONE comes from INIT_NEEDS (see
kern/core/init.h).
What the linker script defines (init_table, bss_end, ...) belongs to no piece.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from pathlib import Path
from typing import Iterable, Iterator

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import Symbol

from . import linkmap, lto
from .linkmap import Piece

CALLS = {17, 18, 19}    # R_RISCV_JAL, R_RISCV_CALL, R_RISCV_CALL_PLT


class Needs:
    """The pieces, and for each the pieces that it refers to."""

    def __init__(self, elf: Path):
        map_file = elf.with_name(elf.name + ".map")
        self.pieces = [piece for piece in lto.pieces(map_file, elf) if piece.obj]
        self._script = linkmap.assigned(map_file)
        self._starts = [piece.start for piece in self.pieces]
        self._names: dict[int, str] = {}
        self.of: dict[Piece, list[Piece]] = defaultdict(list)
        self._calls: set[tuple[Piece, Piece]] = set()
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            self._read_names(file)
            for at, target, is_call in self._references(file):
                self._add(at, target, is_call)

    def at(self, address: int) -> Piece | None:
        number = bisect_right(self._starts, address) - 1
        piece = self.pieces[number] if number >= 0 else None
        return piece if piece and piece.start <= address < piece.end else None

    def name(self, piece: Piece) -> str:
        """What a reader calls it: the function or variable as it is in the source, not one that the
        linker renamed (kern.NAME, k_NAME) or the compiler specialised (NAME.part.0)."""
        name = self._names.get(piece.start) or piece.symbol or piece.section.split(".", 2)[-1]
        return name.removeprefix("kern.").removeprefix("k_").split(".")[0]

    def way(self, sources: Iterable[Piece], goals: set[Piece]) -> list[Piece]:
        """A shortest chain of references from one of the sources to one of the goals."""
        before: dict[Piece, Piece | None] = {piece: None for piece in sources}
        todo = deque(before)
        while todo:
            piece = todo.popleft()
            if piece in goals:
                return _backwards(piece, before)
            for other in self.of.get(piece, ()):
                if other not in before:
                    before[other] = piece
                    todo.append(other)
        return []

    def _read_names(self, file: ELFFile) -> None:
        """Functions and variables at the start of a piece; a global name before a local one."""
        symbols = [symbol for symbol in file.get_section_by_name(".symtab").iter_symbols()
                   if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
                   and symbol.name and symbol.name[0] not in "$."
                   and symbol.name not in self._script]
        for symbol in sorted(symbols, key=lambda s: (s["st_info"]["bind"] == "STB_LOCAL",
                                                     s["st_info"]["type"] == "STT_NOTYPE")):
            self._names.setdefault(symbol["st_value"], symbol.name)

    def verb(self, user: Piece, used: Piece) -> str:
        """How one piece refers to another, for a sentence."""
        if used.section.startswith(".init_table"):
            return "needs the initialiser"
        if user.section.startswith(".init_table"):
            return "runs"
        if (user, used) in self._calls:
            return "calls"
        return "uses" if user.kind == "text" else "points to"

    def _add(self, at: int, target: int, is_call: bool) -> None:
        user, used = self.at(at), self.at(target)
        if user and used and user is not used and not used.is_constant:
            if used not in self.of[user]:
                self.of[user].append(used)
            if is_call:
                self._calls.add((user, used))

    def _references(self, file: ELFFile) -> Iterator[tuple[int, int, bool]]:
        """(address of the reference, address meant, is it a call?)."""
        for section in file.iter_sections():
            if not isinstance(section, RelocationSection):
                continue
            if not file.get_section(section["sh_info"])["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                continue
            symbols = file.get_section(section["sh_link"])
            for relocation in section.iter_relocations():
                symbol = symbols.get_symbol(relocation["r_info_sym"])
                if self._is_place(symbol):
                    yield (relocation["r_offset"], symbol["st_value"] + relocation["r_addend"],
                           relocation["r_info_type"] in CALLS)

    def _is_place(self, symbol: Symbol) -> bool:
        return (symbol["st_shndx"] not in ("SHN_UNDEF", "SHN_ABS")
                and symbol.name not in self._script)


def _backwards(piece: Piece, before: dict[Piece, Piece | None]) -> list[Piece]:
    chain: list[Piece] = []
    at: Piece | None = piece
    while at:
        chain.append(at)
        at = before[at]
    return chain[::-1]

"""Symbols and source lines out of an ELF file, as plain lists (pyelftools does the decoding)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Line:
    """A place in the source."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}:{self.number}"


@dataclass(frozen=True)
class Symbol:
    """A named address."""

    name: str
    value: int
    size: int
    is_function: bool


@dataclass(frozen=True)
class Contents:
    """All we want of an ELF file."""

    symbols: list[Symbol]
    code: list[tuple[int, int]]             # [start, end) of every section with instructions
    rows: list[tuple[int, Line | None]]     # (address, line from here on); None: a sequence ends

    def is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self.code)


def read(path: Path, root: Path = ROOT) -> Contents:
    """Read it all. Source files below `root` are named from there."""
    with path.open("rb") as stream:
        file = ELFFile(stream)
        code = [(section["sh_addr"], section["sh_addr"] + section["sh_size"])
                for section in file.iter_sections()
                if section["sh_flags"] & SH_FLAGS.SHF_EXECINSTR and section["sh_size"]]
        return Contents(list(_symbols(file)), code, list(_rows(file, code, root)))


def _symbols(file: ELFFile) -> Iterator[Symbol]:
    table = file.get_section_by_name(".symtab")
    for symbol in table.iter_symbols() if table else ():
        kind = symbol["st_info"]["type"]
        # $x and .L are the assembler's own; a section or a file is no place to be.
        if symbol.name and symbol.name[0] not in "$." and kind not in ("STT_SECTION", "STT_FILE"):
            yield Symbol(symbol.name, symbol["st_value"], symbol["st_size"], kind == "STT_FUNC")


def _rows(file: ELFFile, code: list[tuple[int, int]],
          root: Path) -> Iterator[tuple[int, Line | None]]:
    """The line table. Functions the linker dropped keep rows, at addresses without code."""
    if not file.has_dwarf_info():
        return
    dwarf = file.get_dwarf_info()
    for unit in dwarf.iter_CUs():
        for address, line in _unit_rows(dwarf, unit, root):
            if any(start <= address <= end for start, end in code):
                yield address, line


def _unit_rows(dwarf: DWARFInfo, unit, root: Path) -> Iterator[tuple[int, Line | None]]:
    program = dwarf.line_program_for_CU(unit)
    if program is None:
        return
    home = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    names = _file_names(program.header, home.value.decode() if home else "", root)
    for entry in program.get_entries():
        if entry.state is not None:
            line = Line(names[entry.state.file], entry.state.line)
            yield entry.state.address, None if entry.state.end_sequence else line


def _file_names(header, home: str, root: Path) -> dict[int, str]:
    """File number to path. Numbers start at 0 since DWARF 5, before it at 1."""
    first = 0 if header["version"] >= 5 else 1
    directories = [directory.decode() for directory in header["include_directory"]]
    directories = directories if first == 0 else [home, *directories]
    return {number: _short(os.path.join(home, directories[entry.dir_index], entry.name.decode()), root)
            for number, entry in enumerate(header["file_entry"], first)}


def _short(path: str, root: Path) -> str:
    """Relative to the tree, if it lies in there."""
    full = os.path.normpath(path)
    return os.path.relpath(full, root) if full.startswith(f"{root}{os.sep}") else full

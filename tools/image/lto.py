"""Pieces of an image that was optimised as a whole (LTO=1).

The linker then sees one object, made from all of them. Where a function or variable was written is
still in the debug information; what has none (strings, tables of the compiler) is "(constants)".
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Iterator

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from . import linkmap
from .linkmap import Piece

CONSTANTS = "(constants)"
OP_ADDR = 3


def pieces(map_file: Path, elf: Path) -> list[Piece]:
    """The pieces of an image, whether by LTO or not, each with an object or a source file."""
    found = linkmap.read(map_file)
    if not any(_is_mixed(piece) for piece in found):
        return found
    sources = _sources(elf)
    return [replace(piece, obj=sources.get(piece.start, CONSTANTS)) if _is_mixed(piece) else piece
            for piece in found]


def _is_mixed(piece: Piece) -> bool:
    return piece.obj.endswith((".ltrans.o", ".lto.o"))


def _sources(elf: Path) -> dict[int, str]:
    """Address of a function or variable: the file that defines it."""
    with elf.open("rb") as stream:
        dwarf = ELFFile(stream).get_dwarf_info()
        return {address: source for unit in dwarf.iter_CUs() for die in unit.iter_DIEs()
                if die.tag in ("DW_TAG_subprogram", "DW_TAG_variable")
                for address in _addresses(die) if (source := _source(die))}


def _addresses(die: DIE) -> Iterator[int]:
    if "DW_AT_low_pc" in die.attributes:
        yield die.attributes["DW_AT_low_pc"].value
    location = die.attributes.get("DW_AT_location")
    if location and isinstance(location.value, list) and location.value[:1] == [OP_ADDR]:
        yield int.from_bytes(bytes(location.value[1:9]), "little")


def _source(die: DIE) -> str | None:
    """Follows a copy or an instance to where it was declared."""
    while "DW_AT_decl_file" not in die.attributes:
        origin = next((name for name in ("DW_AT_abstract_origin", "DW_AT_specification")
                       if name in die.attributes), None)
        if not origin:
            return None
        die = die.get_DIE_from_attribute(origin)
    return _file(die, die.attributes["DW_AT_decl_file"].value)


def _file(die: DIE, number: int) -> str:
    header = die.dwarfinfo.line_program_for_CU(die.cu).header
    entry = header["file_entry"][number if header["version"] >= 5 else number - 1]
    folder = header["include_directory"][entry.dir_index].decode()
    return os.path.normpath(os.path.join(folder, entry.name.decode()))

"""A look at registers and structures of a machine that has ended.

kern/images/probe.S stores all registers and ends the machine. A test writes a jump to it over the
instruction it is curious about, before the machine starts:

    machine = run.boot("boot", load=jump_to_probe(run.symbols("boot"), "init_run"))
    machine.finish()
    probed(machine)["sp"]
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import Iterator

from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from grade.symbols import Symbols

NAMES = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
         "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6 sscratch sstatus").split()
ECALL = struct.pack("<I", 0x73)


def jump(source: int, target: int) -> bytes:
    """The instruction `jal zero, target` (unprivileged specification, 2.5)."""
    offset = target - source
    bits = (offset >> 20 & 1) << 31 | (offset >> 1 & 0x3FF) << 21 | (offset >> 11 & 1) << 20 \
        | (offset >> 12 & 0xFF) << 12
    return struct.pack("<I", bits | 0x6F)


def jump_to_probe(symbols: Symbols, *places: int | str) -> dict[int, bytes]:
    """What to load so that the first hart to come by one of these places ends in the probe."""
    where = [symbols.address(place) for place in places]
    return {at: jump(at, symbols.address("probe")) for at in where}


def probed(machine) -> dict[str, int]:
    """The registers as the probe found them."""
    raw = machine.read_physical(machine.symbols.address("probed"), 8 * len(NAMES))
    return dict(zip(NAMES, struct.unpack(f"<{len(NAMES)}Q", raw)))


def code(symbols: Symbols, start: int, end: int) -> bytes:
    """Bytes of the image as they are in its file."""
    with symbols.elf.open("rb") as stream:
        for part in ELFFile(stream).iter_segments():
            if part["p_vaddr"] <= start < part["p_vaddr"] + part["p_filesz"]:
                at = start - part["p_vaddr"]
                return part.data()[at:at + end - start]
    return b""


def ecalls(symbols: Symbols) -> list[int]:
    """Where the image calls the firmware, but for the probe itself."""
    found = []
    for function in symbols.functions:
        if function.name != "probe":
            text = code(symbols, function.start, function.end)
            found += [function.start + at for at in range(0, len(text), 2)
                      if text[at:at + 4] == ECALL]
    return found


def members(symbols: Symbols, name: str) -> dict[str, int]:
    """The offset of each member of a C structure, from the image's debug information."""
    with _structure(symbols, name) as die:
        return {child.attributes["DW_AT_name"].value.decode():
                child.attributes["DW_AT_data_member_location"].value
                for child in die.iter_children() if child.tag == "DW_TAG_member"}


def size_of(symbols: Symbols, name: str) -> int:
    """The size of a C structure."""
    with _structure(symbols, name) as die:
        return die.attributes["DW_AT_byte_size"].value


@contextmanager
def _structure(symbols: Symbols, name: str) -> Iterator[DIE]:
    with symbols.elf.open("rb") as stream:
        for unit in ELFFile(stream).get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                named = die.attributes.get("DW_AT_name")
                if die.tag == "DW_TAG_structure_type" and named and \
                        named.value == name.encode() and die.has_children:
                    yield die
                    return
    raise KeyError(f"{symbols.elf} has no struct {name}")

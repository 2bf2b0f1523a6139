"""Sv39 page tables walked from outside, as the MMU would (privileged specification, 4.4).

    satp     | mode:4 | asid:16 | root page number:44 |
    address  | sign 25 | vpn[2] 9 | vpn[1] 9 | vpn[0] 9 | offset 12 |
    entry    | reserved 10 | page number 44 | rsw 2 | D A G U X W R V |

An entry with any of R, W, X is a leaf; at level 2 it maps 1 GiB, at level 1 2 MiB, at 0 4 KiB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Callable, Iterator

PAGE = 4096
ENTRIES = 512
FLAGS = "VRWXUGAD"
V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
SV39 = 8

ReadPhysical = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Mapping:
    """One leaf of a page table."""

    va: int
    pa: int
    size: int
    flags: int

    @property
    def letters(self) -> str:
        """For instance "VRWAD"."""
        return "".join(name for bit, name in enumerate(FLAGS) if self.flags >> bit & 1)


def root_of(satp: int) -> int | None:
    """Physical address of the root table; None when translation is off."""
    mode = satp >> 60
    if mode == 0:
        return None
    if mode != SV39:
        raise ValueError(f"satp {satp:#x}: mode {mode} is not Sv39")
    return (satp & ((1 << 44) - 1)) * PAGE


def walk(read: ReadPhysical, satp: int, va: int) -> Mapping | None:
    """The leaf which maps `va`, or None."""
    table = root_of(satp)
    if table is None:
        return Mapping(va & -PAGE, va & -PAGE, PAGE, V | R | W | X)
    if _canonical(va) != va & (1 << 64) - 1:
        return None
    for level in (2, 1, 0):
        slot = va >> (12 + 9 * level) & (ENTRIES - 1)
        entry, = struct.unpack("<Q", read(table + 8 * slot, 8))
        if not entry & V:
            return None
        if entry & (R | W | X):
            return _leaf(va, entry, level)
        table = _page_of(entry)
    return None


def mappings(read: ReadPhysical, satp: int) -> Iterator[Mapping]:
    """Every leaf of an address space, in the order of virtual addresses."""
    root = root_of(satp)
    if root is not None:
        yield from _leaves(read, root, 2, 0)


def _leaves(read: ReadPhysical, table: int, level: int, base: int) -> Iterator[Mapping]:
    for slot, entry in enumerate(struct.unpack(f"<{ENTRIES}Q", read(table, PAGE))):
        va = _canonical(base | slot << (12 + 9 * level))
        if entry & (R | W | X) and entry & V:
            yield _leaf(va, entry, level)
        elif entry & V and level > 0:
            yield from _leaves(read, _page_of(entry), level - 1, va)


def _leaf(va: int, entry: int, level: int) -> Mapping:
    size = PAGE << (9 * level)
    return Mapping(va & -size, _page_of(entry), size, entry & 0xFF)


def _page_of(entry: int) -> int:
    return (entry >> 10 & (1 << 44) - 1) * PAGE


def _canonical(va: int) -> int:
    """Bits 63..39 must repeat bit 38."""
    low = va & (1 << 39) - 1
    return low | (-1 << 39 & (1 << 64) - 1 if low >> 38 else 0)

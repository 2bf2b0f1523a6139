"""Page tables as the host makes them, and as it finds them in the guest's memory.

    tables = Tables(run.random)
    tables.put(0x40000000, 0, entry(page, RW))      # the tables on the way are made, too
    machine = run.boot("maps", args=f"root {tables.root:x} ...", load=tables.load())
    machine.finish()
    read_tree(machine, tables.root)                 # what the guest made of it
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass

from grade.grader.api import Failed

PAGE, ENTRIES = 4096, 512
V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
SOFT = 3 << 8                       # two bits that the hardware leaves to us
FLAGS = 0x3FF
SPAN = tuple(PAGE << 9 * level for level in range(3))
POOL = range(0x84000000, 0x86000000, PAGE)      # of these pages the guest knows only what we tell
LEAVES = (R, R | W, X, R | X, R | W | X)        # what a leaf may grant
MOST = 20_000                       # tables in a tree: there are never so many

_PPN = (1 << 44) - 1


def entry(pa: int, flags: int) -> int:
    return pa // PAGE << 10 | flags


def target(pte: int) -> int:
    """The physical address in an entry."""
    return (pte >> 10 & _PPN) * PAGE


def is_pointer(pte: int) -> bool:
    return bool(pte & V) and not pte & (R | W | X)


def index(va: int, level: int) -> int:
    return va >> 12 + 9 * level & ENTRIES - 1


def canonical(va: int) -> int:
    """Bits 63..39 repeat bit 38."""
    low = va & (1 << 39) - 1
    return low | (((1 << 25) - 1) << 39 if low >> 38 else 0)


def letters(pte: int) -> str:
    """For people: "84001000 VRWAD"."""
    names = "".join(name for bit, name in enumerate("VRWXUGAD") if pte >> bit & 1)
    return f"{target(pte):x} {names or '-'}" + (f" soft {pte >> 8 & 3}" if pte & SOFT else "")


class Tables:
    """A page table with all its tables, not yet in the guest."""

    def __init__(self, source: random.Random):
        self.random = source
        self._pool = source.sample(POOL, 900)
        self.pages: dict[int, list[int]] = {}
        self.root = self._new()

    def _new(self) -> int:
        page = self.page()
        self.pages[page] = [0] * ENTRIES
        return page

    def page(self) -> int:
        """A page of RAM that nobody else has."""
        return self._pool.pop()

    def put(self, va: int, level: int, pte: int, pointer: int = V) -> int:
        """Writes the entry of va at this level; `pointer`: the flags of pointers made on the way."""
        at = self.root
        for above in range(2, level, -1):
            if not self.pages[at][index(va, above)]:
                self.pages[at][index(va, above)] = entry(self._new(), pointer)
            at = target(self.pages[at][index(va, above)])
        self.pages[at][index(va, level)] = pte
        return pte

    def walk(self, va: int) -> tuple[int, int, int]:
        """Level, physical address and value of the entry at which the walk of va ends."""
        at = self.root
        for level in (2, 1, 0):
            pte = self.pages[at][index(va, level)]
            if level == 0 or not is_pointer(pte):
                return level, at + 8 * index(va, level), pte
            at = target(pte)
        raise AssertionError

    def place(self, level: int) -> int:
        """A virtual address, multiple of the level's span, where nothing is yet."""
        while True:
            va = canonical(self.random.getrandbits(39) & -SPAN[level])
            ends, _, pte = self.walk(va)
            if pte == 0 and ends >= level and not 0 <= va < 2 * SPAN[2]:
                return va

    def leaf(self, level: int, grants: int | None = None) -> int:
        """The entry of a page of this size, anywhere in physical memory."""
        flags = V | (self.random.choice(LEAVES) if grants is None else grants)
        flags |= self.random.choice((0, U)) | self.random.choice((0, G)) | A | D
        return entry(self.random.getrandbits(50) & -SPAN[level], flags)

    def map_machine(self) -> None:
        """RAM, serial port and finisher, each where it is: the kernel goes on with translation on."""
        self.put(0x80000000, 2, entry(0x80000000, V | R | W | X | A | D))
        for device in (0x10000000, 0x100000):
            self.put(device, 0, entry(device, V | R | W | A | D))

    def load(self) -> dict[int, bytes]:
        return {page: struct.pack(f"<{ENTRIES}Q", *words) for page, words in self.pages.items()}

    def tree(self) -> Tree:
        return _tree(lambda page: self.pages[page], self.root)


@dataclass(frozen=True)
class Tree:
    """All entries of a page table that are not zero, by (virtual address, level)."""

    ends: dict[tuple[int, int], int]        # leaves, and entries that are not valid
    pointers: dict[tuple[int, int], int]

    def pages(self) -> set[int]:
        """The tables below the root."""
        return {target(pte) for pte in self.pointers.values()}


def read_tree(machine, root: int) -> Tree:
    """What is in the guest's memory, whatever it is."""
    def words(page: int) -> tuple[int, ...]:
        if not machine.ram.holds(page, PAGE):
            raise Failed("an entry of the page table points at something that is not RAM",
                         "the address of a table", f"{page:#x}")
        return struct.unpack(f"<{ENTRIES}Q", machine.read_physical(page, PAGE))
    return _tree(words, root)


def _tree(words, root: int) -> Tree:
    found = Tree({}, {})
    ahead = [(root, 2, 0)]
    while ahead:
        page, level, base = ahead.pop()
        for slot, pte in enumerate(words(page)):
            va = canonical(base | slot << 12 + 9 * level)
            if pte and level > 0 and is_pointer(pte):
                found.pointers[va, level] = pte
                ahead.append((target(pte), level - 1, va))
            elif pte:
                found.ends[va, level] = pte
        if len(found.pointers) > MOST:
            raise Failed("the page table", "a tree", "entries that lead round in circles")
    return found


def rows(ends: dict[tuple[int, int], int], keys: list[tuple[int, int]]) -> list[str]:
    """Some entries for people."""
    return [f"{va:x} level {level}: {letters(ends[va, level]) if (va, level) in ends else 'empty'}"
            for va, level in keys]


def same_ends(run, what: str, expected: dict[tuple[int, int], int],
              seen: dict[tuple[int, int], int]) -> None:
    """Fails with the first entries that differ."""
    wrong = sorted(key for key in expected.keys() | seen.keys()
                   if expected.get(key, 0) != seen.get(key, 0))
    run.same(what, rows(expected, wrong[:4]), rows(seen, wrong[:4]))

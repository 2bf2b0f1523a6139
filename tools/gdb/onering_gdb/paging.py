"""pt: the walk through a page table, explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import gdb

from . import guest, kernel
from .command import Command
from .guest import A, COW, D, G, R, U, V, W, X
from .kernel import Kernel, Proc

_SIZES = ("4 KiB", "2 MiB", "1 GiB")
_LETTERS = ((V, "V"), (R, "R"), (W, "W"), (X, "X"), (U, "U"), (G, "G"), (A, "A"), (D, "D"),
            (COW, "COW"))
_ACCESSES = ((R, "read"), (W, "write"), (X, "execute"))
_FAULTS = {R: "load page fault", W: "store page fault", X: "fetch page fault"}
_VM_BITS = ((1, "read"), (2, "write"), (4, "execute"))     # VM_* of kern/mem/vmspace.h
_VM_SHARED = 8
_USER_END = 0x80000000                                     # the same


@dataclass(frozen=True)
class Space:
    """The address space that is walked."""

    title: str
    root: int | None
    proc: Proc | None           # None: the kernel's alone

    def areas(self) -> list[tuple[int, int, int]]:
        return kernel.areas(self.proc) if self.proc else []


class Pt(Command):
    """Walk the page table to a virtual address and explain each step.

    pt VA        in the address space the selected hart translates with (satp)
    pt VA PID    in that of a process

    VA may be any expression, such as `&harts` or `$sp`. Each line shows a table, the entry that the
    address selects there, and what the entry says: it points at the next table, or it is a leaf and
    maps a page, or it is not valid and the walk ends. Below that stands what the address is for
    and which accesses fault.

    The bits of an entry:
      V  valid          R W X  may be read, written, executed; with none of them it is a pointer
      U  for user mode  G      in all address spaces      A D  was accessed, written (always set)
      COW  ours: write-protected because the page may be shared; the first write makes a copy"""

    name = "pt"
    summary = "walk a page table and explain each step"

    def run(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise self.usage()
        guest.require()
        value = gdb.parse_and_eval(words[0])
        is_function = value.type.code == gdb.TYPE_CODE_FUNC
        va = kernel.pointer(value.address if is_function else value)
        if len(words) == 2:
            space, found = _space_of_process(words[1])
        else:
            space, found = _space_of_hart()
        for line in explain(space, found, va):
            gdb.write(line + "\n")


# --- which table -------------------------------------------------------------------------------

def _snapshot() -> Kernel | None:
    """None: the kernel is not there yet, but a table may be."""
    try:
        with guest.physical():
            return kernel.snapshot()
    except gdb.GdbError:
        return None


def _space_of_process(pid: str) -> tuple[Space, Kernel]:
    kernel.require_procs()
    with guest.physical():
        found = kernel.snapshot()
    proc = found.proc(int(gdb.parse_and_eval(pid)))
    if not proc.root:
        raise gdb.GdbError(f"process {proc.pid} ({proc.name}) has no address space any more")
    return Space(f"process {proc.pid} ({proc.name})", proc.root, proc), found


def _space_of_hart() -> tuple[Space, Kernel | None]:
    satp = guest.register("satp")
    root, found = guest.root_of(satp), _snapshot()
    title = f"hart {guest.selected_hartid()}: satp is {satp:#x}"
    if root is None:
        return Space(title, None, None), found
    owner = next((proc for proc in found.procs if proc.root == root), None) if found else None
    if owner:
        return Space(f"{title}, process {owner.pid} ({owner.name})", root, owner), found
    if root == kernel.kernel_root():
        return Space(f"{title}, the kernel's own table", root, None), found
    return Space(title, root, None), found


# --- the walk ----------------------------------------------------------------------------------

def explain(space: Space, found: Kernel | None, va: int) -> Iterator[str]:
    if space.root is None:
        yield f"{space.title}: translation is off. {va:#x} is the physical address."
        return
    yield f"{va:#x} in the address space of {space.title}"
    if not guest.is_canonical(va):
        yield ("This is no Sv39 address: bits 63..39 have to repeat bit 38. Every access is a page "
               "fault, without a walk.")
        return
    level, table, index, entry = 2, space.root, 0, 0
    for level, table, index, entry in guest.steps(space.root, va):
        yield from _step(level, table, index, entry)
        is_pointer = level and entry & V and not entry & (R | W | X)
        if is_pointer and guest.page_of(entry) < guest.RAM_BASE:
            yield "  The next table would not be in RAM: this table is broken."
            return
    if entry & V and entry & (R | W | X):
        yield from _mapped(space, found, va, level, entry)
    else:
        yield from _unmapped(space, found, va, entry)


def _step(level: int, table: int, index: int, entry: int) -> Iterator[str]:
    high = 20 + 9 * level
    yield (f"level {level}: table {table:#x}, entry {index} (bits {high}..{high - 8} of the "
           f"address; {_SIZES[level]} each)")
    yield f"         {entry:#018x} = {_meaning(level, entry)}"


def _meaning(level: int, entry: int) -> str:
    flags = " ".join(name for bit, name in _LETTERS if entry & bit)
    if not entry:
        return "0: nothing is mapped"
    if not entry & V:
        return f"V is clear, so the hardware ignores the rest ({flags or 'no flags'})"
    if entry & (R | W | X):
        kind = f"leaf, a {_SIZES[level]} {'superpage' if level else 'page'}"
        broken = level and guest.page_of(entry) % (guest.PAGE << 9 * level)
        note = ", which is misaligned: every access faults" if broken else ""
        return f"{flags}: {kind} at {guest.page_of(entry):#x}{note}"
    if level == 0:
        return f"{flags}: a pointer, but there is no next level: every access faults"
    return f"{flags}: pointer to the table at {guest.page_of(entry):#x}"


# --- the end of the walk -----------------------------------------------------------------------

def _mapped(space: Space, found: Kernel | None, va: int, level: int, entry: int) -> Iterator[str]:
    pa = guest.translate(space.root, va)
    yield f"{va:#x} is physical {pa:#x}."
    yield _access(entry)
    if entry & U:
        yield ("The kernel does not use this address (sstatus.SUM is 0): it reaches the page at "
               "its physical one.")
    else:
        yield "User mode may not touch it (U is clear)."
    if entry & COW:
        yield _shared_page(entry)
    yield from _purpose(space, found, va, pa)


def _access(entry: int) -> str:
    who = "User mode" if entry & U else "The kernel"
    may = [name for bit, name in _ACCESSES if entry & bit]
    faults = [f"to {name} it is a {_FAULTS[bit]}" for bit, name in _ACCESSES if not entry & bit]
    return f"{who} may {' and '.join(may)} it" + "".join(f"; {fault}" for fault in faults) + "."


def _shared_page(entry: int) -> str:
    owners = _page_owners(guest.page_of(entry))
    if owners == 1:
        return ("COW: nobody else has this page any more. A store page fault will find that out "
                "and just set W.")
    count = f"{owners} owners share this page" if owners else "the page may be shared"
    return f"COW: {count}. A store page fault will make a copy for whoever writes."


def _page_owners(pa: int) -> int | None:
    """The reference count that kern/mem/pages.c keeps."""
    with guest.physical():
        pages = kernel.variable("kern/mem/pages.c", "pages")
        if pages is None:
            return None
        return int(pages["records"][(pa - int(pages["base"])) // guest.PAGE]["refs"])


def _unmapped(space: Space, found: Kernel | None, va: int, entry: int) -> Iterator[str]:
    yield "There is no translation: every access is a page fault."
    if va < _USER_END and space.proc:
        yield _missing_user_page(space, va, entry)
    else:
        yield from _purpose(space, found, va, None)


def _missing_user_page(space: Space, va: int, entry: int) -> str:
    area = next((area for area in space.areas() if area[0] <= va < area[1]), None)
    if va < guest.PAGE:
        return "Page 0 is never mapped, so that using NULL is an error: SIGSEGV."
    if area is None:
        return "No area of the process is there: the fault ends it with SIGSEGV."
    if entry:
        return f"{_area(area)} The page {guest.page_of(entry):#x} is kept, out of reach."
    return f"{_area(area)} Nobody has touched this page yet: the first who may brings zeros."


def _area(area: tuple[int, int, int]) -> str:
    start, end, flags = area
    may = ", ".join(name for bit, name in _VM_BITS if flags & bit) or "no access"
    shared = "; shared over fork" if flags & _VM_SHARED else ""
    return f"It lies in the area {start:#x}..{end:#x} of the process ({may}{shared})."


def _purpose(space: Space, found: Kernel | None, va: int, pa: int | None) -> Iterator[str]:
    """What the kernel uses the address for."""
    if va < _USER_END:
        yield from (_area(area) for area in space.areas() if area[0] <= va < area[1])
        return
    said = _stack(found, va, pa) or _image(va) or (_device(pa) if pa is not None else None)
    if said:
        yield said
    elif pa == va:
        yield "This is RAM, mapped where it physically is."


def _stack(found: Kernel | None, va: int, pa: int | None) -> str | None:
    for thread in found.threads if found else ():
        if thread.stack_lo <= va < thread.stack_hi:
            return (f"This is the stack of {thread.title}, {thread.stack_lo:#x}.."
                    f"{thread.stack_hi:#x}.")
        if pa is None and thread.stack_lo - guest.PAGE <= va < thread.stack_lo:
            return (f"This is the guard page below the stack of {thread.title}: a stack that "
                    "overflows faults here.")
    return None


def _image(va: int) -> str | None:
    borders = ("text_start", "text_end", "rodata_end", "bss_start", "bss_end", "image_end")
    names = ("text", "rodata", "data", "bss", "stacks")
    at = [kernel.label(border) for border in borders]
    if None in at:
        return None
    for name, start, end in zip(names, at, at[1:]):
        if start <= va < end:
            return f"This is the kernel's {name}, {start:#x}..{end:#x}."
    return None


def _device(pa: int) -> str | None:
    """By the device tree, which the kernel has read into `machine`."""
    with guest.physical():
        machine = kernel.variable("kern/dev/machine.c", "machine")
        if machine is None or pa >= guest.RAM_BASE:
            return None
        for name in ("uart", "plic", "finisher", "rtc"):
            if _covers(machine[name], pa):
                return f"These are registers of the {name}."
        for i in range(int(machine["nvirtio"])):
            if _covers(machine["virtio"][i], pa):
                return f"These are registers of virtio device {i}."
    return "These are registers of a device."


def _covers(device: gdb.Value, pa: int) -> bool:
    base, size = int(device["base"]), int(device["size"])
    return base <= pa < base + size


def install() -> None:
    Pt()

"""The stopped machine: its harts, registers and memory, whatever mode it is in.

QEMU shows a debugger memory as the hart it looks through sees it: in user mode the kernel is out
of reach, in the firmware nothing is translated. So the kernel's objects are read by physical
address, which for them is also the virtual one, and everything else through a page table that we
walk ourselves.
"""

from __future__ import annotations

import re
import struct
from contextlib import contextmanager
from functools import cache
from typing import Iterator

import gdb

PAGE = 4096
MASK = (1 << 64) - 1
RAM_BASE = 0x80000000

USER, SUPERVISOR, MACHINE = 0, 1, 3     # values of $priv
SATP_SV39 = 8
GDB_NAMES = {"s0": "fp"}                # where gdb's name of a register differs from ours
SAVED = ("fp", *(f"s{n}" for n in range(1, 12)))    # s0 .. s11
SSTATUS_SUM = 1 << 18
_REMOTE_NUMBER = re.compile(r"^ *(\w+) .* (\d+) +\d+ *$", re.M)    # name, ..., number, place in a packet


def require() -> None:
    """The machine is there and stopped, or a sentence why not."""
    thread = gdb.selected_thread()
    if thread is None:
        raise gdb.GdbError("no machine is attached: start one with `make qemu-gdb` in another "
                           "terminal, then `make gdb`")
    if thread.is_running():
        raise gdb.GdbError("the machine is running: stop it first, with ^C or `interrupt`")


# --- memory ------------------------------------------------------------------------------------

_physical_depth = 0


@contextmanager
def physical() -> Iterator[None]:
    """Inside, gdb takes addresses of memory for physical ones."""
    global _physical_depth
    if _physical_depth == 0:
        _set_physical(True)
    _physical_depth += 1
    try:
        yield
    finally:
        _physical_depth -= 1
        if _physical_depth == 0:
            _set_physical(False)


def _set_physical(on: bool) -> None:
    answer = gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{on:d}", to_string=True)
    if "OK" not in answer:
        raise gdb.GdbError("this debugger stub shows no physical memory; it takes QEMU's")


def read_physical(pa: int, nbytes: int) -> bytes:
    """Guest memory. Only RAM: reading a device can change it."""
    if pa < RAM_BASE:
        raise gdb.MemoryError(f"physical address {pa:#x} is not RAM")
    with physical():
        return bytes(gdb.selected_inferior().read_memory(pa, nbytes))


def read_u64(pa: int) -> int:
    return struct.unpack("<Q", read_physical(pa, 8))[0]


# --- harts and registers -----------------------------------------------------------------------

def gdb_threads() -> dict[int, gdb.InferiorThread]:
    """gdb calls a hart a thread; QEMU numbers them from 1, in the order of their hart ids."""
    threads = gdb.selected_inferior().threads()
    return {thread.ptid[1] - 1: thread for thread in threads}


def selected_hartid() -> int:
    return gdb.selected_thread().ptid[1] - 1


@contextmanager
def looking_through(hartid: int) -> Iterator[None]:
    """Inside, registers are those of this hart. The selected hart and frame come back."""
    before = gdb.selected_thread()
    level = _selected_level()
    gdb_threads()[hartid].switch()
    try:
        yield
    finally:
        before.switch()
        _select_level(level)


def register(name: str) -> int:
    """A register of the selected hart, as it is now, whatever frame is selected."""
    return int(gdb.newest_frame().read_register(name)) & MASK


def _selected_level() -> int:
    try:
        return gdb.selected_frame().level()
    except gdb.error:
        return 0


def _select_level(level: int) -> None:
    frame = gdb.newest_frame()
    while frame and level:
        frame, level = frame.older(), level - 1
    if frame:
        frame.select()


@contextmanager
def borrowed(values: dict[str, int]) -> Iterator[None]:
    """Inside, registers of the selected hart hold other values; they all come back."""
    level = _selected_level()
    _forget_registers()         # so that reading `before` asks the stub, about this hart
    before = {name: register(name) for name in values}
    try:
        _write(values)
        yield
    finally:
        _write(before)
        _select_level(level)


def _write(values: dict[str, int]) -> None:
    """By packets to the stub. `set var` would look for the callers before and after each register:
    half a thread's registers and half another's lead to no stack, and the rest would not be written.
    """
    numbers = _remote_numbers(gdb.selected_inferior().connection_num)
    for name, value in values.items():
        packet = f"P{numbers[name]:x}={struct.pack('<Q', value).hex()}"
        if "OK" not in gdb.execute(f"maintenance packet {packet}", to_string=True):
            raise gdb.GdbError(f"the debugger stub does not let {name} be written")
    _forget_registers()


def _forget_registers() -> None:
    gdb.execute("maintenance flush register-cache", to_string=True)


@cache
def _remote_numbers(_connection: int) -> dict[str, int]:
    """What gdb and the stub call each register between them: a table of four thousand lines."""
    table = gdb.execute("maintenance print remote-registers", to_string=True)
    return {match[1]: int(match[2]) for match in _REMOTE_NUMBER.finditer(table)}


# --- page tables -------------------------------------------------------------------------------

V, R, W, X, U, G, A, D = (1 << bit for bit in range(8))
COW = 1 << 8        # PTE_COW of kern/riscv/sv39.h


def root_of(satp: int) -> int | None:
    """Where the root table is; None: translation is off."""
    mode = satp >> 60
    if mode == 0:
        return None
    if mode != SATP_SV39:
        raise gdb.GdbError(f"satp is {satp:#x}: its mode, {mode}, is not Sv39 (8)")
    return (satp & ((1 << 44) - 1)) * PAGE


def is_canonical(va: int) -> bool:
    """Bits 63..39 of a virtual address repeat bit 38."""
    return va >> 38 in (0, (1 << 26) - 1)


def page_of(entry: int) -> int:
    return (entry >> 10 & (1 << 44) - 1) * PAGE


def steps(root: int, va: int) -> Iterator[tuple[int, int, int, int]]:
    """The walk of the hardware: (level, table, index, entry), as far as it comes."""
    table = root
    for level in (2, 1, 0):
        index = va >> (12 + 9 * level) & 511
        entry = read_u64(table + 8 * index)
        yield level, table, index, entry
        if not entry & V or entry & (R | W | X):
            return
        table = page_of(entry)


def translate(root: int | None, va: int) -> int | None:
    """The physical address of va; None: it has none."""
    if root is None:
        return va
    if not is_canonical(va):
        return None
    for level, _table, _index, entry in steps(root, va):
        if entry & V and entry & (R | W | X):
            size = PAGE << 9 * level
            return (page_of(entry) & -size) + va % size
    return None


def read_virtual(root: int | None, va: int, nbytes: int) -> bytes:
    """Memory as an address space sees it."""
    found = b""
    while nbytes > 0:
        pa = translate(root, va)
        if pa is None:
            raise gdb.MemoryError(f"{va:#x} is not mapped")
        length = min(nbytes, PAGE - va % PAGE)
        found += read_physical(pa, length)
        va, nbytes = va + length, nbytes - length
    return found

"""Addresses to functions and lines, in the kernel and in the program whose symbols are loaded."""

from __future__ import annotations

import os
import struct
from typing import Iterator

import gdb

from . import guest, programs, unwind
from .kernel import Kernel, Thread, label
from .traps import S0, Trapframe

_SCHEDULER = "kern/sched/"      # a thread that sleeps does so in here: who called is of interest
_DEPTH = 24


def function(pc: int) -> gdb.Symbol | None:
    """The function of an address: an inlined one, unless that comes from a header."""
    where = line(pc)
    in_header = where is not None and where[0].endswith(".h")
    found, block = None, gdb.current_progspace().block_for_pc(pc)
    while block:
        if block.function:
            found = block.function
            if not in_header:
                break
        block = block.superblock
    return found


def line(pc: int) -> tuple[str, int] | None:
    """(file, line) of an address."""
    found = gdb.current_progspace().find_pc_line(pc)
    if not found.symtab or not found.line:
        return None
    return os.path.normpath(found.symtab.filename), found.line


def describe(pc: int) -> str:
    """`pipe_read kern/fs/pipe.c:102`, or as much of it as is known."""
    symbol, where = function(pc), line(pc)
    if symbol and where and where[0].endswith(".h"):
        return f"{symbol.name} {os.path.normpath(symbol.symtab.filename)}"
    name = symbol.name if symbol else _label(pc)
    return f"{name} {where[0]}:{where[1]}" if where else name


def _label(pc: int) -> str:
    """`trap_vector+16`, where there is no debug information."""
    said = gdb.execute(f"info symbol {pc:#x}", to_string=True)
    if " in section" not in said:
        return f"{pc:#x}"
    return said.split(" in section")[0].replace(" + ", "+")


def _user(pc: int, program: str) -> str:
    if programs.loaded() == program:
        return f"{pc:#x} {describe(pc)}"
    return f"{pc:#x}"


def of_hart(kernel: Kernel, hartid: int) -> tuple[str, str]:
    """(mode, place) of a hart right now."""
    with guest.looking_through(hartid):
        mode, pc = guest.register("priv"), guest.register("pc")
    if mode == guest.MACHINE:
        return "firmware", f"{pc:#x}"
    if mode == guest.SUPERVISOR:
        return "kernel", describe(pc)
    hart = next(hart for hart in kernel.harts if hart.hartid == hartid)
    proc = kernel.proc_of(kernel.thread_at(hart.current))
    return "user", _user(pc, proc.name if proc else "")


def of_thread(kernel: Kernel, thread: Thread, root: int | None) -> str:
    """Where a thread that is switched out goes on: the first function outside the scheduler."""
    if thread.ra == label("thread_trampoline"):
        return f"not begun: {describe(thread.s[0])}"
    place = describe(thread.ra)
    for pc, in_user_mode in _callers(thread, root):
        if in_user_mode:
            proc = kernel.proc_of(thread)
            return f"user {_user(pc, proc.name if proc else '')}"
        symbol = function(pc)
        if symbol:
            place = describe(pc)
            if not os.path.normpath(symbol.symtab.filename).startswith(_SCHEDULER):
                break
    return place


def _callers(thread: Thread, root: int | None) -> Iterator[tuple[int, bool]]:
    """Along the frame pointers that all kernel functions keep (see backtrace_collect in
    kern/core/panic.c), and on through traps: a frame pointer is the value sp had at the call, so
    that of a function called by the vector is the address of the trapframe."""
    pc, fp = thread.ra - 1, thread.s[0]
    for _ in range(_DEPTH):
        yield pc, False
        if not thread.stack_lo + 16 <= fp <= thread.stack_hi or fp % 8:
            return
        caller, ra = struct.unpack("<2Q", guest.read_virtual(root, fp - 16, 16))
        if ra in unwind.trap_addresses():
            frame = Trapframe.read(root, fp)
            pc, fp = frame.pc, frame.regs[S0]
            if frame.from_user:
                yield pc, True
                return
        elif ra == 0:
            return
        else:
            pc, fp = ra - 1, caller

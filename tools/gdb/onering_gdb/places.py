"""Where a thread is: functions and lines, in the kernel and in the program we have symbols of.

gdb follows the calls by the debug information. (Frame pointers, by which a panic does, lead past
functions that are built without.)
"""

from __future__ import annotations

import os
from typing import Iterator

import gdb

from . import guest, programs, unwind
from .kernel import Kernel, Proc, Thread, label
from .traps import Trapframe

# How a thread came to sleep, or was interrupted, is of no interest: what it did is.
_SKIPPED = ("kern/sched/", "kern/riscv/", "kern/proc/user_trap.c", "build/gen/")


def describe(pc: int) -> str:
    """`pipe_read kern/fs/pipe.c:102`, or as much of it as is known."""
    name, where = function(pc) or _label(pc), _line(gdb.current_progspace().find_pc_line(pc))
    return f"{name} {where}" if where else name


def function(pc: int) -> str | None:
    """The name of the function that an address lies in."""
    block = gdb.current_progspace().block_for_pc(pc)
    while block and not block.function:
        block = block.superblock
    return block.function.name if block else None


def _label(pc: int) -> str:
    """`trap_vector+16`, where there is no debug information."""
    said = gdb.execute(f"info symbol {pc:#x}", to_string=True)
    if " in section" not in said:
        return f"{pc:#x}"
    return said.split(" in section")[0].replace(" + ", "+")


def _line(found: gdb.Symtab_and_line) -> str:
    if not found.symtab or not found.line:
        return ""
    return f"{os.path.normpath(found.symtab.filename)}:{found.line}"


# --- the place of a hart or a thread -----------------------------------------------------------

def of_hart(kernel: Kernel, hartid: int) -> tuple[str, str]:
    """(mode, place) of a hart right now."""
    with guest.looking_through(hartid):
        mode, pc = guest.register("priv"), guest.register("pc")
        if mode == guest.MACHINE:
            return "firmware", f"{pc:#x}"
        if mode == guest.SUPERVISOR:
            return "kernel", next(_places(), "") or describe(pc)
    hart = next(hart for hart in kernel.harts if hart.hartid == hartid)
    return "user", _in_program(pc, kernel.proc_of(kernel.thread_at(hart.current)))


def of_thread(kernel: Kernel, thread: Thread, root: int | None) -> str:
    """Where a thread that is switched out goes on: what it did before it came to the scheduler."""
    start = beginning(thread)
    if start:
        return f"not begun: {start}"
    with guest.borrowed(switched_out(thread)):
        traps = [Trapframe.read(root, sp) for _level, sp in unwind.trap_frames()]
        found = list(_places())
    for place in found:
        if not place.split()[1].startswith(_SKIPPED):
            return place
    if traps and traps[-1].from_user:
        return f"user {_in_program(traps[-1].pc, kernel.proc_of(thread))}"
    return found[-1] if found else describe(thread.ra)


def beginning(thread: Thread) -> str:
    """Where a thread that has never run will begin; "": it has run. Its first switch returns to
    code that only new threads come to (kern/riscv/switch.S, kern/libos/clone_entry.S)."""
    if thread.ra == label("thread_trampoline"):
        return describe(thread.s[0])
    return "the return from clone" if thread.ra == label("clone_return") else ""


def switched_out(thread: Thread) -> dict[str, int]:
    """Registers as if the thread had just called context_switch, which has not saved any yet."""
    values = {"priv": guest.SUPERVISOR, "pc": label("context_switch"), "ra": thread.ra,
              "sp": thread.sp}
    return {**values, **{guest.SAVED[number]: value for number, value in enumerate(thread.s)}}


def frames() -> Iterator[gdb.Frame]:
    """Those of the selected hart, the innermost first."""
    frame = gdb.newest_frame()
    while frame:
        yield frame
        frame = frame.older()


def _places() -> Iterator[str]:
    """`function file:line` of the frames with debug information, the innermost first, up to user
    mode. A function that comes from a header counts as part of the one it is in."""
    for frame in frames():
        if frame.pc() < guest.RAM_BASE:
            return
        symbol, where = frame.function(), _line(frame.find_sal())
        from_header = ".h:" in where
        if symbol and not (from_header and frame.type() == gdb.INLINE_FRAME):
            file = os.path.normpath(symbol.symtab.filename)
            yield f"{frame.name()} {file if from_header else where}"


def _in_program(pc: int, proc: Proc | None) -> str:
    known = proc is not None and programs.loaded() == proc.name
    return f"{pc:#x} {describe(pc)}" if known else f"{pc:#x}"

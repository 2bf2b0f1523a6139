"""tbt: the backtrace of any thread, across the trap into its program.

gdb unwinds from registers, so it is given those of the thread: for one that is switched out, as if
it had just called context_switch, which has not saved anything yet; for the part in its program,
those in the trapframe. Two parts, since to gdb a stack that goes on at a lower address is broken.
"""

from __future__ import annotations

import re

import gdb

from . import guest, kernel, places, programs, unwind
from .command import Command
from .kernel import Proc, Thread
from .trapframe import reason
from .traps import NAMES, S0, Trapframe

_NO_CALLER = re.compile(r"^(Backtrace stopped:.*|\(More stack frames follow\.\.\.\))$")


class Tbt(Command):
    """Backtrace of any thread, from the kernel across the trap into its program.

    tbt         the thread that the selected hart runs
    tbt TID     a thread by its number (`threads` lists them)
    tbt EXPR    the one at an address, such as `tbt harts[1].idle`

    A thread that is switched out goes on where its saved registers say. If no program's symbols
    are loaded, those of the thread's program are (see `help user`).

    While gdb follows the calls, registers of a hart are exchanged; they are put back at the end.
    (The `bt` of gdb shows the hart, not a thread, and stops behind the trap.)"""

    name = "tbt"
    summary = "backtrace of any thread, across the trap into its program"

    def run(self, words: list[str]) -> None:
        if len(words) > 1:
            raise self.usage()
        guest.require()
        with guest.physical():
            found = kernel.snapshot()
        thread = kernel.find_thread(found, words[0]) if words else found.selected_thread()
        proc = found.proc_of(thread)
        running = found.hart_running(thread)
        if running:
            gdb.write(f"{thread.title}, running on hart {running.index}{_load_program(proc)}\n")
            with guest.looking_through(running.hartid):
                gdb.newest_frame().select()
                _show(guest.root_of(guest.register("satp")))
        elif places.beginning(thread):
            gdb.write(f"{thread.title} has not run yet. It will begin with "
                      f"{places.beginning(thread)}\n")
        else:
            state = kernel.STATES[thread.state]
            gdb.write(f"{thread.title}, {state}{_load_program(proc)}\n")
            with guest.borrowed(_switched_out(thread, proc)):
                _show(proc.root if proc and proc.root else kernel.kernel_root())


def _load_program(proc: Proc | None) -> str:
    """Symbols for the frames in user code; the words to say about it."""
    if not proc or programs.loaded() == proc.name:
        return ""
    if programs.loaded():
        return f" (`user {proc.name}` names the functions of its program)"
    return f" (symbols: user {proc.name})" if programs.load_quietly(proc.name) else ""


def _switched_out(thread: Thread, proc: Proc | None) -> dict[str, int]:
    values = {**places.switched_out(thread), "tp": thread.tp}
    if proc and proc.root:
        values["satp"] = guest.SATP_SV39 << 60 | proc.root // guest.PAGE
    return values


def _interrupted(frame: Trapframe) -> dict[str, int]:
    values = {name: value for name, value in zip(NAMES, frame.regs) if name not in ("zero", "s0")}
    return {"priv": guest.USER, **values, "fp": frame.regs[S0], "pc": frame.pc}


def _show(root: int | None) -> None:
    """The frames from the registers as they are, and behind a trap from user mode those there."""
    traps = {level: Trapframe.read(root, sp) for level, sp in unwind.trap_frames()}
    last = next((level for level, frame in traps.items() if frame.from_user), None)
    limit = "" if last is None else str(last + 1)
    for line in _frames(limit):
        gdb.write(line + "\n")
        level = re.match(r"#(\d+)", line)
        if level and int(level[1]) in traps:
            frame = traps[int(level[1])]
            came = "user mode" if frame.from_user else "the kernel"
            gdb.write(f"--- trap from {came}: {reason(frame)}\n")
    if last is not None:
        with guest.borrowed(_interrupted(traps[last])):
            for line in _frames(""):
                gdb.write(re.sub(r"^#(\d+)( *)", lambda m: _number(m, last + 1), line) + "\n")


def _number(match: re.Match, offset: int) -> str:
    return f"#{int(match[1]) + offset}".ljust(4)


def _frames(limit: str) -> list[str]:
    """What `backtrace` says, without what it says at the end of each thread."""
    lines = gdb.execute(f"with width 0 -- backtrace {limit}", to_string=True).splitlines()
    return [line for line in lines if not _NO_CALLER.match(line)]


def install() -> None:
    Tbt()

"""procs, threads, harts: what there is."""

from __future__ import annotations

import gdb

from . import guest, kernel, places
from .command import Command, table
from .kernel import Hart, Kernel, Proc, Thread

_INTERRUPTS = {1: "software", 5: "timer", 9: "external"}
_SSTATUS_SIE = 1 << 1


def _snapshot() -> Kernel:
    guest.require()
    with guest.physical():
        return kernel.snapshot()


class Procs(Command):
    """List the processes.

    state    running (on which hart), ready, sleeping (in the kernel), zombie (it has ended and
             its parent has not asked yet)
    threads  how many it has
    pages    of memory that are its own or shared copy-on-write"""

    name = "procs"
    summary = "list the processes"

    def run(self, words: list[str]) -> None:
        guest.require()
        kernel.require_procs()
        found = _snapshot()
        if not found.procs:
            raise gdb.GdbError("there is no process yet: `tbreak user_trap`, `continue`, and "
                               "init is there")
        rows = [("pid", "ppid", "state", "threads", "pages", "name")]
        rows += [(proc.pid, proc.ppid, self._state(found, proc), len(found.threads_of(proc)),
                  proc.pages, proc.name) for proc in sorted(found.procs, key=lambda p: p.pid)]
        gdb.write(table(rows, "rrlrrl"))

    @staticmethod
    def _state(found: Kernel, proc: Proc) -> str:
        threads = found.threads_of(proc)
        if proc.zombie:
            return "zombie"
        running = [hart.index for hart in map(found.hart_running, threads) if hart]
        if running:
            return "running on hart " + ", ".join(map(str, running))
        ready = any(thread.state == kernel.READY for thread in threads)
        return "ready" if ready else "sleeping"


class Threads(Command):
    """List the threads, those of programs and those of the kernel.

    tid    the thread's number; 0 for the kernel's own threads
    state  new, ready, running, parked (asleep), dead
    hart   where it runs; in brackets, where it ran last
    where  running: where that hart is. Else: where it will go on, the first function outside
           of the scheduler (`tbt TID` shows the rest)

    A thread of a program that sleeps does so inside the kernel."""

    name = "threads"
    summary = "list the threads, and where each one is"

    def run(self, words: list[str]) -> None:
        found = _snapshot()
        root = kernel.kernel_root()
        rows = [("tid", "name", "state", "hart", "where")]
        order = sorted(found.threads, key=lambda thread: (thread.tid == 0, thread.tid))
        rows += [(thread.tid, thread.name, kernel.STATES[thread.state],
                  self._hart(found, thread), _where(found, thread, root)) for thread in order]
        gdb.write(table(rows, "rllrl"))

    @staticmethod
    def _hart(found: Kernel, thread: Thread) -> str:
        running = found.hart_running(thread)
        if running:
            return str(running.index)
        return f"({thread.hart})" if thread.hart >= 0 else "-"


def _where(found: Kernel, thread: Thread, root: int | None) -> str:
    running = found.hart_running(thread)
    if running:
        mode, place = places.of_hart(found, running.hartid)
        return place if mode == "kernel" else f"{mode} {place}"
    return places.of_thread(found, thread, root)


class Harts(Command):
    """List the harts this kernel uses: what each runs, and where.

    The star is the hart that gdb looks through; `thread N` chooses another (gdb calls harts
    threads, and counts from 1).

    mode        user, kernel, or firmware (OpenSBI)
    interrupts  on or off, which of them are turned on, and which wait to be taken
    where       "idle" is a hart that has nothing to run"""

    name = "harts"
    summary = "list the harts: what each runs, and where"

    def run(self, words: list[str]) -> None:
        found = _snapshot()
        selected = guest.selected_hartid()
        rows = [("", "hart", "runs", "mode", "interrupts", "where")]
        rows += [("*" if hart.hartid == selected else "", hart.index, self._runs(found, hart),
                  *self._now(found, hart)) for hart in found.harts]
        gdb.write(table(rows, "lrllll"))
        unused = sorted(set(guest.gdb_threads()) - {hart.hartid for hart in found.harts})
        if unused:
            gdb.write(f"Not used by the kernel: hart {', '.join(map(str, unused))}.\n")

    @staticmethod
    def _runs(found: Kernel, hart: Hart) -> str:
        if hart.current == hart.idle:
            return "idle"
        thread = found.thread_at(hart.current)
        return f"{thread.tid} {thread.name}"

    def _now(self, found: Kernel, hart: Hart) -> tuple[str, str, str]:
        mode, place = places.of_hart(found, hart.hartid)
        with guest.looking_through(hart.hartid):
            enabled, pending = guest.register("sie"), guest.register("sip")
            on = mode == "user" or (mode == "kernel" and guest.register("sstatus") & _SSTATUS_SIE)
        said = ("on: " if on else "off: ") + self._names(enabled)
        waiting = enabled & pending
        return mode, said + (f"; waiting: {self._names(waiting)}" if waiting else ""), place

    @staticmethod
    def _names(bits: int) -> str:
        return ", ".join(name for bit, name in _INTERRUPTS.items() if bits >> bit & 1) or "none"


def install() -> None:
    for command in (Procs, Threads, Harts):
        command()

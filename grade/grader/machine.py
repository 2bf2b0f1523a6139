"""A machine in which a student's kernel runs: watched for every way in which that can go wrong.

    machine = run.boot("boot", args="ticks 5")
    machine.expect("tick 5\\n")
    machine.finish()

The plugin tells of jumps to themselves (open holes are one) and of a used-up budget of instructions
through a pipe; the rest is seen from QEMU's exit status, its last words and its threads. Whatever ends
the machine before the test wanted it to is raised as Stopped, with an Ending.
"""

from __future__ import annotations

import os
import re
import select
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, Sequence

from grade import memory, profile, qemu
from grade.console import Pattern, Seen
from grade.errors import DeadlineExpired, HarnessError, MachineEnded, NotSeen
from grade.hole_watch import hole_of
from grade.machine import Machine
from grade.profile import Plugin
from grade.symbols import Symbols

from . import endings
from .api import Failed, NotJudged
from .builder import Built
from .endings import Ending
from .jail import Jail
from .ram import Ram
from .rest import Rest

BUDGET = 100_000_000        # guest instructions of one hart; the firmware takes 12 million of them
MOST_OUTPUT = 256 << 10     # bytes on the console
DEADLINE = 120.0            # seconds on the host's clock: then there is no verdict
FOR_EVER = 1e7              # for somebody at a debugger
PATIENCE = 0.02             # seconds between two looks at a machine
CPU = "rv64,sstc=off"       # timers are seen from outside where the firmware sets them
FIRMWARE = range(0x80000000, 0x80200000)
FIRMWARE_ENDS = re.compile(r"^Boot HART MEDELEG +: \S+\n", re.M)


class Stopped(Failed):
    """The machine came to an end that the test did not ask for."""

    def __init__(self, what: str, ending: Ending, expected: Any, seen: Any = None):
        super().__init__(what, expected, ending.sentence if seen is None else seen)
        self.ending = ending


class GradedMachine(Machine):
    """See labs/README.md for what a test may do with it."""

    _most_output = MOST_OUTPUT

    def __init__(self, image: Built, jail: Jail, *, initrd: Path | None = None, args: str = "",
                 memory: str = "128M", harts: int = 1, icount: bool | None = None,
                 regions: Sequence[tuple[int | str, int | str]] = (), stretches: bool = False,
                 budget: int = BUDGET, load: dict[int | str, bytes] | None = None,
                 poison: bytes = b"", options: Sequence[str] = (), gdb: bool = False,
                 frozen: bool = False, session: str = "", deadline: float = DEADLINE, **more):
        """`session` is a socket at which somebody's debugger may take over: then nothing runs until it
        lets it, and nothing is too slow. The other options are explained in labs/README.md."""
        self.ram = Ram(memory)
        self._image = image
        self._jail = jail
        self._told, told = os.pipe()
        self._descriptors = (told, self.ram.descriptor)
        self.ending: Ending | None = None
        self._loops: dict[int, int] = {}        # hart: the address of a jump to itself it ran
        self._session = session
        self._debugged = gdb or bool(session)
        counting = harts == 1 if icount is None else icount
        plugin = None if gdb else Plugin(regions, stretches, budget=0 if session else budget,
                                         notify=told, source=jail.plugin())
        try:
            super().__init__(image.elf, initrd=initrd, args=args, memory=memory, harts=harts,
                             icount=qemu.debuggable(counting) if self._debugged else counting,
                             plugin=plugin,
                             devices=("-cpu", CPU, *self.ram.options(), *options),
                             gdb=gdb, frozen=True, deadline=FOR_EVER if session else deadline, **more)
        except MachineEnded as error:
            if "ROM regions are overlapping" in str(error):     # QEMU's word for what it loads
                raise Failed("QEMU cannot load the image", "segments in RAM, behind the firmware",
                             str(error)) from error
            raise NotJudged(f"QEMU did not start: {error}") from error
        finally:
            os.close(told)
        self._rest = Rest(self.pid, harts, self._progress, self.monitor)
        if poison:
            self.ram.poison(image.elf, poison)
        for where, data in (load or {}).items():
            self.ram.write(self.symbols.address(where), data)
        if not frozen and not session:
            self.cont()

    # --- what it printed --------------------------------------------------------------------

    @property
    def output(self) -> str:
        """What the kernel printed: the console without the firmware's greeting."""
        text = self.text
        greeting = FIRMWARE_ENDS.search(text)
        return text[greeting.end():] if greeting else ""

    def lines(self, prefix: str = "") -> list[str]:
        """The lines that begin with `prefix`, without it."""
        return [line[len(prefix):] for line in self.output.splitlines() if line.startswith(prefix)]

    # --- waiting ----------------------------------------------------------------------------

    def expect(self, pattern: Pattern, timeout: float | None = None) -> Seen:
        """Wait until the console shows `pattern`; Stopped if that cannot happen any more. The only
        clock is the machine's deadline: `timeout` is there for the interface's sake."""
        while True:
            try:
                return self.console.expect(pattern, PATIENCE)
            except NotSeen:
                self._look()
                if self.ending:
                    return self._last_chance(pattern)
            except MachineEnded:
                self._ended()
                return self._last_chance(pattern)
            except DeadlineExpired as error:
                self._ended()
                raise NotJudged(str(error)) from None

    def finish(self, endings: Sequence[str] = ("power-off",), status: int | None = 0) -> Ending:
        """Let the machine run to its end. Other endings than those, or for a power-off another
        exit status (None: any), fail the test."""
        while self.ending is None:
            if self.alive:
                self._look()
                if self.ending is None:
                    self._pause()
            else:
                self._ended()
        wanted = self.ending.kind in endings
        if self.ending.kind == "power-off" and status is not None:
            wanted = wanted and self.ending.status == status
        if not wanted:
            raise Stopped("how the machine ends", self.ending, _in_words(endings, status))
        return self.ending

    def surprise(self, error: HarnessError) -> Failed:
        """What a test fails with that could not look at the machine as it wanted."""
        self._look()
        if self.ending:
            return Stopped("the machine ended while the test looked at it", self.ending, "a machine that "
                           "runs")
        return Failed(str(error).splitlines()[0], seen=str(error))

    def _pause(self) -> None:
        """Until the plugin has something to tell or it is time to look again."""
        select.select([self._told], [], [], PATIENCE)

    def _last_chance(self, pattern: Pattern) -> Seen:
        """The machine has ended, and all it printed has arrived: is it there?"""
        try:
            return self.console.expect(pattern, 0)
        except HarnessError:
            raise self._never_seen(pattern) from None

    def _never_seen(self, pattern: Pattern) -> Stopped:
        wanted = pattern if isinstance(pattern, str) else pattern.pattern
        last = "\n".join(self.output.splitlines()[-6:])
        return Stopped(f"the console never showed {wanted!r}", self.ending, wanted,
                       f"{self.ending.sentence}; the console's last lines:\n{last}"
                       if last else f"{self.ending.sentence}; the console is empty")

    # --- how it ends ------------------------------------------------------------------------

    def _look(self) -> None:
        """Set `ending`, and end the machine, if it does nothing sensible any more."""
        if self._debugged:
            return
        if not self.alive:
            self._ended()
            return
        try:
            self._hear()
            found = self._rest.look() if self.ending is None else ""
            if found == "asleep":
                self._stop_at(Ending("asleep", place=self._place()))
            elif found == "lost":
                self._stop_at(Ending("hang", place=self._place(), remark="the first instruction of its trap "
                                     "vector is a trap, again and again"))
        except MachineEnded:
            self._process.wait()        # it is just ending by itself
            self._ended()

    def _hear(self) -> None:
        """What the plugin tells."""
        while self.ending is None and select.select([self._told], [], [], 0)[0]:
            said = os.read(self._told, 4096).decode()
            if not said:
                return
            for line in said.splitlines():
                self._told_of(*line.split())

    def _told_of(self, what: str, hart: str, pc: str) -> None:
        self._loops[int(hart)] = int(pc, 16)
        if self.ending is not None:
            return
        if what == "spin":
            if found := self._hole_at(int(hart), int(pc, 16)):
                self._stop_at(Ending("hole", hole=found, place=self._place(int(hart))))
        elif what == "budget":
            self._stop_at(Ending("hang", place=self._place(int(hart)), remark="its budget of guest "
                                 "instructions is used up"))

    def _hole_at(self, hart: int, pc: int) -> str:
        """The hole a hart has run into. An interrupt may just have taken it elsewhere."""
        for _ in range(50):
            registers = self.registers(hart)
            found = hole_of(registers["t6"])
            if found or registers["pc"] == pc:
                return found
        return ""

    def _stop_at(self, ending: Ending) -> None:
        self.ending = ending
        self.kill()
        self._wind_up()

    def _ended(self) -> None:
        """QEMU is gone: why?"""
        if self.ending is None:
            self._process.wait()
            self.console.drain()
            self.ending = self._why()
        self._wind_up()

    def _why(self) -> Ending:
        if self.console.flooded:
            return Ending("flood", place=self._place())
        if self.console.expired:
            raise NotJudged("the host's clock ran out before the machine had used its budget\n"
                            + self.last_seen())
        status = self._process.returncode
        reasons = [event["data"].get("reason") for event in self._qmp.last_events()
                   if event["event"] == "SHUTDOWN"]
        if "guest-reset" in reasons:
            return Ending("reset", place=self._place())
        if status < 0 or "guest-panicked" in reasons:
            raise NotJudged(f"QEMU itself ended with status {status}: {self.stderr}")
        return self._located(endings.power_off(status, self.text))

    def _located(self, ending: Ending) -> Ending:
        """With the place that the report of a panic names."""
        pc = endings.addresses(ending.report, "pc") if ending.kind in ("panic", "fault") else []
        if not pc:
            return ending
        called = ending.report.get("cause") == "0"      # not a trap: panic() was, from just before
        return replace(ending, place=self.symbols.describe(pc[0], is_return=called) or "")

    def _wind_up(self) -> None:
        if self.profile is None:
            self.console.drain()
            self.profile = profile.read_profile(self.directory)

    def _place(self, hart: int | None = None) -> str:
        """Function and line in which a hart is, or the one that ran most of them."""
        recorder = self.recorder
        if not recorder:
            return ""
        tracks = [recorder.harts[hart]] if hart is not None else sorted(
            recorder.harts, key=lambda track: -track.executed)
        return place_of(self.symbols, tracks[0].pc)

    def last_functions(self, most: int = 10) -> list[str]:
        """The functions that ran last on the busiest hart, oldest first; the firmware left out. After a
        panic those of its backtrace: what ran last has only printed it."""
        if self.ending and self.ending.kind in ("panic", "fault"):
            places = endings.addresses(self.ending.report, "bt")
            called = [self.symbols.function(at - (n > 0 or self.ending.report.get("cause") == "0"))
                      for n, at in enumerate(places)]
            if any(called):
                return [function.name for function in reversed(called) if function][-most:]
        recorder = self.recorder
        if not recorder:
            return []
        track = max(recorder.harts, key=lambda each: each.executed)
        return [name for name in track.functions(self.symbols) if name != "?"][-most:]

    def executed(self) -> int:
        """Guest instructions so far, of all harts, the firmware's included."""
        recorder = self.recorder
        return sum(track.executed for track in recorder.harts) if recorder else 0

    def _progress(self) -> tuple:
        recorder = self.recorder
        executed = [track.executed for track in recorder.harts] if recorder else []
        return (*executed, len(self.console.raw))

    # --- looking inside ---------------------------------------------------------------------

    def read_physical(self, pa: int, nbytes: int) -> bytes:
        """Guest memory by physical address; also after the machine's end."""
        if self.ram.holds(pa, nbytes):
            return self.ram.read(pa, nbytes)
        if not self.alive:
            raise HarnessError(f"{pa:#x} is not in RAM, and the machine has ended")
        return super().read_physical(pa, nbytes)

    def mappings(self, *, satp: int | None = None, hart: int = 0) -> list[memory.Mapping]:
        """Every leaf of an address space."""
        try:
            return super().mappings(satp=satp, hart=hart)
        except (HarnessError, RecursionError, ValueError) as error:
            raise Failed("the page tables", "tables in RAM", f"{error}") from error

    def read_string(self, where: int | str, most: int = 4096) -> str:
        """The C string at an address, or of a global array."""
        raw = self.read_physical(self.symbols.address(where), most)
        return raw.split(b"\0")[0].decode(errors="replace")

    def read_u32(self, where: int | str, index: int = 0) -> int:
        at = self.symbols.address(where) + 4 * index
        return struct.unpack("<I", self.read_physical(at, 4))[0]

    # --- how it is started ------------------------------------------------------------------

    def _read_symbols(self) -> Symbols:
        return self._image.symbols      # one image, many machines

    def _command(self, gdb: bool, frozen: bool) -> list[str]:
        stub = qemu.gdb_stub(self._session, frozen=True) if self._session else []
        return super()._command(gdb, frozen) + stub

    def _launch(self, line: list[str]) -> list[str]:
        self._jail.give(self.directory)
        return self._jail.machine(line, self.directory, self.ram.size, self.hardware)

    def close(self) -> None:
        if not self._closed:
            super().close()
            self.ram.close()
            os.close(self._told)


def place_of(symbols: Symbols, pc: int) -> str:
    """Function and line, or who else is at home there."""
    return symbols.describe(pc) or (f"the firmware ({pc:#x})" if pc in FIRMWARE else f"{pc:#x}")


def _in_words(kinds: Sequence[str], status: int | None) -> str:
    """What a test asked for."""
    words = {"power-off": "the machine is switched off" + (f" with status {status}" if status else ""),
             "panic": "the kernel panics", "fault": "a fault is reported", "hang": "it runs for ever",
             "asleep": "every hart sleeps", "reset": "the machine is reset",
             "hole": "an open hole is reached", "flood": "endless output"}
    return " or ".join(words[kind] for kind in kinds)

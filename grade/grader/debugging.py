"""make grade-gdb T=name SEED=7 [BOOT=2]: one test, the same inputs, its machine under gdb.

On a terminal gdb starts here, stopped where the hole of the test is; otherwise `make gdb` in another
terminal finds the machine. The test goes on by itself as far as gdb lets the machine run, and says in
the end what it thinks of it.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from grade import debugger
from grade.elf import ROOT
from grade.symbols import Symbols
from labs.tool import opening, sources
from labs.tool.course import Course, CourseError, Hole

from .api import LabTest, NotJudged
from .builder import Built
from .grading import Wish, open_builder
from .report import Report
from .runner import Runner, tests_of
from .subject import Subject
from .world import Images

SCRIPT = "tools/gdb/onering.py"
LOOSE_TIMES = "Under gdb a sleeping hart wakes by the host's clock, a little late: if only times are " \
    "wrong here, believe `make grade`."


@dataclass
class Visitor:
    """Opens the session and brings gdb."""

    boot: int
    hole: Hole
    source: str                         # the hole's file, as it is built
    interactive: bool
    gdb: subprocess.Popen | None = None
    loose_times: bool = False

    def open(self, built: Built) -> str:
        socket = debugger.open_session(built.elf)
        if self.interactive:
            threading.Thread(target=self._start, args=(built, socket), daemon=True).start()
        else:
            print("The machine waits for a debugger: run `make gdb` in another terminal; a place to "
                  f"begin: {self.place(built.symbols)}", flush=True)
        return socket

    def place(self, symbols: Symbols) -> str:
        """Where it becomes interesting: the hole, by name or, if it was inlined, by line; of a linker
        script, the program that should be there; of a tool, what its text leads to."""
        name = self.hole.function or self.hole.label
        if self.hole.file.endswith(".ld"):
            return "break main"
        if self.hole.file.endswith(".py"):
            there = {each.removeprefix("kern.") for each in symbols.table}
            return "break " + next((each for each in self.hole.reach if each in there), "main")
        if name in symbols.table:
            return f"break *{name}" if self.hole.label else f"break {name}"
        return f"break {self.hole.file}:{opening.line_of(self.source, self.hole)}"

    def _start(self, built: Built, socket: str) -> None:
        debugger.await_socket(Path(socket))
        script = ROOT / SCRIPT
        before = ["-x", str(script)] if script.exists() else []
        after = ["-ex", self.place(built.symbols), "-ex", "continue"]
        self.gdb = subprocess.Popen(debugger.command(built.elf, socket, before, after), cwd=ROOT,
                                    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def find(course: Course, name: str) -> LabTest:
    """The test of this name, or the only one with this in its name, or of this hole."""
    tests = [test for lab in course.labs for test in tests_of(lab.number)]
    found = [test for test in tests if test.name == name] or [test for test in tests
                                                             if name in test.name or name == test.hole]
    if len(found) != 1:
        raise CourseError(f"T={name}: " + ("one at a time: " + ", ".join(
            test.name for test in found) if found else "there is no such test"))
    return found[0]


def debug(wish: Wish, boot: int) -> int:
    """Runs the test; 0 if it passed."""
    subject = Subject.of_tree(wish.tree, wish.base)
    test = find(subject.course, wish.only)
    hole = subject.course.hole(test.hole)
    builder = open_builder(subject, wish)
    print(f"building what lab {test.lab} boots ...", flush=True)
    try:
        runner = Runner(Images(builder, subject.course.lab(test.lab)), wish.seed or 0, jobs=1)
        text = sources.decode(subject.files[hole.file].content) if hole.file in subject.files else ""
        runner.debug = Visitor(boot, hole, text, sys.stdin.isatty() and sys.stdout.isatty())
        if runner.debug.interactive:
            signal.signal(signal.SIGINT, signal.SIG_IGN)        # ^C is for gdb
        found = runner.judge(test)
        if runner.debug.gdb:
            runner.debug.gdb.wait()
        Report().test(found, runner.seed)
        if runner.debug.loose_times and not found.points:
            print(LOOSE_TIMES)
        return 0 if found.points else 1
    finally:
        builder.stage.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make grade-gdb")
    parser.add_argument("--tree", type=Path, default=ROOT)
    parser.add_argument("--only", default="", help="the test")
    parser.add_argument("--lab", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--boot", type=int, default=1, help="which of the test's machines")
    words = parser.parse_args()
    if not words.only:
        raise CourseError("which test? make grade-gdb T=name SEED=...; `make grade` prints the command")
    # The student's own code on the student's own machine: gdb must get in, so there are no walls.
    return debug(Wish(words.tree.resolve(), only=words.only, seed=words.seed, jail="open"), words.boot)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CourseError, NotJudged, debugger.SessionError) as error:
        sys.exit(f"grade-gdb: {error}")
    except KeyboardInterrupt:
        sys.exit(130)

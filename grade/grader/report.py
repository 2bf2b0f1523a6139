"""What `make grade` shows: a line for each test, and under a failed one how to go on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, TextIO

from . import verdict
from .verdict import Grade, Verdict

WIDTH = 100
MOST_ROWS = 6               # of two tables that are shown whole, equal rows too
MOST_LINES = 12             # of something expected or seen
_COLOURS = {verdict.PASSED: "32", verdict.FAILED: "31", verdict.NOT_JUDGED: "35"}
_SIGNS = {verdict.PASSED: "ok", verdict.FAILED: "FAIL", verdict.OPEN: "open", verdict.WAITS: "waits",
          verdict.CAUGHT_UP: "caught up", verdict.NOT_JUDGED: "not judged"}


class Report:
    """Prints as it comes; files are named from `root`."""

    def __init__(self, out: TextIO = sys.stdout, root: Path | None = None):
        self.out, self.root = out, root
        self._colour = out.isatty() and "NO_COLOR" not in os.environ

    def heading(self, lab: int, title: str, seed: int) -> None:
        self._say(f"Lab {lab}: {title}   (SEED={seed})")

    def remarks(self, remarks: list[str]) -> None:
        for remark in remarks:
            self._say(f"  ! {remark}")

    def test(self, found: Verdict, seed: int) -> None:
        """One line, and for a failure what helps."""
        test = found.test
        sign = self._paint(f"{_SIGNS[found.status]:5}", _COLOURS.get(found.status, "33"))
        points = f"{found.points:2}/{test.points:<2}"
        words = "" if found.status in (verdict.PASSED, verdict.FAILED) else f": {found.words}"
        self._say(f"  {sign} {points} {test.hole:4} {test.title}{words}   [{test.name}]")
        if found.status == verdict.FAILED:
            self._failure(found, seed)

    def total(self, grade: Grade) -> None:
        for each in grade.others:
            words = f": {each.words}" if each.words else ""
            self._say(f"  {'':5} {each.points:2}/{each.most:<2} {'':4} {each.title}{words}   [{each.name}]")
        self._say(f"  {grade.points} of {grade.most} points")
        if grade.not_judged:
            self._say(f"  {grade.not_judged} points could not be judged: the machine is too busy. Grade "
                      "again when it is not, or with GRADE_SLOW=5.")

    def _failure(self, found: Verdict, seed: int) -> None:
        self._say(f"        {found.words}")
        if found.expected is not None or found.seen is not None:
            for line in side_by_side(found.expected, found.seen):
                self._say(f"          {line}")
        if found.last_functions:
            self._say("        ran last: " + " > ".join(found.last_functions))
        if found.symptom:
            row = found.symptom
            self._say(f"        symptom:  {row.seen}")
            self._say(f"          cause:  {row.cause}")
            if row.look:
                self._say(f"          look:   {row.look}")
        self._say(f"        replay:   {replay(found, seed)}")
        if found.transcript:
            self._say(f"        all of it: {os.path.relpath(found.transcript, self.root)}")

    def _paint(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._colour else text

    def _say(self, line: str) -> None:
        """To whoever listens: with nobody at the other end of a pipe, the work still goes on."""
        try:
            print(line, file=self.out, flush=True)
        except BrokenPipeError:
            sys.stdout = self.out = open(os.devnull, "w")


def replay(found: Verdict, seed: int) -> str:
    """The command that shows this failure under gdb."""
    which = f" BOOT={found.boot}" if found.boot > 1 else ""
    return f"make grade-gdb T={found.test.name} SEED={seed}{which}"


def side_by_side(expected: Any, seen: Any) -> list[str]:
    """Two columns if they fit, else one above the other."""
    left, right = _cut(*_differing(_lines(expected), _lines(seen)))
    column = max(map(len, [*left, "expected"]))
    if column + max(map(len, [*right, "seen"])) + 3 <= WIDTH - 10:
        left += [""] * (len(right) - len(left))
        right += [""] * (len(left) - len(right))
        head = f"{'expected':{column}} | seen"
        return [head, *(f"{one:{column}} | {other}".rstrip() for one, other in zip(left, right))]
    return [*(f"{'expected:' if n == 0 else '':9} {line}" for n, line in enumerate(left)),
            *(f"{'seen:' if n == 0 else '':9} {line}" for n, line in enumerate(right))]


def _differing(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Of tables too long to be compared by eye, the rows that differ."""
    if len(left) != len(right) or len(left) <= MOST_ROWS or left == right:
        return left, right
    rows = [pair for pair in zip(left, right) if pair[0] != pair[1]]
    same = len(left) - len(rows)
    if same:
        rows.append((f"({same} that are equal)", f"({same} that are equal)"))
    return [row[0] for row in rows], [row[1] for row in rows]


def _cut(*columns: list[str]) -> list[list[str]]:
    return [lines if len(lines) <= MOST_LINES else
            [*lines[:MOST_LINES], f"... and {len(lines) - MOST_LINES} more"] for lines in columns]


def _lines(value: Any) -> list[str]:
    if value is None:
        lines = ["-"]
    elif isinstance(value, str):
        lines = value.splitlines() or ['""']
    elif isinstance(value, bool):
        lines = ["yes" if value else "no"]
    elif isinstance(value, int):
        lines = [f"{value} ({value:#x})" if value > 4095 else str(value)]
    elif isinstance(value, dict):
        lines = [f"{key}: {each}" for key, each in value.items()] or ["nothing"]
    elif isinstance(value, (list, tuple, set)):
        lines = [str(each) for each in value] or ["nothing"]
    else:
        lines = str(value).splitlines()
    return [_plain(line[:400]) for line in lines]


def _plain(line: str) -> str:
    """The guest's bytes must not drive the student's terminal."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)

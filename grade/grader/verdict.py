"""What was found out about one test, and about a whole lab."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from labs.tool.course import Symptom

from .api import LabTest

PASSED, FAILED, OPEN, WAITS, CAUGHT_UP, NOT_JUDGED = (
    "passed", "failed", "open", "waits", "caught up", "not judged")


@dataclass
class Verdict:
    """One test."""

    test: LabTest
    status: str
    words: str = ""                     # in one line: why not passed
    expected: Any = None
    seen: Any = None
    last_functions: list[str] = field(default_factory=list)
    symptom: Symptom | None = None
    transcript: str = ""
    boot: int = 1                       # which of the test's machines it was
    counts: dict[str, int] = field(default_factory=dict)    # what bars were asked about
    details: str = ""                   # for whoever looks after the grader

    @property
    def points(self) -> int:
        return self.test.points if self.status == PASSED else 0


@dataclass
class Other:
    """Points that no test gives: a prediction, a measurement, the planted bug."""

    name: str
    title: str
    points: int
    most: int
    words: str = ""


@dataclass
class Grade:
    """A lab of a tree."""

    lab: int
    title: str
    seed: int
    verdicts: list[Verdict] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)    # about the tree: ignored files and the like

    @property
    def points(self) -> int:
        return sum(each.points for each in (*self.verdicts, *self.others))

    @property
    def most(self) -> int:
        return sum(each.test.points for each in self.verdicts) + sum(each.most for each in self.others)

    @property
    def not_judged(self) -> int:
        """Points about which nothing can be said."""
        return sum(each.test.points for each in self.verdicts if each.status == NOT_JUDGED)

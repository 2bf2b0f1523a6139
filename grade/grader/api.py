"""What the tests of a lab are written with: tests, measures, and how to fail."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from grade.symbols import Symbols

    from .machine import GradedMachine
    from .world import World


class Failed(AssertionError):
    """The student's kernel did something else than it should: what was expected and what was seen."""

    def __init__(self, what: str, expected: Any = None, seen: Any = None):
        super().__init__(what)
        self.what, self.expected, self.seen = what, expected, seen


class NotJudged(Exception):
    """The host was too slow, or something outside the student's kernel went wrong: no verdict."""


class HoleOpen(NotJudged):
    """There is no image before this hole is written: a linker script."""

    def __init__(self, hole: str):
        super().__init__(f"hole {hole} is not written yet")
        self.hole = hole


@dataclass(frozen=True)
class LabTest:
    """A test, and what it is worth."""

    name: str
    title: str
    hole: str
    points: int
    needs: tuple[str, ...]
    function: Callable[[Run], None] = field(compare=False)

    @property
    def lab(self) -> int:
        return int(self.hole.split(".")[0])


@dataclass(frozen=True)
class LabMeasure:
    """How a number is measured: an int, or (int, {part: int})."""

    id: str
    function: Callable[[Run], Any] = field(compare=False)


TESTS: dict[str, LabTest] = {}          # by name; filled as grade/labs/labN.py is imported
MEASURES: dict[str, LabMeasure] = {}


def lab_test(hole: str, points: int, needs: tuple[str, ...] = ()):
    """Marks a test; its docstring's first line is what make grade prints."""
    def register(function: Callable[[Run], None]) -> Callable[[Run], None]:
        name = function.__name__
        assert name not in TESTS, f"two tests are called {name}"
        assert function.__doc__, f"{name} does not say what it tests"
        title = function.__doc__.strip().splitlines()[0]
        TESTS[name] = LabTest(name, title, hole, points, needs, function)
        return function
    return register


def measure(identity: str):
    """Marks the function that measures what a [[measure]] of lab.toml asks for."""
    def register(function: Callable[[Run], Any]) -> Callable[[Run], Any]:
        MEASURES[identity] = LabMeasure(identity, function)
        return function
    return register


class Run:
    """One run of one test: its inputs, its machines, what it found out."""

    def __init__(self, test: str, seed: int, world: World, key: str = ""):
        self.random = random.Random(f"{seed}:{test}")
        self.facts: dict[str, Any] = {}
        self.key = key                  # what the release was drawn from; "" where there is none
        self.counts: dict[str, int] = {}    # what at_most was asked about
        self.pages: dict[str, str] = {}     # by name: HTML for people
        self._world = world

    def boot(self, image: str, **options) -> GradedMachine:
        """A machine with an image of the lab, built from the student's tree (labs/README.md)."""
        if options.get("poison") is True:
            options["poison"] = self.random.randbytes(4096)
        return self._world.boot(image, **options)

    def symbols(self, image: str) -> Symbols:
        """The names and addresses of an image."""
        return self._world.symbols(image)

    def file(self, name: str, content: bytes) -> Path:
        """A file that the machine can read, say a device tree."""
        return self._world.file(name, content)

    def fact(self, **facts: Any) -> None:
        """Something observed; rows of the symptom table may ask for it."""
        self.facts.update(facts)

    def page(self, name: str, text: str) -> None:
        """Of a measure: something to look at in a browser, build/NAME.html of the student's tree."""
        self.pages[name] = text

    def same(self, what: str, expected: Any, seen: Any) -> None:
        if expected != seen:
            raise Failed(what, expected, seen)

    def check(self, condition: object, what: str, expected: Any = None, seen: Any = None) -> None:
        if not condition:
            raise Failed(what, expected, seen)

    def at_most(self, name: str, count: int, unit: str = "instructions", where: str = "") -> None:
        """A performance bar: the reference's number for this toolchain x 1.25. `where` it was, for people."""
        self.counts[name] = max(count, self.counts.get(name, 0))
        bar = self._world.bar(name)
        if bar is not None and count > bar:
            raise Failed(f"{name}: too many {unit}" + (f" ({where})" if where else ""), f"at most {bar}", count)

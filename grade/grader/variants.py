"""The solution, and every way of it being wrong that the grader must notice.

A variant is a change of the solution's files and what the grader has to say of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Callable, Iterator

from labs.tool import cutter, opening, sources
from labs.tool.course import Course, CourseError, Hole, Lab, Mutant

from . import verdict
from .api import LabTest
from .runner import needed, tests_of
from .subject import Source, Subject
from .verdict import Verdict

KEYS = ("spring", "autumn")     # of releases

# What is wrong with what the grader found, a sentence each.
Complaints = Callable[[list[Verdict]], list[str]]


@dataclass(frozen=True)
class Variant:
    """A kernel, the tests to run on it, and what must come out."""

    name: str
    lab: int                    # whose images and tests
    kind: str                   # reference, forgery, open, all-open, mutant
    file: str                   # the file it changes: neighbours are built quickly one after another
    subject: Subject
    tests: tuple[LabTest, ...]
    complaints: Complaints = field(compare=False)
    seed: int = 1


def of_lab(course: Course, lab: Lab, solution: Subject, seeds: int) -> Iterator[Variant]:
    """All there are of a lab."""
    yield from references(lab, solution, seeds)
    yield from with_keys(lab, solution)
    yield all_open(course, lab, solution)
    for hole in lab.holes:
        yield from alone_open(course, lab, hole, solution)
    for mutant in lab.mutants():
        yield of_mutant(lab, mutant, solution)


# --- the solution -----------------------------------------------------------------------------------

def references(lab: Lab, solution: Subject, seeds: int) -> Iterator[Variant]:
    """The solution gets every point, whatever the seed."""
    for seed in range(1, seeds + 1):
        yield Variant(f"reference, seed {seed}", lab.number, "reference", "", solution,
                      tuple(tests_of(lab.number)), all_pass, seed)


def all_pass(found: list[Verdict]) -> list[str]:
    return [f"{each.test.name} is {each.status}: {each.words} (expected {each.expected}, seen {each.seen})"
            for each in found if each.status != verdict.PASSED]


def with_keys(lab: Lab, solution: Subject) -> Iterator[Variant]:
    """Where a release's key draws what is asked: the solution for that key gets every point, the one for
    another does not."""
    if not (lab.folder / "spec.py").exists():
        return
    drawn = {hole.id for hole in lab.holes if hole.kind == "new"}
    tests = tuple(test for test in tests_of(lab.number) if test.hole in drawn)
    for key in KEYS:
        own = {path: Source(sources.encode(text)) for path, text in opening.reference_of_lab(lab, key).items()}
        right = replace(solution, files=solution.files | own, key=key)
        wrong = replace(solution, files=dict(solution.files), key=key)
        yield Variant(f"reference of key {key}", lab.number, "reference", "", right, tests, all_pass)
        yield Variant(f"reference of no key, with key {key}", lab.number, "forgery", "", wrong, tests, some_fails)


def some_fails(found: list[Verdict]) -> list[str]:
    passed = all(each.status == verdict.PASSED for each in found)
    return ["what another release asks for gets all points"] if passed else []


# --- open holes -------------------------------------------------------------------------------------

def all_open(course: Course, lab: Lab, solution: Subject) -> Variant:
    """A tree in which nothing is written compiles, and gets no points."""
    subject = with_open(solution, [hole for each in course.labs for hole in each.holes])
    return Variant("all holes open", lab.number, "all-open", "", subject, tuple(tests_of(lab.number)),
                   none_passes)


def none_passes(found: list[Verdict]) -> list[str]:
    return [f"{each.test.name} is {each.status}, with nothing written" for each in found
            if each.status not in (verdict.OPEN, verdict.WAITS)]


def alone_open(course: Course, lab: Lab, hole: Hole, solution: Subject) -> Iterator[Variant]:
    """With one hole open exactly its tests and those that need it lose points, and nothing breaks in
    the labs before."""
    subject = with_open(solution, [hole])

    def only_its_own(found: list[Verdict]) -> list[str]:
        return [sentence for each in found
                if (sentence := _wrong_about(each, hole.id in needed(course, each.test), hole.id))]

    for earlier in course.labs:
        if earlier.number <= lab.number:
            yield Variant(f"hole {hole.id} open, tests of lab {earlier.number}", earlier.number, "open",
                          hole.file, subject, tuple(tests_of(earlier.number)), only_its_own)


def _wrong_about(found: Verdict, needs_it: bool, hole: str) -> str:
    if needs_it and found.status not in (verdict.OPEN, verdict.WAITS):
        return f"{found.test.name} is {found.status} without {hole}, which it says it needs"
    if not needs_it and found.status == verdict.WAITS:
        return f"{found.test.name} needs {hole} and does not say so"
    if not needs_it and found.status != verdict.PASSED:
        return f"{found.test.name} is {found.status} without {hole}: {found.words} (seen {found.seen})"
    return ""


def with_open(solution: Subject, holes: list[Hole]) -> Subject:
    """The solution with these holes open."""
    subject = replace(solution, files=dict(solution.files))
    for hole in holes:
        if hole.kind == "new":
            for file in subject.course.lab(hole.lab).files:
                if subject.given.get(file, b"") is None:
                    subject.files.pop(file, None)
            continue
        text = sources.decode(subject.files[hole.file].content)
        _set(subject, hole.file, opening.open_text(text, hole))
    return subject


# --- mutants ----------------------------------------------------------------------------------------

def of_mutant(lab: Lab, mutant: Mutant, solution: Subject) -> Variant:
    """A wrong solution loses the points of the test that is there to catch it."""
    hole = lab.hole(mutant.hole)
    tests = tuple(test for test in tests_of(lab.number) if test.name == mutant.observer)
    if not tests:
        raise CourseError(f"mutant {mutant.name!r} of {mutant.hole}: lab {lab.number} has no test "
                          f"{mutant.observer}")

    def killed(found: list[Verdict]) -> list[str]:
        return [f"{mutant.observer} is {each.status} ({each.words}): the mutant lives" for each in found
                if each.status != verdict.FAILED]

    subject = replace(solution, files=dict(solution.files))
    text = sources.decode(subject.files[hole.file].content)
    _set(subject, hole.file, mutated(text, hole, mutant))
    return Variant(f"mutant of {hole.id}: {mutant.name}", lab.number, "mutant", hole.file, subject, tests,
                   killed)


def mutated(text: str, hole: Hole, mutant: Mutant) -> str:
    """The text with the mutant in the hole."""
    whole = hole.kind != "body"
    body = text if whole else cutter.body(text, hole)
    if mutant.body:
        body = mutant.body.strip("\n") + "\n"
    for before, after in mutant.edits:
        if before not in body:
            raise CourseError(f"mutant {mutant.name!r}: {before!r} is not in the solution of {hole.id}")
        body = body.replace(before, after, 1)
    return body if whole else cutter.fill(text, hole, body)


def _set(subject: Subject, file: str, text: str) -> None:
    subject.files[file] = Source(sources.encode(text), subject.files[file].executable)

"""Grades a tree: from its files to points."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from grade.elf import ROOT
from labs.tool import grades as scores
from labs.tool.course import CourseError, Lab
from labs.tool.state import is_student_tree

from . import answers
from . import jail as jails
from . import results, verdict
from .api import LabTest
from .builder import Builder, Stage
from .report import Report
from .runner import Runner, tests_of
from .subject import Subject
from .verdict import Grade, Verdict
from .world import Images


@dataclass
class Wish:
    """What is to be graded, and how."""

    tree: Path = ROOT
    labs: tuple[int, ...] = ()      # (): the current one
    only: str = ""                  # tests with this in their name, or of this hole
    seed: int | None = None
    base: str = ""                  # the commit or folder the student was given; "": found out
    jail: str = ""                  # the strongest
    jobs: int = os.cpu_count() or 1
    student: str = ""               # the name in grades.csv
    stage: str = ""                 # what is compiled for one of these is kept for the next

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.tree / "build" / "grade"


def open_builder(subject: Subject, wish: Wish, name: str = "") -> Builder:
    """A stage for the subject and a builder in it; close the stage when done."""
    stage = Stage(f"{name or wish.stage or wish.tree.resolve()} {wish.jail}")
    hide = tuple(dict.fromkeys((ROOT.resolve(), wish.tree.resolve())))
    return Builder(subject, stage, jails.choose(stage.folder, hide, wish.jail))


def grade(wish: Wish, report: Report) -> list[Grade]:
    """Grade the labs wished for; prints as it goes, and writes the result files."""
    subject = Subject.of_tree(wish.tree, wish.base)
    labs = labs_of(subject, wish)
    tests = {lab.number: chosen(lab, wish.only) for lab in labs}
    if not any(tests.values()):
        raise CourseError(_not_there(subject, labs, wish.only) if wish.only
                          else "these labs have no tests yet")
    seed = secrets.randbelow(10**6) if wish.seed is None else wish.seed
    student = wish.student or wish.tree.resolve().name
    results.write(wish.folder, [_nothing(lab, seed, tests[lab.number]) for lab in labs], student,
                  judged=False)
    graded = _fingerprint(wish.tree)
    builder = open_builder(subject, wish)
    try:
        grades = [grade_lab(builder, lab, tests[lab.number], seed, wish, report, not wish.only)
                  for lab in labs]
    finally:
        builder.stage.close()
    results.write(wish.folder, grades, student, judged=True)
    if is_student_tree(wish.tree) and not wish.only and graded:
        for each in grades:
            scores.record(wish.tree, each.lab, each.points, graded)
    return grades


def grade_lab(builder: Builder, lab: Lab, tests: list[LabTest], seed: int, wish: Wish,
              report: Report, whole: bool) -> Grade:
    """One lab; if it is the whole of it, with the points that no test gives."""
    images = Images(builder, lab)
    found = Grade(lab.number, lab.title, seed)
    report.heading(lab.number, lab.title, seed)
    images.prepare()
    found.remarks = remarks(builder)
    report.remarks(found.remarks)
    runner = Runner(images, seed, wish.folder / "transcripts", wish.jobs)
    for each in runner.run(tests):
        found.verdicts.append(each)
        report.test(each, seed)
    if is_student_tree(wish.tree) and whole:
        found.others = answers.others(wish.tree, lab)
    report.total(found)
    return found


def chosen(lab: Lab, only: str) -> list[LabTest]:
    """The tests with this in their name, or those of a hole: 2.1."""
    return [test for test in tests_of(lab.number) if only in test.name or only == test.hole]


def remarks(builder: Builder) -> list[str]:
    """What whoever reads the points should know of the tree."""
    subject = builder.subject
    found = [builder.jail.warning] if builder.jail.warning else []
    found += subject.remarks
    found += [problem.sentence for problem in builder.problems]
    if subject.ignored:
        found.append("changed, but not counted: " + _some(subject.ignored))
    if subject.touched:
        found.append("given functions that were changed: " + _some(subject.touched))
    return found


def _fingerprint(tree: Path) -> str:
    """What is graded, for whoever shows the score later; "" if the tree's own labs cannot be read."""
    try:
        return scores.fingerprint(tree)
    except CourseError:
        return ""


def _some(names: list[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def labs_of(subject: Subject, wish: Wish) -> list[Lab]:
    """The labs that were asked for; one that has not begun would be the solution."""
    numbers = wish.labs or _lab_of(wish.only) or ((subject.lab,) if subject.lab else subject.labs)
    if not numbers:
        raise CourseError("no lab has begun in this tree" if is_student_tree(wish.tree)
                          else "there are no labs in this tree")
    for number in numbers:
        if subject.course.lab(number) and number not in subject.labs:
            raise CourseError(f"lab {number} has not begun; begin it with: make lab-{number}")
    return [subject.course.lab(number) for number in numbers]


def _lab_of(only: str) -> tuple[int, ...]:
    """The lab of a hole, "1.2", or of a measure, "1.a"; (): these words do not say."""
    match = re.fullmatch(r"(\d+)\.(?:\d+|[a-z])", only)
    return (int(match[1]),) if match else ()


def _not_there(subject: Subject, labs: list[Lab], only: str) -> str:
    """What is wrong with T=, and which LAB= is meant."""
    if only in [measure.id for lab in labs for measure in lab.measures]:
        return f"{only} is no test, but a measure: make measure M={only}"
    numbers = ", ".join(str(lab.number) for lab in labs)
    said = f"no test of lab {numbers} " + (f"is of hole {only}" if _lab_of(only) else f"has {only!r} in its name")
    elsewhere = [number for number in subject.labs if chosen(subject.course.lab(number), only)]
    return said + "".join(f"; lab {number} has it: make grade LAB={number} T={only}"
                          for number in elsewhere)


def _nothing(lab: Lab, seed: int, tests: list[LabTest]) -> Grade:
    """How it stands before anything ran."""
    return Grade(lab.number, lab.title, seed,
                 [Verdict(test, verdict.FAILED, "not graded yet") for test in tests])

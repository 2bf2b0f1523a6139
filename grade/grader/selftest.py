"""make selftest: the grader is graded. python3 -m grade.grader.selftest [--full] [--lab N] [--only PART]

    quick    of each lab: one test a hole on the solution, all holes open, one mutant
    --full   the solution with five seeds, each hole alone open, all open, every mutant
"""

from __future__ import annotations

import argparse
import os
import queue
import threading
import time
from dataclasses import replace
from typing import Iterator

from grade.elf import ROOT
from labs.tool import course as course_file
from labs.tool.course import Course, CourseError, Lab

from . import command, variants
from .api import NotJudged
from .builder import Builder
from .grading import Wish, open_builder
from .runner import Runner, tests_of
from .subject import Subject, reference
from .variants import Variant
from .world import Images

SEEDS = 5


def full(course: Course, labs: list[Lab], solution: Subject) -> Iterator[Variant]:
    """All variants, those of one file after another."""
    for lab in labs:
        found = list(variants.of_lab(course, lab, solution, SEEDS))
        yield from sorted(found, key=lambda each: (each.kind != "reference", each.file))


def quick(course: Course, labs: list[Lab], solution: Subject) -> Iterator[Variant]:
    """A sample of each kind."""
    for lab in labs:
        first = {test.hole: test for test in reversed(tests_of(lab.number))}
        whole = next(variants.references(lab, solution, 1))
        yield replace(whole, name="reference, a test of each hole", tests=tuple(first.values()))
        yield variants.all_open(course, lab, solution)
        for mutant in lab.mutants()[:1]:
            yield variants.of_mutant(lab, mutant, solution)


class Workers:
    """Each has a stage of its own, and takes the next variant when it is done with one."""

    def __init__(self, jobs: int):
        self.jobs = jobs
        self._ahead: queue.SimpleQueue[Variant] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Variant, list[str], float] | None] = queue.SimpleQueue()

    def run(self, all_of_them: list[Variant]) -> Iterator[tuple[Variant, list[str], float]]:
        """Each variant, what is wrong with it, and how many seconds it took."""
        for each in all_of_them:
            self._ahead.put(each)
        for number in range(self.jobs):
            threading.Thread(target=self._work, args=(number,), daemon=True).start()
        left = self.jobs
        while left:
            found = self._done.get()
            left -= found is None
            if found is not None:
                yield found

    def _work(self, number: int) -> None:
        try:
            while True:
                each = self._ahead.get_nowait()
                begun = time.monotonic()
                self._done.put((each, judge(each, number), time.monotonic() - begun))
        except queue.Empty:
            pass
        finally:
            self._done.put(None)


def judge(variant: Variant, stage: int = 0) -> list[str]:
    """What is wrong with what the grader says of it."""
    subject = replace(variant.subject, files=dict(variant.subject.files))
    builder = open_builder(subject, Wish(), f"selftest {stage} of {ROOT}")
    try:
        runner = Runner(Images(builder, subject.course.lab(variant.lab)), variant.seed, jobs=1)
        found = variant.complaints(list(runner.run(variant.tests)))
        return [_does_not_build(builder)] * bool(builder.problems) + found
    except (CourseError, NotJudged) as error:
        return [str(error)]
    except Exception as error:      # a test that is broken itself must not stop the others
        return [f"{type(error).__name__}: {error}"]
    finally:
        builder.stage.close()


def _does_not_build(builder: Builder) -> str:
    return "; ".join(f"{problem.file}: {problem.words}" for problem in builder.problems)


def main() -> int:
    words = _arguments()
    course = course_file.load()
    labs = [lab for lab in course.labs if not words.lab or lab.number == words.lab]
    choice = full if words.full or words.only else quick
    wanted = [each for each in choice(course, labs, reference(ROOT)) if words.only in each.name]
    failed = 0
    for number, (variant, complaints, seconds) in enumerate(Workers(words.jobs).run(wanted), 1):
        failed += bool(complaints)
        sign = "FAIL" if complaints else "ok  "
        print(f"{sign} {number:3}/{len(wanted)} lab {variant.lab}: {variant.name} ({seconds:.1f} s)",
              flush=True)
        for complaint in complaints:
            print("       " + complaint.replace("\n", "\n       "), flush=True)
    print(f"{len(wanted) - failed} of {len(wanted)} are as they should be")
    return 1 if failed or not wanted else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make selftest")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--lab", type=int, default=0)
    parser.add_argument("--only", default="", help="variants with this in their name")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    command.run("selftest", main)

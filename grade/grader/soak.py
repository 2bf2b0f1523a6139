"""make soak N=2000: that many runs of tests on the solution, each with a seed of its own. All must pass.

The runs are dealt out evenly: with 80 tests and N=2000 each runs 25 times.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Iterator

from grade.elf import ROOT
from labs.tool import course as course_file
from labs.tool.course import Course, CourseError

from . import command, verdict
from .api import LabTest
from .grading import Wish, open_builder
from .runner import Runner, tests_of
from .subject import reference
from .verdict import Verdict
from .world import Images

EVERY = 100         # runs between two lines


def deal(tests: list[LabTest], runs: int, first: int) -> Iterator[tuple[LabTest, int]]:
    """Tests and seeds."""
    return ((test, first + number) for number, test in enumerate(islice(cycle(tests), runs)))


def soak(course: Course, lab: int, runs: int, first: int, jobs: int) -> int:
    """How many runs did not pass."""
    labs = [each for each in course.labs if lab in (0, each.number)]
    tests = [test for each in labs for test in tests_of(each.number)]
    if not tests:
        raise CourseError("there are no tests")
    builder = open_builder(reference(ROOT), Wish(), f"selftest 0 of {ROOT}")
    runners = {each.number: Runner(Images(builder, each), 0, jobs=1) for each in labs}
    failed, begun = 0, time.monotonic()

    def run(one: tuple[LabTest, int]) -> tuple[Verdict, int]:
        test, seed = one
        return runners[test.lab].judge(test, seed), seed

    with ThreadPoolExecutor(jobs) as pool:
        for number, (found, seed) in enumerate(pool.map(run, deal(tests, runs, first)), 1):
            if found.status != verdict.PASSED:
                failed += 1
                print(f"{found.test.name} SEED={seed} is {found.status}: {found.words} (expected "
                      f"{found.expected}, seen {found.seen})", flush=True)
            if number % EVERY == 0:
                print(f"{number} of {runs}, {failed} failed, {time.monotonic() - begun:.0f} s", flush=True)
    builder.stage.close()
    print(f"{runs} runs of {len(tests)} tests: {failed} failed")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--lab", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    words = parser.parse_args()
    return 1 if soak(course_file.load(), words.lab, words.runs, words.seed, words.jobs) else 0


if __name__ == "__main__":
    command.run("soak", main)

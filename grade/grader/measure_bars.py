"""make bars: what the solution takes with the compiler of this machine, into labs/N-name/bars.toml."""

from __future__ import annotations

import argparse
import sys

from grade.elf import ROOT
from labs.tool import course as course_file
from labs.tool.course import CourseError, Lab

from . import bars
from .builder import Builder
from .grading import Wish, open_builder
from .runner import Runner, tests_of
from .subject import reference
from .world import Images

SEEDS = range(1, 4)     # the inputs may make a difference: the most counts


def counts_of(builder: Builder, lab: Lab) -> dict[str, int]:
    """By bar: the most that any of the lab's tests has seen."""
    found: dict[str, int] = {}
    for seed in SEEDS:
        for each in Runner(Images(builder, lab), seed).run(tests_of(lab.number)):
            found |= {name: max(count, found.get(name, 0)) for name, count in each.counts.items()}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bars")
    parser.add_argument("--lab", type=int, default=0)
    words = parser.parse_args()
    builder = open_builder(reference(ROOT), Wish(), f"bars of {ROOT}")
    for lab in course_file.load().labs:
        if words.lab in (0, lab.number) and (counts := counts_of(builder, lab)):
            bars.record(lab.folder, counts)
            for name, count in sorted(counts.items()):
                print(f"lab {lab.number}: {name}: {count}, bar {bars.bar(lab.folder, name)}")
    builder.stage.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"bars: {error}")

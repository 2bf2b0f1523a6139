"""make watch: grades what a saved file touches, as soon as it is saved."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from grade.elf import ROOT
from labs.tool.course import Lab

from . import command, verdict
from .api import LabTest, NotJudged
from .grading import Wish, grade_lab, labs_of, open_builder
from .report import Report
from .runner import tests_of
from .subject import Subject
from .verdict import Verdict

INTERVAL = 0.3      # seconds between two looks at the files


class Watch:
    """One lab of a tree."""

    def __init__(self, wish: Wish, report: Report):
        self.wish, self.report = wish, report
        self.lab: Lab = labs_of(Subject.of_tree(wish.tree, wish.base), wish)[0]
        self.last: dict[str, Verdict] = {}

    def times(self) -> dict[str, int]:
        """When each file of the lab was last saved."""
        paths = {file: self.wish.tree / file for file in self.lab.files}
        return {file: path.stat().st_mtime_ns for file, path in paths.items() if path.exists()}

    def touched_by(self, files: set[str]) -> list[LabTest]:
        """Tests of the holes in these files, and those that waited for them or have not passed yet."""
        holes = {hole.id for hole in self.lab.holes if hole.file in files}
        waited = {name for name, each in self.last.items() if each.status == verdict.WAITS}
        return [test for test in tests_of(self.lab.number)
                if test.hole in holes or holes & set(test.needs) or test.name in waited]

    def grade(self, tests: list[LabTest]) -> None:
        builder = open_builder(Subject.of_tree(self.wish.tree, self.wish.base), self.wish)
        try:
            found = grade_lab(builder, self.lab, tests, 1, self.wish, self.report, False)
            self.last |= {each.test.name: each for each in found.verdicts}
        except NotJudged as error:
            print(f"watch: {error}", file=sys.stderr)
        finally:
            builder.stage.close()


def main() -> int:
    parser = argparse.ArgumentParser(prog="make watch")
    parser.add_argument("--tree", type=Path, default=ROOT)
    parser.add_argument("--lab", type=int, default=0)
    words = parser.parse_args()
    wish = Wish(words.tree.resolve(), (words.lab,) if words.lab else ())
    watch = Watch(wish, Report(root=wish.tree))
    before = watch.times()
    print(f"Watching {len(before)} files of lab {watch.lab.number}: save one of them (^C ends this).",
          flush=True)
    while True:
        now = watch.times()
        changed = {file for file in {**before, **now} if before.get(file) != now.get(file)}
        if changed:
            print("\n" + ", ".join(sorted(changed)) + ":", flush=True)
            watch.grade(watch.touched_by(changed))
        before = now
        time.sleep(INTERVAL)


if __name__ == "__main__":
    command.run("watch", main, interrupted=0)

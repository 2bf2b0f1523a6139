"""make grade: python3 -m grade.grader [--lab N] [--only PART] [--seed N] [--tree DIR]"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from grade.elf import ROOT
from grade.errors import HarnessError
from labs.tool.course import CourseError

from . import pristine
from .api import NotJudged
from .grading import Wish, grade
from .report import Report


def main() -> int:
    words = _arguments()
    if words.tree.resolve() == ROOT:
        pristine.hand_over(ROOT, sys.argv[1:])
    wish = Wish(words.tree.resolve(), _labs(words.lab), words.only, words.seed, words.base, words.jail,
                student=words.student, **({"jobs": words.jobs} if words.jobs else {}))
    grades = grade(wish, Report(root=wish.tree))
    return 3 if any(each.not_judged for each in grades) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make grade", description="Grade a lab.")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree to grade")
    parser.add_argument("--lab", default="", help="3, 1-3 or all; the current lab if not given")
    parser.add_argument("--only", default="", help="tests with this in their name, or of this hole")
    parser.add_argument("--seed", type=int, help="draw the same inputs again")
    parser.add_argument("--base", default="", help="the commit or folder the student was given")
    parser.add_argument("--jobs", type=int, default=0, help="machines at the same time")
    parser.add_argument("--student", default="", help="name in grades.csv")
    parser.add_argument("--jail", default="", help=argparse.SUPPRESS,
                        choices=["", "second-user", "covered", "bubble", "open"])
    return parser.parse_args()


def _labs(text: str) -> tuple[int, ...]:
    if match := re.fullmatch(r"(\d+)(?:-(\d+))?", text):
        return tuple(range(int(match[1]), int(match[2] or match[1]) + 1))
    if text not in ("", "all"):
        raise CourseError(f"LAB={text}: a lab is a number, such as LAB=1, or several: LAB=1-3")
    return ()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CourseError, NotJudged, HarnessError) as error:
        print(f"grade: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)

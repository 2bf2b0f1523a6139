"""python3 -m labs.tool COMMAND ...: what labs/labs.mk calls."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import opening, state
from .course import ROOT, Course, CourseError, Hole, load


def chosen_holes(course: Course, words: argparse.Namespace) -> list[Hole]:
    """--lab 1-2, --hole 1.2, or all."""
    if words.hole:
        return [course.hole(identity) for identity in words.hole]
    labs = numbers(words.lab) if words.lab else [lab.number for lab in course.labs]
    return [hole for number in labs for hole in course.lab(number).holes]


def numbers(text: str) -> list[int]:
    """"1-3" or "1,3"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or last and not last.isdigit():
            raise CourseError(f"{text!r} is not a list of labs such as 1-3 or 1,2")
        found += range(int(first), int(last or first) + 1)
    return found


def open_command(words: argparse.Namespace) -> None:
    """Open holes in a tree that then counts as a student's."""
    course = load(ROOT)
    holes = chosen_holes(course, words)
    files = opening.open_holes(words.root, holes)
    known = state.load(words.root) or state.State()
    known.open = sorted({*known.open, *(hole.lab for hole in holes)})
    known.lab = known.lab or known.open[0]
    state.store(words.root, known)
    print("\n".join(files))


def fill_command(words: argparse.Namespace) -> None:
    """Fill holes of a tree from the tree the tool is in."""
    course = load(ROOT)
    print("\n".join(opening.fill_holes(course, words.root, chosen_holes(course, words), ROOT)))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="labs.tool", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("open", open_command), ("fill", fill_command)):
        one = commands.add_parser(name, help=function.__doc__)
        one.set_defaults(function=function)
        one.add_argument("--root", type=Path, required=True)
        one.add_argument("--lab", help="1, 1-3 or 1,2; without it all")
        one.add_argument("--hole", action="append", default=[])
    return parser.parse_args()


def main() -> int:
    words = arguments()
    try:
        words.function(words)
    except CourseError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

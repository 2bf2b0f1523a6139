"""Catch-up packs: the references of one lab in a file, for a release that has none.

The instructor makes it with `make catchup-pack LAB=N` and publishes it after the deadline; students
put it beside the Makefile. For each hole it has the files as they are with this lab solved; holes of
other labs in the same files are open there.
"""

from __future__ import annotations

import json
from pathlib import Path

from . import opening, sources
from .course import Course, CourseError, Hole, Lab


def name(lab: int) -> str:
    return f"catchup-lab-{lab}.json"


def make(course: Course, lab: Lab, key: str = "") -> str:
    """The text of the pack, the same every time."""
    holes = {hole.id: _solved(course, lab, hole, key) for hole in lab.holes}
    return json.dumps({"lab": lab.number, "key": key, "holes": holes}, indent=1) + "\n"


def _solved(course: Course, lab: Lab, hole: Hole, key: str) -> dict[str, str]:
    if hole.kind == "new":
        return opening.reference_files(lab, hole, key)
    text = sources.read(course.root / hole.file)
    for other in course.holes:
        if other.file == hole.file and other.lab != lab.number:
            text = opening.open_text(text, other, contract=False)
    return {hole.file: text}


def solution(root: Path, hole: Hole, key: str) -> dict[str, str]:
    """What the pack of the hole's lab says, if it is for the release with this key."""
    path = root / name(hole.lab)
    if not path.exists():
        raise CourseError(f"this release does not have the solutions of lab {hole.lab}; when your "
                          f"instructor publishes {path.name}, put it beside the Makefile and try again")
    try:
        table = json.loads(path.read_text())
        found, made_for = dict(table["holes"][hole.id]), table["key"]
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(f"{path.name} has no solution of hole {hole.id}; is it the file your "
                          "instructor published, and whole?") from error
    if made_for != key:
        raise CourseError(f"{path.name} was made for another release, whose tasks differ; ask your "
                          "instructor for the one of this release")
    return found

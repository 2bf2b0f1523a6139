"""Opens holes in the files of a tree, and fills them from another tree that has the solutions.

    open_holes(root, holes)                 bodies give way to contracts
    fill_holes(course, root, holes, solved) the bodies of the tree `solved` come back
    lay_reference(root, lab)                the files only a solution has (labs/N-name/reference/)

cutter.py does it to a text; here are the files. Holes of one file are opened together, and a file is
written only when it differs.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Callable, Iterable

from . import cutter, sources
from .course import Course, CourseError, Hole, Lab


def open_holes(root: Path, holes: Iterable[Hole], text: bool = True) -> list[str]:
    """The files that changed. Without `text` the holes say nothing but their number."""
    return _rewrite(root, holes, lambda source, hole: open_text(source, hole, text))


def open_text(source: str, hole: Hole, text: bool = True) -> str:
    """Opening an open hole changes nothing."""
    if hole.kind == "new" or cutter.is_open(source, hole):
        return source
    return cutter.open_hole(source, hole, text)


def fill_holes(course: Course, root: Path, holes: Iterable[Hole], solved: Path) -> list[str]:
    """The files that changed."""
    def fill(source: str, hole: Hole) -> str:
        return fill_text(course, source, hole, sources.read(solved / hole.file))
    return _rewrite(root, holes, fill)


def fill_text(course: Course, source: str, hole: Hole, solved: str) -> str:
    """The source with the body that the solved text has, and with the helpers this body needs."""
    if hole.kind == "file":
        return solved
    source = cutter.fill(source, hole, cutter.body(solved, hole))
    helpers = [name for each in course.holes if each.file == hole.file for name in each.gone]
    return cutter.add_missing(source, hole, solved, helpers)


def lay_reference(root: Path, lab: Lab) -> list[str]:
    """The files that were laid over."""
    reference = lab.folder / "reference"
    found = sorted(path for path in reference.rglob("*") if path.is_file())
    for path in found:
        target = root / path.relative_to(reference)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return [str(path.relative_to(reference)) for path in found]


def line_of(text: str, hole: Hole) -> int:
    """Where the hole's mark stands, or where the function or file begins."""
    mark = re.search(rf"\bHOLE\s*\(\s*{hole.lab}\s*,\s*{hole.number}\s*\)", text)
    if mark:
        return text.count("\n", 0, mark.start()) + 1
    name = hole.function or hole.label
    at = cutter.first_line(text, hole) if name else 0
    return at + 1


def _rewrite(root: Path, holes: Iterable[Hole], change: Callable[[str, Hole], str]) -> list[str]:
    changed = []
    by_file: dict[str, list[Hole]] = {}
    for hole in holes:
        if hole.kind != "new":
            by_file.setdefault(hole.file, []).append(hole)
    for file, its in by_file.items():
        if not (root / file).exists():
            raise CourseError(f"hole {its[0].id}: there is no {file}")
        before = after = sources.read(root / file)
        for hole in its:
            after = change(after, hole)
        if after != before:
            sources.write(root / file, after)
            changed.append(file)
    return changed

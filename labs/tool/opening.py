"""Opens holes in the files of a tree, and fills them from another tree that has the solutions.

    open_holes(root, holes)                 bodies give way to contracts
    fill_holes(course, root, holes, solved) the bodies of the tree `solved` come back
    lay_reference(root, lab)                the files only a solution has (labs/N-name/reference/)

cutter.py does it to a text; here are the files. Holes of one file are opened together, and a file is
written only when it differs.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Callable, Iterable

from . import cutter, sources
from .course import Course, CourseError, Hole, Lab


def open_holes(root: Path, holes: Iterable[Hole], contract: bool = True) -> list[str]:
    """The files that changed. Without the contract the holes say nothing but their number."""
    holes = list(holes)
    changed = _rewrite(root, holes, lambda source, hole: open_text(source, hole, contract))
    return changed + (_begin_files(root, holes) if contract else [])


def _begin_files(root: Path, holes: list[Hole]) -> list[str]:
    """A file of one's own begins as a comment that says what it should become."""
    missing = [hole for hole in holes if hole.kind == "new" and hole.file
               and not (root / hole.file).exists()]
    for hole in missing:
        sources.write(root / hole.file, cutter.file_comment(hole))
    return [hole.file for hole in missing]


def open_text(source: str, hole: Hole, contract: bool = True) -> str:
    """Opening an open hole changes nothing."""
    if hole.kind == "new" or cutter.is_open(source, hole):
        return source
    return cutter.open_hole(source, hole, contract)


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


def lay_reference(root: Path, lab: Lab, key: str = "") -> list[str]:
    """The files that were laid over."""
    files = reference_of_lab(lab, key)
    for path, text in files.items():
        sources.write(root / path, text)
    return list(files)


def reference_files(lab: Lab, hole: Hole, key: str = "") -> dict[str, str]:
    """The files of the reference of a hole of kind `new`."""
    found = reference_of_lab(lab, key)
    if not found:
        raise CourseError(f"hole {hole.id}: {lab.folder.name} has no reference/ for it")
    return found


def reference_of_lab(lab: Lab, key: str) -> dict[str, str]:
    """By path. What differs from key to key is written by the lab's spec.py."""
    if key and (lab.folder / "spec.py").exists():
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, lab.folder / "spec.py", "reference", key, folder],
                           check=True, stdout=subprocess.DEVNULL)
            return _files_below(Path(folder))
    return _files_below(lab.folder / "reference")


def _files_below(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sources.read(path)
            for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts}


def line_of(text: str, hole: Hole) -> int:
    """Where the hole's mark stands, or where the function or file begins."""
    mark = re.search(rf"\bHOLE\s*\(\s*{hole.lab}\s*,\s*{hole.number}\s*\)", text)
    if mark:
        return text.count("\n", 0, mark.start()) + 1
    name = hole.function or hole.label
    at = cutter.first_line(text, hole) if name else 0
    return at + 1


def _rewrite(root: Path, holes: Iterable[Hole], change: Callable[[str, Hole], str]) -> list[str]:
    """All or nothing: no file is written before every one of them is known to work."""
    changed: dict[str, str] = {}
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
            changed[file] = after
    for file, text in changed.items():
        sources.write(root / file, text)
    return list(changed)

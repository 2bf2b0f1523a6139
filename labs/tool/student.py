"""The tree of a student: what it was made from, what stands in its holes, and where solutions are."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from functools import cached_property
from pathlib import Path

from . import cutter, opening, pack, sources, state
from .course import Course, CourseError, Hole, Image, Lab, load
from .repository import Repository, find


class Tree:
    """A tree, with or without labs begun in it."""

    def __init__(self, root: Path):
        self.root = root
        self.course: Course = load(root)
        self.state = state.load(root)

    @cached_property
    def repository(self) -> Repository:
        repository = find(self.root)
        if not repository:
            raise CourseError("this folder is no git repository; `make lab-N` starts one")
        return repository

    @property
    def begun(self) -> state.State:
        """The state, in a tree that must have one."""
        if not self.state:
            first = self.course.labs[0].number if self.course.labs else 1
            raise CourseError(f"no lab has begun in this tree; begin with: make lab-{first}")
        return self.state

    @property
    def lab(self) -> Lab:
        """The current lab."""
        if not self.begun.lab:
            raise CourseError(f"no lab has begun yet; begin with: make lab-{self.first}")
        return self.course.lab(self.begun.lab)

    @property
    def first(self) -> int:
        """The lab to begin with: the first that did not come solved."""
        solved = self.state.release.done if self.is_release else ()
        return next((lab.number for lab in self.course.labs if lab.number not in solved), 1)

    def check_begun(self, lab: int) -> None:
        """Raises unless the holes of this lab were opened here."""
        if lab in self.begun.open:
            return
        if self.is_release and lab in self.begun.release.done:
            raise CourseError(f"lab {lab} came solved: there is nothing of yours in it")
        raise CourseError(f"lab {lab} has not begun, and its solution is still in place; "
                          f"begin it with: make lab-{lab}")

    def lab_or_current(self, number: str) -> Lab:
        """LAB= as it was typed, which may be nothing."""
        return self.course.lab(lab_number(number)) if number else self.lab

    @property
    def is_release(self) -> bool:
        return bool(self.state and self.state.release)

    # --- the base ---------------------------------------------------------------------------------

    @cached_property
    def base(self) -> str:
        """The commit that everything is compared with: what the student was given."""
        git = self.repository
        known = self.state.base if self.state else ""
        for name in (known, f"refs/tags/{state.BASE_TAG}"):
            if name and (commit := git.commit_of(name)):
                return commit
        added = git.asks("log", "--diff-filter=A", "--format=%H", "--", state.FILE) or ""
        if self.is_release and added:
            return added.splitlines()[-1]       # the release came without its tag
        raise CourseError(f"the commit the course began with is missing here: the tag {state.BASE_TAG} "
                          "is gone, or the clone is shallow; try `git fetch --unshallow --tags`")

    def base_bytes(self, path: str) -> bytes | None:
        """None: the base has no such file."""
        return self.repository.file_at(self.base, path)

    def base_text(self, path: str) -> str:
        content = self.base_bytes(path)
        if content is None:
            raise CourseError(f"{path} is not in the commit the course began with")
        return sources.decode(content)

    def open_version(self, path: str) -> str | None:
        """The file as it was given out: the base, with the holes of all begun labs open."""
        content = self.base_bytes(path)
        if content is None:
            return None
        text = sources.decode(content)
        for hole in self.course.holes:
            if hole.file == path and hole.lab in self.begun.open and not self.is_release:
                text = opening.open_text(text, hole)
        return text

    # --- holes ------------------------------------------------------------------------------------

    def text(self, path: str) -> str:
        """The file as it is now; "" if it is not there."""
        target = self.root / path
        return sources.read(target) if target.exists() else ""

    def is_open(self, hole: Hole) -> bool:
        """Whether it is still to be written."""
        text = self.text(hole.file) if hole.file else ""
        if hole.kind == "new":
            return not cutter.strip_comments(text).strip()
        return cutter.is_open(text, hole)

    def open_ids(self) -> list[str]:
        return [hole.id for hole in self.course.holes if self.is_open(hole)]

    def open_needs(self, *images: Image) -> list[str]:
        """Holes of earlier labs into which a machine with one of these images runs."""
        return [hole.id for hole in self.course.holes if self.is_open(hole)
                and any(hole.id in image.needs for image in images)]

    @property
    def caught_up(self) -> list[str]:
        return self.begun.caught_up

    def solution(self, hole: Hole) -> dict[str, str]:
        """The files with the hole's reference in them, from the base or from an instructor's pack."""
        if self.is_release and hole.lab not in self.begun.release.done:
            return pack.solution(self.root, hole, self.key)
        if hole.kind == "new":
            return opening.reference_files(self.course.lab(hole.lab), hole, self.key)
        return {hole.file: self.base_text(hole.file)}

    def copy_solution(self, target: Path) -> None:
        """A copy of the tree with nothing open, as the course's authors have it."""
        if self.is_release:
            raise CourseError("a release does not have the solutions")
        target.mkdir(parents=True)
        if self.state:
            archive = self.repository.bytes("archive", "--format=tar", self.base)
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(target)
            return
        skip = shutil.ignore_patterns("build", ".git", "__pycache__", ".pytest_cache")
        shutil.copytree(self.root, target, ignore=skip, symlinks=True, dirs_exist_ok=True)

    @property
    def key(self) -> str:
        return self.state.release.key if self.is_release else ""


def lab_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise CourseError(f"{text!r} is not the number of a lab")
    return int(text)

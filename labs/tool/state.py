"""What a student's tree remembers of itself: .lab/state.json.

A tree with this file is a student's: holes were opened in it, the build warns where it would refuse,
and labs.tool knows where the student is. The file is committed with the work.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .course import CourseError

FOLDER = ".lab"
FILE = f"{FOLDER}/state.json"
BASE_TAG = "onering-base"       # the commit the course was begun from; the grader builds on it


@dataclass
class Release:
    """How `make handout` made the tree."""

    labs: list[int]
    done: list[int] = field(default_factory=list)       # these came solved
    key: str = ""                                       # draws what differs from release to release


@dataclass
class State:
    """Holes are named by their id, "1.2"."""

    lab: int = 0                                        # the current one; 0: none begun
    open: list[int] = field(default_factory=list)       # labs whose holes were opened here
    started: list[int] = field(default_factory=list)    # labs that `make lab-N` was called for
    hints: dict[str, int] = field(default_factory=dict)     # how many were taken
    caught_up: list[str] = field(default_factory=list)  # the reference stands there: no points
    kept: dict[str, dict[str, str]] = field(default_factory=dict)   # by hole and file: what stood there
    base: str = ""                                      # commit; "": the one tagged, or the release
    upstream: str = ""                                  # branch the base is taken from, "origin/main"
    release: Release | None = None


def is_student_tree(root: Path) -> bool:
    return (root / FILE).exists()


def load(root: Path) -> State | None:
    """None: a tree in which no lab was begun."""
    path = root / FILE
    if not path.exists():
        return None
    try:
        table = json.loads(path.read_text())
        release = table.pop("release", None)
        return State(**table, release=Release(**release) if release else None)
    except (ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"{FILE} cannot be read ({error}); get its last version back with "
                          f"`git checkout -- {FILE}`") from error


def store(root: Path, state: State) -> None:
    """Whole or not at all, however the run is interrupted."""
    path = root / FILE
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(asdict(state), indent=2, sort_keys=True) + "\n")
    part.replace(path)

"""A student's tree has a grader in it, and it may have been changed. Then the one that was handed out
does the grading: it is taken from the base commit and started instead of this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from labs.tool.course import CourseError
from labs.tool.student import Tree

from .builder import Stage
from .subject import from_commit, write_tree

OF_THE_GRADER = ("grade", "labs", "tools")
_DONE = "ONERING_PRISTINE"      # the one that was started instead must not look for another


def hand_over(root: Path, arguments: list[str]) -> None:
    """Start the pristine grader in place of this one, if this one was changed."""
    if _DONE in os.environ or not (base := _base(root)) or not _changed(root, base):
        return
    stage = Stage(f"the grader of {root}")
    write_tree(stage.tree, from_commit(root, base))
    line = [sys.executable, "-m", "grade.grader", "--tree", str(root), *arguments]
    done = subprocess.run(line, cwd=stage.tree, env={**os.environ, _DONE: "1"})
    stage.close()
    sys.exit(done.returncode)


def _base(root: Path) -> str:
    """The commit the student began with; "" where no lab has begun."""
    try:
        tree = Tree(root)
        return tree.base if tree.state else ""
    except CourseError:
        known = subprocess.run(["git", "-C", str(root), "rev-parse", "-q", "--verify",
                                "refs/tags/onering-base"], capture_output=True, text=True)
        return known.stdout.strip()


def _changed(root: Path, base: str) -> bool:
    said = subprocess.run(["git", "-C", str(root), "diff", "--name-only", base, "--", *OF_THE_GRADER],
                          capture_output=True, text=True)
    return bool(said.stdout.strip())

"""make handout: the tree that students get, a fresh git repository.

    chosen labs             their holes are open, each with its contract
    done labs (DONE=)       chosen, but solved
    later labs              their folders are left out; their holes are open and say only a number
    earlier labs            not chosen: their folders are left out, the kernel has their solutions

Left out altogether is what only authors and instructors need, see LEFT_OUT. Nothing in the release
depends on when, where or by whom it was made, so it is the same bytes every time.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from . import bug, opening, say, sources, state
from .course import Course, CourseError, Lab, load, wrapped
from .lab_text import lab_text
from .repository import Repository, find

LEFT_OUT = ("labs/README.md", "labs/*/INSTRUCTOR.md", "labs/*/mutants", "labs/*/reference",
            "labs/*/bug.patch", "labs/*/spec.py", "grade/tests", "grade/host/test_*", "grade/grader/selftest*",
            "grade/grader/forger*", "docs/instructor.md", ".ci")
WHEN = "2001-01-01T00:00:00+0000"
WHO = "The course"
ADDRESS = "course@onering.invalid"


def make(root: Path, labs: list[int], done: list[int], target: Path, key: str,
         bugs: bool = True) -> None:
    """Without `bugs` nothing is built: the planted bugs are missing."""
    course = load(root)
    _check(course, labs, done, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        full, tree = Path(folder, "full"), Path(folder, "release")
        export(root, full)
        shutil.copytree(full, tree, symlinks=True)
        chosen = [course.lab(number) for number in labs]
        for lab in chosen:
            _write_lab(lab, tree, key)
            if lab.bug and bugs:
                _build_bug(lab, full, tree)
        _leave_out(course, tree, labs, done)
        _drop_links(tree)
        _open(course, tree, labs, done, key)
        state.store(tree, state.State(open=[n for n in labs if n not in done],
                                      release=state.Release(labs, done, key)))
        _commit(tree, labs)
        _check_target(target)
        tree.replace(target)
    _tell(course, target, labs, done)


def _check(course: Course, labs: list[int], done: list[int], target: Path) -> None:
    if state.is_student_tree(course.root):
        raise CourseError("this is a student's tree; releases are made from the full one, on its main "
                          "branch")
    for number in [*labs, *done]:
        course.lab(number)
    if strange := [number for number in done if number not in labs]:
        raise CourseError(f"DONE={strange[0]}: only a lab of LABS= can come solved")
    _check_target(target)


def _check_target(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists() or target.is_symlink():
        raise CourseError(f"{target} exists already; choose another DIR=, or move it away")


# --- the files ------------------------------------------------------------------------------------

def export(root: Path, target: Path) -> None:
    """What is committed; without a repository, what is there."""
    git = find(root)
    if git is None:
        skip = shutil.ignore_patterns("build", ".git", "__pycache__", ".pytest_cache")
        shutil.copytree(root, target, ignore=skip, symlinks=True)
        return
    if unsaved := git.unsaved():
        say.note(f"Not in the release, because they are not committed: changes in {say.listed(unsaved)}.")
    with tarfile.open(fileobj=io.BytesIO(git.bytes("archive", "--format=tar", "HEAD"))) as tar:
        tar.extractall(target)


def _leave_out(course: Course, tree: Path, labs: list[int], done: list[int]) -> None:
    others = [lab for lab in course.labs if lab.number not in labs]
    kept_back = [each for lab in course.labs if lab.number in labs and lab.number not in done
                 for each in lab.kept_back]
    patterns = [*LEFT_OUT, *kept_back, *(f"labs/{lab.folder.name}" for lab in others),
                *(f"grade/labs/lab{lab.number}{end}" for lab in others for end in (".py", "_*", "/"))]
    for pattern in patterns:
        for path in sorted(tree.glob(pattern.rstrip("/"))):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _drop_links(tree: Path) -> None:
    """Lines of the front page that lead to what only authors have."""
    page = tree / "README.md"
    if page.exists():
        lines = sources.read(page).splitlines(keepends=True)
        sources.write(page, "".join(line for line in lines if "](labs/README.md)" not in line))


def _open(course: Course, tree: Path, labs: list[int], done: list[int], key: str) -> None:
    """Which holes a release has; what a reader of the sources may know of them."""
    for lab in course.labs:
        if lab.number in labs and lab.number not in done:
            opening.open_holes(tree, lab.holes)
        elif lab.number > max(labs):
            opening.open_holes(tree, lab.holes, contract=False)
        else:
            opening.lay_reference(tree, lab, key)


# --- what is different in a lab's folder ----------------------------------------------------------

def _write_lab(lab: Lab, tree: Path, key: str) -> None:
    """lab.toml and bars without answers, and what the key draws."""
    folder = tree / "labs" / lab.folder.name
    sources.write(folder / "lab.toml", lab_text(_public(lab, key)))
    if (folder / "bars.toml").exists():
        sources.write(folder / "bars.toml", wrapped(sources.read(folder / "bars.toml")))
    if key and (lab.folder / "spec.py").exists():
        done = subprocess.run([sys.executable, lab.folder / "spec.py", "page", key], check=True,
                              stdout=subprocess.PIPE, text=True)
        sources.write(folder / "SPEC.md", done.stdout)


def _public(lab: Lab, key: str) -> dict[str, Any]:
    """The lab as its lab.toml has it; the answers are hashed, and hints not read by accident."""
    table = lab.table()
    for hole in table["hole"]:
        hole["hints"] = [wrapped(hint) for hint in hole["hints"]]
    if lab.bug:
        salt = hashlib.sha256(f"{key}:{lab.number}".encode()).hexdigest()[:16]
        answers = [bug.hashed(answer, salt) for answer in lab.bug.answers]
        table["bug"] = {**table["bug"], "patch": "", "answers": answers}
    return table


def _build_bug(lab: Lab, full: Path, tree: Path) -> None:
    """The finished image. Built beside the full copy, so that the next one is built from clean sources."""
    if not (lab.folder / lab.bug.patch).exists():
        raise CourseError(f"{lab.folder.name} has no {lab.bug.patch}: the bug cannot be planted")
    source = full.parent / f"bug-{lab.number}"
    shutil.copytree(full, source, symlinks=True)
    bug.build_from(source, lab, tree / "labs" / lab.folder.name / bug.SHIPPED)
    shutil.rmtree(source)


# --- the repository -------------------------------------------------------------------------------

def _commit(tree: Path, labs: list[int]) -> None:
    """One commit on main. Dates, author, index: nothing in .git says when or where."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)
    fixed = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_AUTHOR_DATE": WHEN,
             "GIT_COMMITTER_DATE": WHEN, "GIT_AUTHOR_NAME": WHO, "GIT_COMMITTER_NAME": WHO,
             "GIT_AUTHOR_EMAIL": ADDRESS, "GIT_COMMITTER_EMAIL": ADDRESS, "TZ": "UTC"}
    git = Repository(tree, fixed)
    git.git("init", "-q", "-b", "main", "--template=")
    (tree / ".git/info").mkdir()            # where people look for `exclude`
    git.git("add", "-A", "-f")
    git.git("commit", "-q", "-m", f"Onering: {say.count(len(labs), 'lab')}")
    git.git("tag", state.BASE_TAG)
    (tree / ".git/index").unlink()
    git.git("read-tree", "HEAD")            # an index that knows no times of files
    (tree / ".git/COMMIT_EDITMSG").unlink(missing_ok=True)


def _tell(course: Course, target: Path, labs: list[int], done: list[int]) -> None:
    commit = Repository(target).git("rev-parse", "HEAD")
    say.say(f"Made {target}: commit {commit[:10]}")
    for number in labs:
        lab = course.lab(number)
        what = "solved" if number in done else f"{say.count(len(lab.holes), 'hole')} to write"
        say.say(f"  lab {number}  {lab.title}: {what}")
    before = [lab.number for lab in course.labs if lab.number not in labs and lab.number < max(labs)]
    if before:
        say.note(f"The kernel in it has the solutions of the labs that are not chosen but come before: "
                 f"{say.listed([str(number) for number in before])}.")

"""make save and make submit: what a student has is committed, and packed to be handed in."""

from __future__ import annotations

import gzip
import io
import json
import re
import subprocess
import tarfile
from pathlib import Path

from . import answers, grades, images, progress, repository, say, state
from .course import CourseError, Lab
from .student import Tree

FOLDER = "build/submit"


# --- save -----------------------------------------------------------------------------------------

def save(root: Path, message: str) -> None:
    """Commits all there is on the branch one is on."""
    git = repository.require(root, "save")
    known = state.load(root)
    about = f"Lab {known.lab}: " if known and known.lab else ""
    if not repository.save(git, message or f"{about}work in progress"):
        say.say("Nothing has changed since the last commit.")
        return
    say.say(f"Saved as {git.git('rev-parse', '--short', 'HEAD')} on `{git.branch()}`:")
    say.say(" " + git.git("show", "--stat=80", "--format=", "HEAD"))


# --- submit ---------------------------------------------------------------------------------------

def submit(tree: Tree, lab: Lab) -> None:
    """A tarball of what counts. Whatever is wrong with it is said; it is made all the same."""
    tree.check_begun(lab.number)
    git = repository.require(tree.root, f"submit LAB={lab.number}")
    unsaved = git.unsaved(untracked=True)
    if unsaved and say.is_terminal() and \
            say.ask(f"There is unsaved work in {say.listed(unsaved)}. Save it first?"):
        repository.save(git, f"Lab {lab.number}: handed in")
        unsaved = []
    _warn_of_errors(tree, lab)
    about = _about(tree, lab, unsaved)
    path = tree.root / FOLDER / f"onering-lab-{lab.number}-{about['revision'][:10]}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    files = _files(tree, lab)
    path.write_bytes(_tarball(files, about))
    _tell(tree, lab, path, about, files)


def _files(tree: Tree, lab: Lab) -> dict[str, bytes]:
    """The files of this lab and of those before it, as far as they began."""
    labs = [each for each in tree.course.labs if each.number in tree.begun.open
            and each.number <= lab.number]
    names = dict.fromkeys(name for each in labs for name in each.files)
    found = {}
    for name in [*names, answers.FILE]:
        target = tree.root / name
        if target.is_file():
            found[name] = target.read_bytes()
        elif name != answers.FILE and tree.base_bytes(name) is not None:
            say.say(say.bad(f"{name} is missing; it will be graded as it was given out."))
    return found


def _about(tree: Tree, lab: Lab, unsaved: list[str]) -> dict:
    """What the tarball says of itself: submission.json."""
    known = tree.begun
    return {
        "lab": lab.number,
        "revision": tree.repository.head(),
        "unsaved": unsaved,
        "base": tree.base,
        "release": known.release and vars(known.release),
        "caught_up": known.caught_up,
        "hints": known.hints,
        "hours": _hours(tree, lab),
        "open": [hole.id for hole in lab.holes if tree.is_open(hole)],
        "score": grades.last(tree, lab) if grades.is_current(tree, lab) else None,
        "points": progress.total_points(lab),
        "fingerprint": grades.fingerprint(tree.root),
    }


def _hours(tree: Tree, lab: Lab) -> object:
    """What the student says it took; None: nothing that can be read."""
    try:
        return answers.Book(tree.root).get("lab", str(lab.number), "hours") or None
    except CourseError:
        return None


def _tarball(files: dict[str, bytes], about: dict) -> bytes:
    """The same files make the same bytes."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        text = json.dumps(about, indent=1, sort_keys=True) + "\n"
        for name, content in {"submission.json": text.encode(), **files}.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def _tell(tree: Tree, lab: Lab, path: Path, about: dict, files: dict[str, bytes]) -> None:
    if about["unsaved"]:
        say.note(f"The tarball has your files as they are now; {say.listed(about['unsaved'])} differ "
                 "from what is saved (make save).")
    if about["open"]:
        say.say(f"Still open: {', '.join(about['open'])}.")
    if about["score"] is None:
        say.say("Not graded since your last change; `make grade` would tell you the points.")
    else:
        say.say(f"Self-measured score: {about['score']} of {about['points']} points, when all of it was "
                "graded last.")
    say.say(f"Made {path.relative_to(tree.root)}: {say.count(len(files), 'file')} at revision "
            f"{about['revision'][:10]}. Hand in this file.")


# --- does it compile? -----------------------------------------------------------------------------

def _warn_of_errors(tree: Tree, lab: Lab) -> None:
    broken = broken_files(tree.root, lab)
    for name, error in broken.items():
        say.say(say.bad(f"{name} does not compile: {error}"))
    if broken:
        say.note("It is handed in all the same. A file that does not compile is graded with its holes "
                 "open; the points of the other files stand.")


def broken_files(root: Path, lab: Lab) -> dict[str, str]:
    """Files in which the compiler finds an error, each with the first one."""
    found: dict[str, str] = {}
    for image in lab.images:
        done = images.run_make(root, ["-k", "LC_ALL=C", *image.make.split()], subprocess.PIPE)
        errors = re.findall(r"^(?:\./)?([\w./-]+):(\d+):(?:\d+:)? (?:fatal )?[Ee]rror: (.*)$", done.stderr,
                            re.M)
        for name, line, what in errors:
            found.setdefault(name, f"line {line}: {what}")
        if done.returncode and not errors:
            last = (done.stderr.strip() or "make failed").splitlines()
            found.setdefault(f"make {image.make}", next((each for each in last if "make" not in each),
                                                        last[0]))
    return found

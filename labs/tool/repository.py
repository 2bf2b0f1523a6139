"""git, as far as the course needs it, and what can be in its way.

Whatever is wrong is one CourseError that says what to type. Nothing here throws work away: branches
are switched only by `git switch`, which refuses to overwrite, and tags and commits are only added.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from . import say, state
from .course import CourseError

WORK = "work"               # the one branch of a student
OWN = (state.FOLDER,)       # changes here are the tool's own, no unsaved work


class GitError(CourseError):
    """git refused."""


class Repository:
    def __init__(self, root: Path, environment: dict[str, str] | None = None):
        self.root = root
        self.environment = environment or {}

    def run(self, *words: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, "LC_ALL": "C", "GIT_EDITOR": "true", **self.environment}
        return subprocess.run(["git", *words], cwd=self.root, env=environment, capture_output=True,
                              stdin=subprocess.DEVNULL)

    def bytes(self, *words: str) -> bytes:
        done = self.run(*words)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip() or "no reason given"
            raise GitError(f"git {words[0]} failed: {said}")
        return done.stdout

    def git(self, *words: str) -> str:
        return self.bytes(*words).decode("utf-8", "surrogateescape").strip()

    def asks(self, *words: str) -> str | None:
        """The answer, or None if git says no."""
        done = self.run(*words)
        return None if done.returncode else done.stdout.decode("utf-8", "surrogateescape").strip()

    # --- where we are -----------------------------------------------------------------------------

    def head(self) -> str | None:
        """None: nothing was ever committed."""
        return self.asks("rev-parse", "-q", "--verify", "HEAD^{commit}")

    def branch(self) -> str | None:
        """None: the HEAD is detached."""
        return self.asks("symbolic-ref", "-q", "--short", "HEAD")

    def commit_of(self, name: str) -> str | None:
        return self.asks("rev-parse", "-q", "--verify", f"{name}^{{commit}}")

    def has_branch(self, name: str) -> bool:
        return self.commit_of(f"refs/heads/{name}") is not None

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.run("merge-base", "--is-ancestor", older, newer).returncode == 0

    def unsaved(self, untracked: bool = False) -> list[str]:
        """Files with changes that no commit has."""
        listing = self.bytes("status", "--porcelain", "-z",
                             f"--untracked-files={'all' if untracked else 'no'}")
        entries = iter(listing.decode("utf-8", "surrogateescape").split("\0"))
        found = []
        for entry in entries:
            if entry[:1] in ("R", "C"):
                next(entries)                   # the name it had before
            if entry and not entry[3:].startswith(tuple(f"{own}/" for own in OWN)):
                found.append(entry[3:])
        return found

    def file_at(self, commit: str, path: str) -> bytes | None:
        done = self.run("cat-file", "blob", f"{commit}:{path}")
        return None if done.returncode else done.stdout

    # --- adding to it -----------------------------------------------------------------------------

    def commit(self, message: str, paths: list[str] | None = None) -> bool:
        """Commits these paths alone (None: everything there is). False: there was nothing new."""
        if paths is None:
            self.git("add", "-A")
        else:
            self.git("add", "-A", "-f", "--", *paths)
        what = ["--only", "--", *paths] if paths else []
        if self.head() and self.run("diff", "--cached", "--quiet", *what[1:]).returncode == 0:
            return False
        self.git("-c", "commit.gpgsign=false", "commit", "-q", "--no-verify", "-m", message, *what)
        return True

    def tag(self, name: str, commit: str = "HEAD") -> str:
        """A tag that is new: with -2, -3 behind it if there are older ones."""
        free, number = name, 1
        while self.commit_of(f"refs/tags/{free}"):
            number += 1
            free = f"{name}-{number}"
        self.git("-c", "tag.gpgsign=false", "tag", free, commit)
        return free


# --- what can be in the way -----------------------------------------------------------------------

def installed() -> None:
    try:
        subprocess.run(["git", "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CourseError("git is not installed, and your work needs it; on Debian and Ubuntu: "
                          "sudo apt install git") from error


def find(root: Path) -> Repository | None:
    """The repository whose top is `root`; a repository around it is not ours."""
    installed()
    repository = Repository(root)
    done = repository.run("rev-parse", "--show-toplevel")
    said = done.stderr.decode(errors="replace")
    if "dubious ownership" in said:
        raise CourseError("this folder belongs to somebody else, so git does not touch it; if you "
                          f"trust it: git config --global --add safe.directory {root}")
    if done.returncode:
        return None
    top = Path(done.stdout.decode("utf-8", "surrogateescape").rstrip("\n"))
    return repository if top.resolve() == root.resolve() else None


def require(root: Path, command: str) -> Repository:
    """The repository, calm and with a name to commit under; offers to make one."""
    repository = find(root)
    if repository is None or repository.head() is None:
        repository = _begin(root, command)
    _check_calm(repository)
    _check_identity(repository)
    return repository


def _begin(root: Path, command: str) -> Repository:
    """A ZIP has no history, so one begins here."""
    how = "git init -q -b main && git add -A && git commit -q -m 'As unpacked'"
    if not say.is_terminal():
        raise CourseError("this folder is no git repository yet, and your work is kept in one; "
                          f"start it with\n    {how}\nthen again: make {command}")
    if not say.ask("This folder is no git repository yet, and your work is kept in one. Start it?"):
        raise CourseError(f"nothing was done; to start the repository yourself:\n    {how}")
    repository = Repository(root)
    _check_identity(repository)
    repository.git("init", "-q", "-b", "main")
    repository.commit("As unpacked")
    say.say("The repository is there; its first commit is what you unpacked.")
    return repository


def _check_calm(repository: Repository) -> None:
    """Nothing half-done."""
    under_way = {"MERGE_HEAD": ("merge", "git commit", "git merge --abort"),
                 "rebase-merge": ("rebase", "git rebase --continue", "git rebase --abort"),
                 "rebase-apply": ("rebase", "git rebase --continue", "git rebase --abort"),
                 "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --continue",
                                      "git cherry-pick --abort"),
                 "REVERT_HEAD": ("revert", "git revert --continue", "git revert --abort"),
                 "BISECT_LOG": ("bisection", "git bisect reset", "git bisect reset")}
    for file, (what, finish, abort) in under_way.items():
        if (repository.root / repository.git("rev-parse", "--git-path", file)).exists():
            raise CourseError(f"a {what} is under way; finish it (`{finish}`) or give it up "
                              f"(`{abort}`), then try again")


def _check_identity(repository: Repository) -> None:
    """git would guess one from the machine's name, or refuse."""
    for variable, key in (("NAME", "user.name"), ("EMAIL", "user.email")):
        if not os.environ.get(f"GIT_AUTHOR_{variable}") and not repository.asks("config", key):
            raise CourseError("git does not know who you are; tell it once:\n"
                              "    git config --global user.name 'Your Name'\n"
                              "    git config --global user.email you@example.org\n"
                              "then try again")


def ensure_saved(repository: Repository, command: str) -> None:
    """No tracked file has unsaved changes, or the student lets us save them now."""
    files = repository.unsaved()
    if not files:
        return
    what = f"there is unsaved work in {say.listed(files)}"
    if say.is_terminal() and say.ask(f"{what[0].upper()}{what[1:]}. Save it first (make save)?"):
        save(repository, "Work in progress")
        return
    raise CourseError(f"{what}; run `make save`, then again: make {command}")


def save(repository: Repository, message: str) -> bool:
    """Commits all there is."""
    if repository.branch() is None:
        raise CourseError("you are on no branch (HEAD is detached), and a commit here is easily lost; "
                          "first give this place a name, or go back:\n"
                          f"    git switch -c my-branch      or      git switch {WORK}")
    return repository.commit(message)

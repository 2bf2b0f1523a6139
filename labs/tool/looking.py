"""make look LAB=N: the state in which lab N was left, in a folder of its own beside this one."""

from __future__ import annotations

from . import repository, say
from .course import CourseError
from .repository import Repository
from .student import Tree


def look(tree: Tree, number: str) -> None:
    if not number:
        raise CourseError(f"which lab? For example: make look LAB={tree.lab.number}")
    lab = tree.lab_or_current(number)
    if lab.number not in tree.begun.started:
        raise CourseError(f"lab {lab.number} has not begun; begin it with: make lab-{lab.number}")
    git = tree.repository
    commit = git.commit_of(f"refs/tags/lab-{lab.number}-end")
    if lab.number == tree.begun.lab or not commit:
        commit = git.commit_of(f"refs/heads/{repository.WORK}") or git.head()
    folder = tree.root.parent / f"{tree.root.name}-lab-{lab.number}"
    git.git("worktree", "prune")
    if folder.exists():
        _move(git, folder, commit)
    else:
        git.git("worktree", "add", "-q", "--detach", str(folder), commit)
    say.say(f"Lab {lab.number} as you left it ({commit[:10]}) is in {folder}")
    say.say("It is for looking and trying; your work goes on here. "
            f"When you are done: git worktree remove {folder}")


def _move(git: Repository, folder, commit: str) -> None:
    """To the newest state, if nobody works there."""
    there = Repository(folder)
    if str(folder.resolve()) not in git.git("worktree", "list", "--porcelain"):
        raise CourseError(f"{folder} exists and is something else; move it away first")
    if there.unsaved(untracked=True) or there.branch():
        raise CourseError(f"somebody works in {folder}: it has changes or a branch of its own, so it is "
                          f"left alone; to have it made again: git worktree remove --force {folder}")
    there.git("checkout", "-q", "--detach", commit)

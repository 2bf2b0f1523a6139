"""make lab-N: starts lab N on the branch `work`, or returns to it."""

from __future__ import annotations

from pathlib import Path

from . import cutter, kept, opening, progress, repository, say, state
from .course import CourseError, Hole, Lab, load
from .repository import WORK, Repository
from .student import Tree, lab_number


def start(root: Path, number: str) -> None:
    wanted = lab_number(number)
    load(root).lab(wanted)                  # a lab that does not exist is no reason to touch anything
    command = f"lab-{wanted}"
    git = repository.require(root, command)
    _go_to_work(git, command)
    tree = Tree(root)                       # of this branch, which may be another course
    lab = tree.course.lab(wanted)
    if tree.state and wanted in tree.state.started:
        _return_to(tree, git, lab)
    else:
        _begin(tree, git, lab, command)
    progress.introduce(Tree(root), lab)


# --- the branch -----------------------------------------------------------------------------------

def _go_to_work(git: Repository, command: str) -> None:
    branch = git.branch()
    if branch == WORK:
        return
    _check_place(git, branch)
    if not git.has_branch(WORK):
        repository.ensure_saved(git, command)
        git.git("switch", "-q", "-c", WORK)
        say.say(f"You are now on the new branch `{WORK}`; everything you write for the course goes "
                "there.")
        return
    repository.ensure_saved(git, command)
    _tell_of_commits_elsewhere(git, branch)
    git.git("switch", "-q", WORK)
    say.say(f"Back on your branch `{WORK}`.")


def _check_place(git: Repository, branch: str | None) -> None:
    """Commits on a detached HEAD that no branch has would be hard to find again."""
    if branch is None and not git.git("for-each-ref", "--contains", "HEAD"):
        raise CourseError("you are on no branch (HEAD is detached), with commits that nothing else "
                          "leads to; give them a name first: git branch my-commits")


def _tell_of_commits_elsewhere(git: Repository, branch: str | None) -> None:
    if not branch:
        return
    upstream = git.asks("rev-parse", "-q", "--verify", f"{branch}@{{upstream}}")
    own = git.git("rev-list", "--count", branch, f"^{WORK}", *([f"^{upstream}"] if upstream else []))
    if own != "0":
        say.note(f"{say.count(int(own), 'commit')} of yours on `{branch}` are not on `{WORK}`. They "
                 f"stay where they are; to bring them over: `git merge {branch}`")


# --- the lab --------------------------------------------------------------------------------------

def _return_to(tree: Tree, git: Repository, lab: Lab) -> None:
    if tree.state.lab != lab.number:
        _mark_end(git, tree.state.lab)
        tree.state.lab = lab.number
        state.store(tree.root, tree.state)
        git.commit(f"Back to lab {lab.number}", [state.FOLDER])
    _tell_of_newer_base(tree, git)


def _begin(tree: Tree, git: Repository, lab: Lab, command: str) -> None:
    repository.ensure_saved(git, command)
    known = tree.state or state.State()
    if not known.base:
        known.base, known.upstream = _base(tree, git)
    kept_names: list[str] = []
    files: list[str] = []
    if not known.release and lab.number not in known.open:
        tree.state = known
        kept_names = _keep_changed(tree, lab)
        files = _open(tree, lab)
        known.open = sorted({*known.open, lab.number})
    _mark_end(git, known.lab)
    known.lab, known.started = lab.number, sorted({*known.started, lab.number})
    state.store(tree.root, known)
    git.commit(f"Lab {lab.number}: {lab.title}", [state.FOLDER, *files])
    git.tag(f"lab-{lab.number}-start")
    _report_kept(kept_names)


def _base(tree: Tree, git: Repository) -> tuple[str, str]:
    """The commit to compare with, and the branch it is on. In a release it is the tagged one."""
    if tree.is_release:
        return tree.base, ""
    upstream, base = "", git.head()
    for branch in ("@{upstream}", "main@{upstream}", "master@{upstream}"):
        if upstream := git.asks("rev-parse", "-q", "--abbrev-ref", branch) or "":
            base = git.asks("merge-base", "HEAD", upstream) or base
            break
    if base != git.head():
        say.note("This branch has commits of its own. They come along; but what they change outside "
                 "the files of a lab does not count when it is graded.")
    if not git.commit_of(f"refs/tags/{state.BASE_TAG}"):
        git.tag(state.BASE_TAG, base)
    return base, upstream


def _open(tree: Tree, lab: Lab) -> list[str]:
    try:
        return opening.open_holes(tree.root, lab.holes)
    except CourseError as error:
        raise CourseError(f"{error}\nNothing was changed. If you moved or renamed it, make it again "
                          "what it was: git diff " + state.BASE_TAG + " shows what you changed") from error


def _keep_changed(tree: Tree, lab: Lab) -> list[str]:
    """What a student already wrote where a hole will open."""
    names = []
    for hole in lab.holes:
        text = _own_version(tree, hole)
        if text is not None:
            names.append(kept.keep(tree.root, hole.id, hole.file, text))
    return names


def _own_version(tree: Tree, hole: Hole) -> str | None:
    now = tree.text(hole.file) if hole.file else ""
    if hole.kind == "new" or not now or cutter.is_open(now, hole):
        return None
    base = tree.base_text(hole.file)
    if hole.kind == "file":
        return now if now != base else None
    try:
        mine, theirs = cutter.body(now, hole), cutter.body(base, hole)
    except CourseError:
        return None                             # opening it will say what is wrong
    return mine if mine != theirs else None


def _report_kept(names: list[str]) -> None:
    for name in names:
        say.say(f"What you had written there is kept in {name}.")


def _mark_end(git: Repository, number: int) -> None:
    """`make look` shows this state of the lab that is left now."""
    if number:
        git.git("-c", "tag.gpgsign=false", "tag", "-f", f"lab-{number}-end")


def _tell_of_newer_base(tree: Tree, git: Repository) -> None:
    """The course moved on, and the student took it over by a merge."""
    known = tree.begun
    newest = git.asks("merge-base", "HEAD", known.upstream) if known.upstream else None
    if newest and newest != tree.base and git.is_ancestor(tree.base, newest):
        known.base = newest
        state.store(tree.root, known)
        git.commit("The course moved on", [state.FOLDER])
        say.say(f"Your work is now compared with the newer course you merged ({newest[:10]}).")

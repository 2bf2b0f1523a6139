"""What is graded: a pristine tree with the student's lab files laid over it, and all that was not.

    Subject.of_tree(root)            a student's tree; or, where no lab was begun, the solution itself
    subject.files                    every file that is built from, by path
    subject.given[file]              a lab file as it was handed out, for when the student's is no good

Only files that a lab names count. Others that were changed are listed in `ignored`; functions that
were given and have been changed, in `touched`.
"""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from labs.tool import course as course_file
from labs.tool import cutter, opening, sources, state
from labs.tool.course import Course, CourseError, Hole

# What an image is built from. The rest of the tree is nothing a compiler should be able to read.
BUILT_FROM = ("Makefile", "kern/", "lib/", "user/", "linker/", "tools/", "labs/labs.mk")
FILE_MOST = 1 << 20         # bytes of a lab file


@dataclass(frozen=True)
class Source:
    """A file: what is in it, and whether it can be run."""

    content: bytes
    executable: bool = False


@dataclass
class Subject:
    """A tree to be graded."""

    root: Path                                  # where it comes from; results go below it
    course: Course
    files: dict[str, Source]
    given: dict[str, bytes | None] = field(default_factory=dict)
    labs: tuple[int, ...] = ()                  # those whose files count
    lab: int = 0                                # the current one
    key: str = ""
    ignored: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    caught_up: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def of_tree(cls, root: Path, base: str = "") -> Subject:
        """A student's tree if a lab was begun in it, else the solution."""
        known = state.load(root)
        return _student(root, known, base) if known else reference(root)

    def open_holes(self) -> list[str]:
        """Holes nobody has written anything into."""
        return [hole.id for hole in self.course.holes if self._is_open(hole)]

    def _is_open(self, hole: Hole) -> bool:
        source = self.files.get(hole.file)
        text = sources.decode(source.content) if source else ""
        if hole.kind == "new":
            return not cutter.strip_comments(text).strip()
        try:
            return cutter.is_open(text, hole)
        except CourseError:
            return False        # no such function any more: then it is not the hole that stops it

    def put_back(self, file: str) -> None:
        """The file as it was handed out, instead of the student's."""
        content = self.given.get(file)
        if content is None:
            self.files.pop(file, None)
        else:
            self.files[file] = Source(content)


def is_built_from(path: str) -> bool:
    return path.startswith(BUILT_FROM)


def reference(root: Path) -> Subject:
    """The solution: the tree as it is, and what only a solution has."""
    course = course_file.load()
    files = {path: source for path, source in from_folder(root).items() if is_built_from(path)}
    given = _handed_out(course, files)
    for lab in course.labs:
        files |= from_reference(lab.folder / "reference")
    numbers = tuple(lab.number for lab in course.labs)
    return Subject(root, course, files, given, numbers, 0)


def from_reference(folder: Path) -> dict[str, Source]:
    """Files that only a solution has."""
    return {str(path.relative_to(folder)): Source(path.read_bytes())
            for path in sorted(folder.rglob("*")) if path.is_file()}


# --- a student's tree -------------------------------------------------------------------------------

def _student(root: Path, known: state.State, base: str) -> Subject:
    course = course_file.load()         # the grader's own: a student's may say anything
    everything = _base(root, known, base)
    numbers = _counting(course, known)
    subject = Subject(root, course, {path: source for path, source in everything.items()
                                     if is_built_from(path)}, labs=numbers, lab=known.lab,
                      caught_up=list(known.caught_up))
    subject.key = known.release.key if known.release else ""
    done = frozenset(known.release.done if known.release else ())     # handed out solved
    subject.given = _handed_out(course, subject.files, numbers, done)
    for file in _lab_files(course, numbers):
        _lay_over(subject, root, file)
    subject.ignored = _ignored(root, everything, set(_lab_files(course, numbers)))
    return subject


def _counting(course: Course, known: state.State) -> tuple[int, ...]:
    """In a release the holes of all its labs are open from the start; else of those begun."""
    there = {lab.number for lab in course.labs}
    wanted = known.release.labs if known.release else {*known.open, known.lab}
    return tuple(sorted(there & set(wanted)))


def _lab_files(course: Course, numbers: tuple[int, ...]) -> list[str]:
    return list(dict.fromkeys(file for number in numbers for file in course.lab(number).files))


def _lay_over(subject: Subject, root: Path, file: str) -> None:
    path = root / file
    content = _read(path)
    if content is None:
        subject.put_back(file)
        if subject.given.get(file) is not None:
            subject.remarks.append(f"{file} is gone, or no plain file: it counts as it was handed out")
        return
    before = subject.files.get(file)
    subject.files[file] = Source(sources.encode(sources.decode(content)),
                                 bool(before and before.executable))
    if subject.given.get(file):
        subject.touched += _touched(file, subject.given[file], content, subject.course)


def _read(path: Path) -> bytes | None:
    """A regular file of a sensible size; a link could lead anywhere."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > FILE_MOST:
        return None
    return path.read_bytes()


def _touched(file: str, given: bytes, now: bytes, course: Course) -> list[str]:
    """Functions that were given complete and are others now."""
    holes = {hole.function for hole in course.holes if hole.file == file}
    try:
        before, after = (cutter.functions(sources.decode(text)) for text in (given, now))
    except CourseError:
        return []
    return [f"{file}: {name}" for name, text in before.items()
            if name not in holes and after.get(name) != text]


def _handed_out(course: Course, files: dict[str, Source],
                numbers: tuple[int, ...] = (), done: frozenset[int] = frozenset()) -> dict[str, bytes | None]:
    """Every lab file with its holes open, but those of labs that are done; None: it was not there."""
    found: dict[str, bytes | None] = {}
    for file in _lab_files(course, numbers or tuple(lab.number for lab in course.labs)):
        if file not in files:
            found[file] = None
            continue
        text = sources.decode(files[file].content)
        for hole in course.holes:
            if hole.file == file and (not numbers or hole.lab in numbers) and hole.lab not in done:
                text = opening.open_text(text, hole)
        found[file] = sources.encode(text)
    return found


def _ignored(root: Path, base: dict[str, Source], counted: set[str]) -> list[str]:
    """Files that differ from those handed out and do not count."""
    mine = {"answers.toml", "leaderboard.csv"}     # of make predict and the like, and of make race
    now = from_folder(root)
    changed = [path for path in {**base, **now} if path not in counted and path not in mine
               and not path.startswith(".lab/")
               and (path not in base or path not in now or base[path].content != now[path].content)]
    return sorted(changed)


# --- reading trees ----------------------------------------------------------------------------------

def _base(root: Path, known: state.State, base: str) -> dict[str, Source]:
    """What the student was given: a folder or a commit named by whoever grades, or the base commit."""
    if base and Path(base).is_dir():
        return from_folder(Path(base))
    for name in (base, known.base, f"refs/tags/{state.BASE_TAG}"):
        if name and _git(root, "cat-file", "-e", f"{name}^{{commit}}") is not None:
            return from_commit(root, name)
    if base:
        raise CourseError(f"{base} is neither a folder nor a commit of {root}")
    raise CourseError(f"the commit this course began with is not known here (the tag {state.BASE_TAG}): "
                      "`make lab-N` sets it; in a shallow clone try `git fetch --unshallow --tags`")


def from_commit(root: Path, name: str) -> dict[str, Source]:
    """All files of a commit."""
    archive = _git(root, "archive", "--format=tar", name)
    if archive is None:
        raise CourseError(f"git cannot read the commit {name}")
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {each.name: Source(tar.extractfile(each).read(), bool(each.mode & 0o100))
                for each in tar if each.isfile()}


def from_folder(root: Path) -> dict[str, Source]:
    """All files of a tree but what is built and what git ignores."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        names = listed.decode().split("\0")[:-1]
    else:
        names = [str(path.relative_to(root)) for path in root.rglob("*")
                 if path.relative_to(root).parts[0] not in ("build", ".git")
                 and "__pycache__" not in path.parts]
    return {name: Source((root / name).read_bytes(), os.access(root / name, os.X_OK))
            for name in dict.fromkeys(names)
            if (root / name).is_file() and not (root / name).is_symlink()}


def write_tree(tree: Path, files: dict[str, Source]) -> None:
    """The tree is these files and nothing else, but for what is built. Only what differs is written:
    make looks at times."""
    for path in _files_below(tree):
        if path not in files:
            (tree / path).unlink()
    for path, source in files.items():
        _write(tree / path, source.content, source.executable)


def _files_below(tree: Path) -> list[str]:
    found = []
    for folder, folders, names in os.walk(tree):
        if Path(folder) == tree:
            folders[:] = [name for name in folders if name not in ("build", ".lab")]
        found += [os.path.relpath(os.path.join(folder, name), tree) for name in names]
    return found


def _write(path: Path, content: bytes, executable: bool) -> None:
    mode = 0o755 if executable else 0o644
    if path.is_file() and path.read_bytes() == content and path.stat().st_mode & 0o777 == mode:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


def _git(root: Path, *words: str) -> bytes | None:
    """What git prints, or None. Nothing of the student's configuration is run by these."""
    done = subprocess.run(["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-C",
                           str(root), *words], capture_output=True)
    return done.stdout if done.returncode == 0 else None

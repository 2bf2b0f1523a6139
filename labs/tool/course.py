"""The course as its files describe it: labs/N-name/lab.toml, read and checked.

Whatever is wrong with a lab.toml is one CourseError that names file and entry: the tool, the grader
and the tests all read labs through here and may then trust them.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

try:
    import tomllib
except ImportError:            # before Python 3.11
    import tomli as tomllib    # type: ignore

ROOT = Path(__file__).resolve().parent.parent.parent
WRAPPED = "base64:"             # so a hint begins in a release
FOLDER = re.compile(r"^(\d+)-([a-z][a-z-]*)$")


class CourseError(Exception):
    """A lab.toml, or the tree it speaks of, is not as it must be."""


@dataclass(frozen=True)
class Hole:
    """Something to write. `where` is what the cutter looks for in `file`."""

    id: str                         # "1.2": lab and number
    title: str
    kind: str                       # body: a function or label; file: all of it; new: of one's own
    points: int
    text: str                       # what stands in the hole: the contract, never the algorithm
    hints: tuple[str, ...]          # three: a nudge, where to look, pseudocode
    file: str = ""                  # kind new: "" or the file to add
    function: str = ""              # C: the function whose body goes
    label: str = ""                 # assembly: from behind this label ...
    until: str = ""                 # ... to before this line (its beginning)
    gone: tuple[str, ...] = ()      # functions, types and macros of `file` that go too
    needs: tuple[str, ...] = ()     # holes without which this one cannot be tried
    lines: int = 0                  # about how many to write
    anchor: str = ""                # heading in the handout
    reach: tuple[str, ...] = ()     # of a tool: names or files an image has if it reaches the hole

    @property
    def lab(self) -> int:
        return int(self.id.split(".")[0])

    @property
    def number(self) -> int:
        return int(self.id.split(".")[1])

    @property
    def mark(self) -> str:
        """The statement that stands in the hole."""
        return f"HOLE({self.lab}, {self.number})"


@dataclass(frozen=True)
class Image:
    """A kernel that the lab boots."""

    name: str
    make: str                       # goal and choices: "boot HARTS=4"; prints its path last
    needs: tuple[str, ...] = ()     # holes of earlier labs that it runs through
    links: tuple[str, ...] = ()     # linker scripts: holes without which there is nothing to boot


@dataclass(frozen=True)
class Symptom:
    """A row of the handout's table, and how the grader knows that it applies (grade/grader)."""

    seen: str
    cause: str
    look: str = ""
    when: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measure:
    """A number that is predicted, then measured, then explained."""

    id: str                         # "1.a"
    question: str
    unit: str
    parts: tuple[str, ...] = ()     # what the number is made of: the student says how much of each
    points: int = 0


@dataclass(frozen=True)
class Bug:
    """A bug planted in given code, to be found with gdb in a finished image."""

    title: str
    story: str                      # what is seen, and where to start
    image: Image
    patch: str                      # file beside lab.toml; not in a release
    invariants: dict[str, str]      # letter: the sentence that may be violated
    answers: tuple[str, ...]        # "function:line:letter", any of them; hashed in a release
    points: int = 0
    args: str = ""


@dataclass(frozen=True)
class Mutant:
    """A plausible wrong solution, and the test that catches it."""

    name: str
    hole: str
    observer: str                   # name of the test
    kind: str                       # off-by-one, wrong-flag, once, one-hart, leak, hard-coded, prints
    body: str = ""                  # instead of the reference's body, or
    edits: tuple[tuple[str, str], ...] = ()     # (before, after) inside it


@dataclass(frozen=True)
class Lab:
    """One lab, all of lab.toml."""

    number: int
    name: str
    title: str
    folder: Path
    hours: int
    holes: tuple[Hole, ...]
    images: tuple[Image, ...]
    symptoms: tuple[Symptom, ...] = ()
    measures: tuple[Measure, ...] = ()
    bug: Bug | None = None
    extra_files: tuple[str, ...] = ()   # a student may edit these too
    kept_back: tuple[str, ...] = ()     # files that would give it away: in no release with the lab open

    @property
    def files(self) -> tuple[str, ...]:
        """What a student edits, and all that counts of their tree."""
        found = [hole.file for hole in self.holes if hole.file] + list(self.extra_files)
        return tuple(dict.fromkeys(found))

    def hole(self, identity: str) -> Hole:
        for hole in self.holes:
            if hole.id == identity:
                return hole
        raise CourseError(f"lab {self.number} has no hole {identity}; it has "
                          + ", ".join(hole.id for hole in self.holes))

    def table(self) -> dict[str, Any]:
        """As lab.toml has it."""
        return _table(self.folder / "lab.toml")

    def mutants(self) -> list[Mutant]:
        """The wrong solutions; none in a release."""
        return [_make(Mutant, tomllib.loads(path.read_text()), path)
                for path in sorted((self.folder / "mutants").glob("*.toml"))]


@dataclass(frozen=True)
class Course:
    """All labs there are in this tree."""

    root: Path
    labs: tuple[Lab, ...]

    def lab(self, number: int) -> Lab:
        for lab in self.labs:
            if lab.number == number:
                return lab
        raise CourseError(f"there is no lab {number}; there are "
                          + ", ".join(str(lab.number) for lab in self.labs))

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(hole for lab in self.labs for hole in lab.holes)

    def hole(self, identity: str) -> Hole:
        if not re.fullmatch(r"\d+\.\d+", identity):
            raise CourseError(f"{identity!r} is not the number of a hole, such as 1.2")
        return self.lab(int(identity.split(".")[0])).hole(identity)


def load(root: Path = ROOT) -> Course:
    """Read and check all labs."""
    found = [(int(match[1]), path) for path in (root / "labs").iterdir()
             if (match := FOLDER.match(path.name)) and (path / "lab.toml").exists()]
    course = Course(root, tuple(_lab(number, path) for number, path in sorted(found)))
    _check(course)
    return course


# --- reading ----------------------------------------------------------------------------------------

def _lab(number: int, folder: Path) -> Lab:
    path = folder / "lab.toml"
    table = _table(path)
    table["holes"] = tuple(_make(Hole, _with_plain_hints(one), path) for one in table.pop("hole", []))
    table["images"] = tuple(_make(Image, one, path) for one in table.pop("image", []))
    table["symptoms"] = tuple(_make(Symptom, one, path) for one in table.pop("symptom", []))
    table["measures"] = tuple(_make(Measure, one, path) for one in table.pop("measure", []))
    if "bug" in table:
        table["bug"]["image"] = _make(Image, table["bug"]["image"], path)
        table["bug"] = _make(Bug, table["bug"], path)
    name = FOLDER.match(folder.name)[2]
    return _make(Lab, {**table, "number": number, "name": name, "folder": folder}, path)


def wrapped(hint: str) -> str:
    """As a release has it: nobody who looks for something else reads pseudocode."""
    return WRAPPED + base64.b64encode(hint.encode()).decode()


def unwrapped(text: str) -> str:
    """What `wrapped` was given; other text as it is."""
    return base64.b64decode(text[len(WRAPPED):]).decode() if text.startswith(WRAPPED) else text


def _with_plain_hints(table: dict[str, Any]) -> dict[str, Any]:
    return {**table, "hints": [unwrapped(hint) for hint in table.get("hints", [])]}


def _table(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{path}: {error}") from error


def _make(kind: type, table: dict[str, Any], path: Path):
    """A dataclass from a table of the file; lists become tuples."""
    known = {each.name for each in fields(kind)}
    if unknown := set(table) - known:
        raise CourseError(f"{path}: {kind.__name__.lower()} {table.get('id', '')}: "
                          f"unknown {', '.join(sorted(unknown))}")
    try:
        return kind(**{name: _frozen(value) for name, value in table.items()})
    except TypeError as error:
        raise CourseError(f"{path}: {kind.__name__.lower()} {table.get('id', '')}: {error}") from error


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value


# --- checking ---------------------------------------------------------------------------------------

def _check(course: Course) -> None:
    known = {hole.id for hole in course.holes}
    for lab in course.labs:
        path = lab.folder / "lab.toml"
        for image in lab.images:
            if unknown := set(image.links) - known:
                raise CourseError(f"{path}: image {image.name}: there is no hole {', '.join(unknown)}")
        expected = [f"{lab.number}.{n}" for n in range(1, len(lab.holes) + 1)]
        if [hole.id for hole in lab.holes] != expected:
            raise CourseError(f"{path}: the holes are not numbered {', '.join(expected)}")
        for hole in lab.holes:
            _check_hole(hole, known, path)


def _check_hole(hole: Hole, known: set[str], path: Path) -> None:
    def demand(condition: object, sentence: str) -> None:
        if not condition:
            raise CourseError(f"{path}: hole {hole.id}: {sentence}")

    demand(hole.kind in ("body", "file", "new"), f"kind {hole.kind!r} is not body, file or new")
    demand(len(hole.hints) == 3, "there must be three hints")
    demand(hole.points > 0, "it has no points")
    demand(hole.text.strip(), "nothing would stand in it")
    demand("*/" not in hole.text, "its text would end the comment it stands in")
    demand(hole.kind == "new" or hole.file, "it has no file")
    demand(hole.kind != "body" or bool(hole.function) != bool(hole.label),
           "a body is a function or a label, one of the two")
    demand(not hole.label or hole.until, "a label needs `until`: where the hole ends")
    for need in hole.needs:
        demand(need in known, f"it needs {need}, which is not there")
        demand(_before(need, hole.id), f"it needs {need}, which comes after it")


def _before(one: str, other: str) -> bool:
    return tuple(map(int, one.split("."))) < tuple(map(int, other.split(".")))

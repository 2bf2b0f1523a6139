"""Images out of a subject's files, whatever the student's files are like.

The files are laid into a stage, a folder of the grader's own which is kept: what was compiled there last
time need not be compiled again. make runs in the jail. A lab file that does not compile, or that takes
more liberties than a lab file may, is put back as it was handed out; everything else is built and graded.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable

from grade.symbols import Symbols
from labs.tool.course import CourseError, Image

from . import liberties, packages
from .api import HoleOpen, NotJudged
from .jail import Jail
from .subject import Subject, write_tree

WORDS = 4000                # of what make says, this many characters are kept
KEPT = 14 * 86400           # seconds
ROUNDS = 12                 # files put back, at most
_PROGRESS = re.compile(r" *[A-Z]+ +\S+")       # of make
_MISSING = re.compile(r"undefined reference to [`']([\w$]+)'")
_REQUIRED = re.compile(r"required symbol [`']([\w$]+)' not defined")   # of a linker script: the Makefile asks
_FAILED = re.compile(r"^make: \*\*\* \[[^\]]*?\b(build/\S+\.o)\] ", re.M)


@dataclass(frozen=True)
class Built:
    """An image that can be booted."""

    elf: Path
    initrd: Path | None
    symbols: Symbols


@dataclass
class Problem:
    """A lab file that was put back, and why."""

    file: str
    words: str

    @property
    def sentence(self) -> str:
        said = [line for line in self.words.strip().splitlines() if not _PROGRESS.fullmatch(line)]
        return f"{self.file} counts as it was handed out: {said[0] if said else 'it does not build'}"


class Stage:
    """A folder for one subject, locked while it is used."""

    def __init__(self, name: str):
        home = Path(tempfile.gettempdir()) / f"onering-grade-{os.geteuid()}"
        home.mkdir(mode=0o711, exist_ok=True)
        if home.stat().st_uid != os.geteuid():
            raise CourseError(f"{home} belongs to somebody else; set TMPDIR to a folder of your own")
        self.folder = home / hashlib.sha256(name.encode()).hexdigest()[:16]
        self.folder.mkdir(mode=0o711, exist_ok=True)
        self.folder.chmod(0o711)
        self.tree = self.folder / "tree"
        self._lock = open(self.folder / "lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.utime(self.folder / "lock")
        _sweep(home)

    def close(self) -> None:
        self._lock.close()


def _sweep(home: Path) -> None:
    """Stages that nobody has used for long go."""
    for lock in home.glob("*/lock"):
        if time.time() - lock.stat().st_mtime > KEPT:
            with open(lock) as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                shutil.rmtree(lock.parent, ignore_errors=True)


@dataclass
class Builder:
    """Builds the images of one subject."""

    subject: Subject
    stage: Stage
    jail: Jail
    problems: list[Problem] = field(default_factory=list)

    def build(self, image: Image) -> Built:
        """The image; lab files that spoil it are put back on the way."""
        packages.provide(self.stage.folder, image.make)
        for _ in range(ROUNDS):
            self._put_back_all(liberties.in_sources(self.subject))
            self._demand(image.links)
            self._lay_out()
            status, said = self._make(image.make)
            if status == 0 and not self._put_back_all(
                    liberties.in_objects(self.subject, self.stage.tree, self.jail)):
                return self._built(said)
            if status != 0:
                self._put_back_culprits(said, image)
        raise NotJudged(f"the image {image.name} cannot be built:\n{said[-WORDS:]}")

    def broken(self, file: str) -> bool:
        """Whether this file had to be put back."""
        return any(problem.file == file for problem in self.problems)

    def _demand(self, holes: tuple[str, ...]) -> None:
        opened = self.subject.open_holes() if holes else []
        for hole in holes:
            if hole in opened:
                raise HoleOpen(hole)

    # --- the tree -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        tree = self.stage.tree
        (tree / ".lab").mkdir(parents=True, exist_ok=True)
        (tree / ".lab/state.json").touch()      # it is a student's: warnings are no errors
        build = tree / "build"
        if not build.exists():
            build.mkdir()
            self.jail.give(build)
        write_tree(tree, self.subject.files)

    def _make(self, words: str) -> tuple[int, str]:
        line = ["make", "-k", "-s", "--no-print-directory", "--output-sync=target",
                f"-j{os.cpu_count() or 1}", *words.split()]
        status, said = run_limited(self.jail.build(line, self.stage.tree), self.stage.tree)
        return status, said.replace(f"{self.stage.tree}/", "")

    def _built(self, said: str) -> Built:
        lines = said.strip().splitlines()
        named = dict(re.findall(r"^(elf|initrd)=(.+)$", said, re.M)) or {"elf": lines[-1]}
        elf, initrd = (self.stage.tree / named[kind] if kind in named else None
                       for kind in ("elf", "initrd"))
        return Built(elf, initrd, Symbols(elf, self.stage.tree))

    # --- files that are no good -----------------------------------------------------------------

    def _put_back_all(self, found: dict[str, str]) -> bool:
        for file, words in found.items():
            self._put_back(file, words)
        return bool(found)

    def _put_back_culprits(self, said: str, image: Image) -> None:
        mine = [file for file in self.subject.given if not self.broken(file)
                and file in self.subject.files]
        lacking = self._that_lack_a_name(said, mine)
        culprits = _that_make_names(said, mine) or \
            _that_do_not_compile(said, mine) or _that_generate(said, mine) or \
            _that_are_in_error(said, mine) or list(lacking) or \
            self._scripts_at_fault(said, mine) or _that_do_not_link(said, mine) or \
            [file for file in mine if re.search(rf"^{re.escape(file)}:\d+", said, re.M)] or mine
        if not culprits:
            raise NotJudged(f"the image {image.name} cannot be built, and no lab file is to blame:\n"
                            f"{said[-WORDS:]}")
        for file in culprits:
            self._put_back(file, lacking[file] if culprits == list(lacking) else _about(file, said))

    def _that_lack_a_name(self, said: str, files: list[str]) -> dict[str, str]:
        """Files that do not define what they defined when they were handed out, and others miss; and
        musl's header, which was handed out empty."""
        found: dict[str, list[str]] = {}
        for name in sorted(set(_MISSING.findall(said))):
            for file in files:
                if liberties.defines(self.subject.given.get(file), name) \
                        and not liberties.defines(self.subject.files[file].content, name):
                    found.setdefault(file, []).append(name)
        said_of = {file: f"it does not define {', '.join(names)} any more" for file, names in found.items()}
        if not said_of and (names := _missing_in_musl(said)):
            said_of = {file: f"musl needs {', '.join(names)}, which it does not define" for file in files
                       if file.startswith("lib/musl/") and file.endswith(".h")}
        return said_of

    def _scripts_at_fault(self, said: str, files: list[str]) -> list[str]:
        """Linker scripts that miss a name which the rest of the tree expects, or with which nothing can
        be linked. A name that only a lab file knows is that file's affair."""
        scripts = [file for file in files if file.endswith(".ld")]
        if _REQUIRED.search(said):
            return scripts
        missing = set(_MISSING.findall(said))
        expected = _foreign_names(self.subject.files[file].content for file in self.subject.files
                                  if file.endswith((".c", ".h", ".S", ".ld")) and file not in files)
        expected |= _foreign_names(filter(None, self.subject.given.values()))
        return scripts if not missing or missing & expected else []

    def _put_back(self, file: str, words: str) -> None:
        self.problems.append(Problem(file, words))
        self.subject.put_back(file)


def _missing_in_musl(said: str) -> list[str]:
    """Names out of musl's header of system calls which its sources use and nobody defines."""
    found = re.findall(r"(?:undefined references? to|implicit declaration of function|unknown type name) "
                       r"[`'‘](__syscall\w+|__SYSCALL_LL_\w|__scc|syscall_arg_t)", said)
    return sorted(set(found))


def _foreign_names(contents: Iterable[bytes]) -> set[str]:
    """Names that sources expect of others: declared extern in C, loaded in assembly; and what other
    linker scripts define."""
    text = b"\n".join(contents).decode(errors="replace")
    lines = re.findall(r"^ *extern .*?;|^ *(?:lla|la) [^\n]*|^ *[\w$]+ = ", text, re.M | re.S)
    return set(re.findall(r"[\w$]+", "\n".join(lines)))


def _that_make_names(said: str, files: list[str]) -> list[str]:
    """In a sentence of the Makefile's, with which it gives up before anything is compiled."""
    lines = re.findall(r"^Makefile:\d+: \*\*\* .*", said, re.M)
    return [file for file in files if any(file in line for line in lines)]


def _that_do_not_compile(said: str, files: list[str]) -> list[str]:
    stems = {re.sub(r"^build/[^/]+/(?=kern/|lib/|user/)", "", each)[:-2]
             for each in _FAILED.findall(said)}
    return [file for file in files if os.path.splitext(file)[0] in stems]


def _that_generate(said: str, files: list[str]) -> list[str]:
    """A tool that fails, or makes what does not compile or link."""
    made = re.search(r'^build/gen/|^build/musl/gen/|gen/onering/|libenosys|^  File "tools/', said, re.M)
    return [file for file in files if file.endswith(".py")] if made else []


def _that_are_in_error(said: str, files: list[str]) -> list[str]:
    """Headers, and what is compiled by somebody else's Makefile."""
    return [file for file in files
            if re.search(rf"^{re.escape(file)}:\d+(:\d+)?: (fatal )?[Ee]rror", said, re.M)]


def _that_do_not_link(said: str, files: list[str]) -> list[str]:
    """The linker names object files, or members of an archive; those of musl without a folder."""
    names = set(re.findall(r"([\w./-]+\.o)\)?[:(]", said))
    return [file for file in files if any(_is_object_of(name, file) for name in names)]


def _is_object_of(name: str, file: str) -> bool:
    own = os.path.splitext(file)[0] + ".o"
    return name.endswith(f"/{own}") or file.startswith("lib/musl/") and name == Path(own).name


def _about(file: str, said: str) -> str:
    """What was said of a file: the error first."""
    if file.endswith(".ld") and (missing := sorted({*_MISSING.findall(said), *_REQUIRED.findall(said)})):
        return f"the linker finds no {', '.join(missing)}"
    lines = [line for line in said.splitlines() if file in line or Path(file).stem + ".o" in line]
    lines.sort(key=lambda line: "error" not in line.lower())
    return "\n".join(lines[:8] or said.splitlines()[-4:])


def run_limited(line: list[str], folder: Path, most: int = 256 << 10) -> tuple[int, str]:
    """A command's exit status and the beginning of what it says; the rest is read and dropped."""
    with subprocess.Popen(line, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        kept = bytearray()
        while piece := process.stdout.read1(65536):
            kept += piece[:max(0, most - len(kept))]
    return process.returncode, kept.decode(errors="replace")

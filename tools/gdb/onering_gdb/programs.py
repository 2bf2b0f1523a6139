"""user: symbols of a program. $runs("cat"), $pid(), $tid(): who runs."""

from __future__ import annotations

from pathlib import Path

import gdb

from . import guest, kernel
from .command import Command

_ROOT = Path(__file__).resolve().parents[3]
_FOLDER = Path("build/user/bin")

_loaded = ""        # the program whose symbols gdb has


def loaded() -> str:
    """The name of the program whose symbols are loaded, or ""."""
    return _loaded


def _available() -> list[str]:
    return sorted(path.name for path in (_ROOT / _FOLDER).glob("*") if path.is_file())


def _forget_stop() -> None:
    """A breakpoint may get a second location: a program has functions of the same names. gdb must
    then not look for the location it stopped at. A step that is none makes it forget that."""
    thread = gdb.selected_thread()
    if not thread or not thread.is_stopped():
        return
    try:
        gdb.execute("with suppress-cli-notifications on -- stepi 0", to_string=True)
    except gdb.error:       # a gdb before 13 has no such setting, and does not look
        pass


def _unload() -> None:
    global _loaded
    if _loaded:
        _forget_stop()
        gdb.execute(f'remove-symbol-file "{_ROOT / _FOLDER / _loaded}"', to_string=True)
        _loaded = ""


def _load(name: str) -> None:
    global _loaded
    _unload()
    _forget_stop()
    gdb.execute(f'add-symbol-file "{_ROOT / _FOLDER / name}"', to_string=True)
    _loaded = name


def load_quietly(name: str) -> bool:
    """For commands that show user code; False: there is no such program here."""
    if name not in _available():
        return False
    _load(name)
    return True


class User(Command):
    """Load the symbols of a program, in the place of those loaded before.

    user PROGRAM   from build/user/bin/PROGRAM; after that its functions, lines and variables are
                   known, as those of the kernel are
    user           say which symbols are loaded, and what programs there are
    user -         unload them

    All programs begin at 0x10000, so gdb can know only one of them at a time, and a breakpoint in
    one stops every program that comes to the same address. To stop in one program only, ask:

        user cat
        break main if $runs("cat")

    To look at user memory the hart has to run that process: `harts` says."""

    name = "user"
    summary = "load the symbols of a program"

    def run(self, words: list[str]) -> None:
        if len(words) > 1:
            raise self.usage()
        if kernel.kind() == kernel.FUSED:
            raise gdb.GdbError("a fused image holds its program: the symbols are loaded already")
        if kernel.kind() == kernel.COURSE:
            raise gdb.GdbError("this image has no processes, and no programs")
        if not words:
            self._show()
        elif words[0] == "-":
            _unload()
        else:
            self._load(words[0])

    @staticmethod
    def _show() -> None:
        gdb.write(f"Loaded: {_loaded or 'none'}. There are: {', '.join(_available()) or 'none'}.\n")

    @staticmethod
    def _load(name: str) -> None:
        if name not in _available():
            raise gdb.GdbError(f"there is no program {name} in {_FOLDER}; `user` lists those "
                               "there are")
        _load(name)
        gdb.write(f"Symbols of {_FOLDER / name} are loaded.\n")

    def complete(self, text: str, _word: str) -> list[str]:
        return [name for name in _available() if name.startswith(text)]


# --- functions for conditions ------------------------------------------------------------------

class _WhoRuns(gdb.Function):
    """A function of gdb about the thread that the selected hart runs."""

    def invoke(self, *arguments):
        try:
            with guest.physical():      # no guest.require(): a condition is asked before gdb
                thread = kernel.running_thread(guest.selected_hartid())     # has quite stopped
                return self.answer(thread, *arguments)
        except (gdb.error, gdb.GdbError):
            return 0

    def answer(self, thread, *arguments):
        raise NotImplementedError


class _Runs(_WhoRuns):
    """$runs("NAME"): does the selected hart run the program NAME? 1 or 0."""

    def answer(self, thread, name):
        if not thread or not thread["proc"]:
            return 0
        return int(kernel.text(thread["proc"]["name"]) == name.string())


class _Pid(_WhoRuns):
    """$pid(): the number of the process that the selected hart runs; 0 if it runs none."""

    def answer(self, thread):
        return int(thread["proc"]["pid"]) if thread and thread["proc"] else 0


class _Tid(_WhoRuns):
    """$tid(): the number of the thread that the selected hart runs; 0: a thread of the kernel."""

    def answer(self, thread):
        return int(thread["tid"]) if thread else 0


def install() -> None:
    User()
    for function, name in ((_Runs, "runs"), (_Pid, "pid"), (_Tid, "tid")):
        function(name)

"""gdb and the machine it debugs: how the two find each other, and gdb in batch mode for tests.

`make qemu-gdb` opens a session and `make gdb` finds it, in one folder of the checkout:

    build/gdb/session   what runs; locked by QEMU for as long as it lives
    build/gdb/stub      the unix socket QEMU's debugger stub listens at

Paths are relative: a socket's path must be short, however deep the checkout lies. Only the
standard library is used.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

DEBUGGERS = ("gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-elf-gdb",
             "riscv64-linux-gnu-gdb", "gdb")
_START = 10.0       # seconds QEMU has to open its socket


class SessionError(Exception):
    """There is no machine to debug, or already one."""


@dataclass(frozen=True)
class Session:
    """A machine that waits for a debugger."""

    elf: str
    socket: str


def folder() -> Path:
    """Where sessions are; $GDB_SESSION overrides it."""
    root = Path(__file__).resolve().parent.parent
    return Path(os.path.relpath(os.environ.get("GDB_SESSION") or root / "build" / "gdb"))


def open_session(elf: Path) -> str:
    """Claim the session for the QEMU this process is about to become; the socket it must open."""
    folder().mkdir(parents=True, exist_ok=True)
    file = os.open(folder() / "session", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SessionError(f"{_about(folder() / 'session')} waits for a debugger already: use it "
                           f"(`make gdb`), or end it (^A x) first{_by_force(folder() / 'session')}") \
            from error
    socket = folder() / "stub"
    socket.unlink(missing_ok=True)
    os.ftruncate(file, 0)
    os.write(file, json.dumps({"elf": str(elf), "pid": os.getpid()}).encode())
    os.set_inheritable(file, True)
    return str(socket)


def find_session() -> Session:
    """The machine that waits for a debugger."""
    path = folder() / "session"
    if not path.exists():
        raise SessionError("no machine waits for a debugger; run `make qemu-gdb` in another "
                           "terminal first")
    if not _is_locked(path):
        raise SessionError(f"{_about(path)} has ended; start another with `make qemu-gdb` in "
                           "another terminal")
    return Session(json.loads(path.read_text())["elf"], await_socket(folder() / "stub"))


def _is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _about(path: Path) -> str:
    try:
        found = json.loads(path.read_text())
        return f"the machine with {found['elf']} (process {found['pid']})"
    except (OSError, ValueError, KeyError):
        return "a machine"


def _by_force(path: Path) -> str:
    try:
        return f"; if it does not answer: kill -9 {json.loads(path.read_text())['pid']}"
    except (OSError, ValueError, KeyError):
        return ""


def await_socket(path: Path) -> str:
    until = time.monotonic() + _START
    while not path.is_socket():
        if time.monotonic() > until:
            raise SessionError("QEMU has started but opened no debugger socket; look at the "
                               "terminal of `make qemu-gdb`")
        time.sleep(0.02)
    return str(path)


def command(elf: Path | str, socket: Path | str, before: Sequence[str] = (),
            after: Sequence[str] = ()) -> list[str]:
    """gdb connected to a machine, with arguments before and after the connection is made."""
    gdb = next(filter(shutil.which, DEBUGGERS), None)
    if gdb is None:
        raise SessionError("no gdb for RISC-V is installed; `make doctor` says how to get it")
    return [gdb, "-q", str(elf), "-ex", "set architecture riscv:rv64", *before,
            "-ex", f"target remote {socket}", *after]


def batch(elf: Path | str, socket: Path | str, *commands: str, scripts: Sequence[str] = (),
          timeout: float = 60.0) -> str:
    """What gdb prints when it runs `commands` on a machine booted with gdb=True, and leaves."""
    before = ["-nx", "-batch", *(word for script in scripts for word in ("-x", script))]
    after = [word for each in commands for word in ("-ex", each)]
    done = subprocess.run(command(elf, socket, before, after), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout)
    return done.stdout

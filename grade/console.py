"""The guest's console: everything it printed, and typing at it.

A thread drains the line all the time, so that a guest which prints much is never held up by a test
which looks seldom. `expect` has a cursor: each call looks behind what the last one matched.

      printed   | boot: 2 harts\\n# ls\\nbin dev\\n# |
                               ^ cursor            ^ the thread appends here

The line is two fifos. A socket would take 278 single bytes and then, if this thread is kept waiting by
a busy host, tell the UART to wait: the guest would spend its instructions on looking whether it may
go on, another number of them each time. A fifo takes all that a guest may print.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import select
import struct
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .errors import DeadlineExpired, MachineEnded, NotSeen
from .pace import SLOW

# A shell at its prompt: the last thing printed is "# " or "$ ".
PROMPT = re.compile(r"[#$] \Z")

JOIN = 5.0      # seconds for the thread to notice that QEMU is gone
ROOM = 1 << 20  # bytes a guest may be ahead of us: as much as everybody may ask for (fifo(7))
SLOW_ROOM = 4096    # of a terminal that is slow: the least there is

Pattern = str | re.Pattern


@dataclass(frozen=True)
class Seen:
    """A match on the console and the text between the last match and this one."""

    before: str
    match: re.Match

    @property
    def text(self) -> str:
        return self.match.group(0)

    def __getitem__(self, group: int | str) -> str:
        return self.match[group]


@dataclass(frozen=True)
class Result:
    """What a shell command printed and its exit status."""

    output: str
    status: int


class Line:
    """What connects a UART with us. `theirs` are the ends that QEMU inherits: it opens the fifos by
    their names when it has come so far; until then, these keep them open."""

    def __init__(self, directory: Path, slow: bool = False):
        self.path = directory / "console"
        typed, printed = directory / "console.in", directory / "console.out"    # as QEMU calls them
        for fifo in (typed, printed):
            os.mkfifo(fifo, 0o600)
        self.printed = os.open(printed, os.O_RDONLY | os.O_NONBLOCK)
        their_typed = os.open(typed, os.O_RDONLY | os.O_NONBLOCK)
        self.typed = os.open(typed, os.O_WRONLY)
        self.theirs = (their_typed, os.open(printed, os.O_WRONLY))
        _set_room(self.printed, SLOW_ROOM if slow else ROOM)

    def options(self) -> list[str]:
        """Words for QEMU's command line."""
        return ["-chardev", f"pipe,id=console,path={self.path}", "-serial", "chardev:console"]

    def give_away(self) -> None:
        """QEMU has its ends: when it ends, they are closed."""
        for end in self.theirs:
            os.close(end)

    def close(self) -> None:
        """Let go of our ends."""
        os.close(self.typed)
        os.close(self.printed)


def _set_room(fifo: int, room: int) -> None:
    try:
        fcntl.fcntl(fifo, fcntl.F_SETPIPE_SZ, room)
    except PermissionError:     # this user has many large ones already
        pass


class Console:
    """Our end of the line whose other end is the guest's UART."""

    def __init__(self, line: Line, deadline: float, on_deadline: Callable[[], None], most: int = 0,
                 held: bool = False):
        self._line = line
        self._deadline = deadline            # time.monotonic() at which the machine must be done
        self._on_deadline = on_deadline
        self._raw = bytearray()
        self._changed = threading.Condition()  # guards _raw and the two flags
        self._closed = False
        self._expired = False
        self._most = most                    # bytes a guest may print; 0: any number
        self.flooded = False                 # it printed more, and was ended for it
        self._cursor = 0                     # in characters of `text`
        self._typed = 0                      # length of `text` when something was last typed
        self._listening = threading.Event()  # cleared: what the guest sends waits in the line
        if not held:
            self._listening.set()
        self._thread = threading.Thread(target=self._drain, daemon=True, name="console")
        self._thread.start()

    # --- what was printed -------------------------------------------------------------------

    @property
    def raw(self) -> bytes:
        """Every byte the guest sent."""
        with self._changed:
            return bytes(self._raw)

    @property
    def text(self) -> str:
        """Everything printed so far, line ends as \\n."""
        return _clean(self.raw)

    @property
    def expired(self) -> bool:
        """The machine was killed because its time was up."""
        return self._expired

    @property
    def waiting(self) -> int:
        """Bytes the guest sent that nobody has taken yet."""
        return struct.unpack("i", fcntl.ioctl(self._line.printed, termios.FIONREAD, bytes(4)))[0]

    def release(self) -> None:
        """Listen, if it was held: nothing more was taken than there was room for, as by a slow terminal."""
        self._listening.set()

    def since(self) -> str:
        """What was printed behind the last match."""
        return self.text[self._cursor:]

    # --- waiting ----------------------------------------------------------------------------

    def expect(self, pattern: Pattern, timeout: float = 30.0) -> Seen:
        """Wait until the console shows `pattern` (a string as it is, or a compiled regex)."""
        regex = re.compile(re.escape(pattern)) if isinstance(pattern, str) else pattern
        wanted = pattern if isinstance(pattern, str) else pattern.pattern
        match = self._wait(lambda text: regex.search(text, self._cursor), wanted, timeout)
        before = match.string[self._cursor:match.start()]
        self._cursor = match.end()
        return Seen(before, match)

    def prompt(self, timeout: float = 30.0) -> None:
        """Wait for the shell to be at its prompt, printed after what was typed last."""
        def at_prompt(text: str) -> re.Match | None:
            return PROMPT.search(text) if len(text) > self._typed else None
        self._cursor = self._wait(at_prompt, "a shell prompt", timeout).end()

    def drain(self, timeout: float = JOIN) -> None:
        """Wait until the guest can print no more: QEMU has closed its end."""
        self._thread.join(timeout)

    def _wait(self, found: Callable[[str], re.Match | None], wanted: str,
              timeout: float) -> re.Match:
        """Sleep until `found` likes the text; raise when that cannot happen any more."""
        until = time.monotonic() + timeout * SLOW
        with self._changed:
            while True:
                text = _clean(bytes(self._raw))
                match = found(text)
                if match:
                    return match
                self._check_hope(until, wanted, text)
                self._changed.wait(max(0.0, until - time.monotonic()))

    def _check_hope(self, until: float, wanted: str, text: str) -> None:
        if self._expired:
            raise DeadlineExpired(f"time was up, still waiting for {wanted!r}{_tail(text)}")
        if self._closed:
            raise MachineEnded(f"QEMU ended before the console showed {wanted!r}{_tail(text)}")
        if time.monotonic() >= until:
            raise NotSeen(f"the console did not show {wanted!r} in time{_tail(text)}")

    # --- typing -----------------------------------------------------------------------------

    def send(self, data: str | bytes) -> None:
        """Type. Nothing is added: a line ends with the \\n you give."""
        self._typed = len(self.text)
        try:
            _write_all(self._line.typed, data.encode() if isinstance(data, str) else data)
        except OSError as error:
            raise MachineEnded(f"QEMU ended; cannot type {data!r}") from error

    def run(self, command: str, timeout: float = 30.0) -> Result:
        """Type a command at a shell prompt; wait for it and its exit status.

        The line typed is echoed: what marks the end must not be found in the echo. The echo
        holds `$?`, the answer a number.
        """
        mark = f"@done-{secrets.token_hex(3)}"
        joint = "" if command.rstrip().endswith("&") else ";"
        self.prompt(timeout)
        self.send(f"{command}{joint} echo {mark} $?\n")
        self.expect("\n", timeout)
        seen = self.expect(re.compile(rf"(?m)^(.*?){mark} (\d+)\n"), timeout)
        return Result(seen.before + seen[1], int(seen[2]))

    def close(self) -> None:
        """Let go of the line; what was printed stays readable."""
        self._listening.set()
        self._thread.join(JOIN)
        self._line.close()

    # --- the thread -------------------------------------------------------------------------

    def _drain(self) -> None:
        while not self._closed:
            left = self._deadline - time.monotonic()
            if left <= 0 and not self._expired:
                self._expired = True
                self._on_deadline()
            patience = left if left > 0 else 1.0
            if not self._listening.wait(patience):
                continue
            if select.select([self._line.printed], [], [], patience)[0]:
                self._take()

    def _take(self) -> None:
        try:
            piece = os.read(self._line.printed, 65536)
        except OSError:
            piece = b""
        with self._changed:
            self._raw += piece
            self._closed = not piece
            self._changed.notify_all()
        if self._most and len(self._raw) > self._most and not self.flooded:
            self.flooded = True
            self._on_deadline()


def _write_all(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data):]


def _clean(raw: bytes) -> str:
    """Bytes as text. A half-sent character at the end does no harm."""
    return raw.decode("utf-8", errors="replace").replace("\r", "")


def _tail(text: str, lines: int = 15) -> str:
    last = "\n".join("    " + line for line in text.splitlines()[-lines:])
    return f"\n  the console's last lines:\n{last}" if last else "\n  the console is empty"

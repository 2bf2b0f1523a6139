"""QEMU's control socket: one JSON object a line, a question and its answer.

Answers and asynchronous events come on the same stream; events are kept aside.
"""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

from .errors import HarnessError, MachineEnded


class Qmp:
    """A control connection; begin with negotiate(). May be used by several threads."""

    def __init__(self, sock: socket.socket, timeout: float):
        sock.settimeout(timeout)
        self._sock = sock
        self._lines = sock.makefile("rb")
        self._lock = threading.Lock()
        self.events: list[dict[str, Any]] = []
        self._receive()                      # QEMU says hello first

    def negotiate(self) -> None:
        """QEMU answers other commands only after this one."""
        self.execute("qmp_capabilities")

    def execute(self, command: str, **arguments: Any) -> Any:
        """Run a command; its result, or HarnessError with QEMU's own words."""
        question = {"execute": command, "arguments": arguments}
        with self._lock:
            try:
                self._sock.sendall(json.dumps(question).encode() + b"\n")
                return self._answer(command)
            except OSError as error:
                raise MachineEnded(f"QEMU did not answer {command!r}: {error}") from error

    def monitor(self, line: str, hart: int = 0) -> str:
        """Run a command of the human monitor, as seen from one hart."""
        return self.execute("human-monitor-command", **{"command-line": line, "cpu-index": hart})

    def forget(self, names: tuple[str, ...]) -> None:
        """Drop the events kept aside that have one of these names."""
        with self._lock:
            self.events[:] = [event for event in self.events if event["event"] not in names]

    def last_events(self) -> list[dict[str, Any]]:
        """All events, once QEMU has ended: what it still said is read to the end."""
        with self._lock:
            try:
                while True:
                    self.events.append(self._receive())
            except (MachineEnded, OSError, ValueError):
                return self.events

    def close(self) -> None:
        self._lines.close()
        self._sock.close()

    def _answer(self, command: str) -> Any:
        while True:
            message = self._receive()
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise HarnessError(f"QEMU refused {command!r}: {message['error']['desc']}")
            self.events.append(message)

    def _receive(self) -> dict[str, Any]:
        line = self._lines.readline()
        if not line:
            raise MachineEnded("QEMU closed its control socket")
        return json.loads(line)

"""Will a machine never do anything again? Asked about one that was told nothing and says nothing.

It is at rest when every hart stands behind a `wfi`, several looks in a row, while no guest instruction was
executed and nothing printed, and no timer is set that would end it. None of that depends on how fast
the host is: each look is an answer of QEMU's main loop, so what had to arrive has arrived, and a thread
that could run but gets no turn on the host does not count as asleep.

It is lost when a hart cannot execute the first instruction of its own trap vector, say because that is
not mapped: this is a trap, which goes to the trap vector. No instruction is executed any more, so no
budget is ever used up.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

from grade.registers import parse_registers

LOOKS = 4                   # in a row; whoever asks waits a little in between
FAR_NS = 20_000_000_000     # a timer that far ahead is as good as none
WFI = 0x10500073
AGES = 1 << 56              # counts of mtime: a clock that skips sleep has skipped to the end of all time
_TIMERS, _CLOCK = 0x2004000, 0x200BFF8      # QEMU virt: mtimecmp of each hart, mtime
_HZ = 10_000_000


class Rest:
    """Counts the looks at which nothing had moved."""

    def __init__(self, pid: int, nharts: int, progress: Callable[[], object],
                 monitor: Callable[[str, int], str]):
        self._pid, self._nharts = pid, nharts
        self._progress, self._monitor = progress, monitor
        self._last: object = None
        self._quiet = 0

    def look(self) -> str:
        """"asleep" once the machine has been found at rest, with no timer set, often enough; "lost" if
        so often a hart was; else nothing."""
        now = self._progress()
        same = now == self._last
        self._last = now
        if same and self._word("xp", "g", _CLOCK) > AGES:
            return "asleep"
        state = self._state() if same else ""
        self._quiet = self._quiet + 1 if state else 0
        if self._quiet < LOOKS or state == "asleep" and self._timer_is_set():
            return ""
        return state

    def _state(self) -> str:
        if self._harts_sleep():
            return "asleep"
        return "lost" if any(map(self._is_lost, range(self._nharts))) else ""

    def _is_lost(self, hart: int) -> bool:
        registers = parse_registers(self._monitor("info registers", hart))
        vector = registers["stvec"] & ~3
        trapped = not registers["scause"] >> 63     # an interrupt may come in the vector; it ends
        return trapped and vector == registers["pc"] == registers["sepc"]

    def _harts_sleep(self) -> bool:
        return self._threads_sleep() and all(map(self._waits, range(self._nharts)))

    def _threads_sleep(self) -> bool:
        """Those which run harts, that is all but the main one: that one may be busy with nothing."""
        try:
            return all(_state(path) == "S" for path in Path(f"/proc/{self._pid}/task").iterdir()
                       if path.name != str(self._pid))
        except OSError:
            return False        # it is just ending

    def _waits(self, hart: int) -> bool:
        pc = parse_registers(self._monitor("info registers", hart))["pc"]
        return self._word("x", "w", pc - 4, hart) == WFI

    def _timer_is_set(self) -> bool:
        now = self._word("xp", "g", _CLOCK)
        times = [self._word("xp", "g", _TIMERS + 8 * hart) for hart in range(self._nharts)]
        return any(now <= time < now + FAR_NS * _HZ // 10**9 for time in times)

    def _word(self, command: str, size: str, address: int, hart: int = 0) -> int:
        answer = re.search(r": (0x[0-9a-f]+)", self._monitor(f"{command} /1{size}x {address:#x}", hart))
        return int(answer[1], 16) if answer else 0


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]

"""How much memory the guest has free, for tests that nothing is lost."""

from __future__ import annotations

import re

from grade.machine import Machine

SLACK_KIB = 16      # a region of the kernel's heap, which it may keep: what is lost shows every round
_ROUNDS = 4


def free_kib(machine: Machine) -> int:
    """KiB free at the shell's prompt. A process that was waited for may still be on its way out on
    another hart, so the best of a few looks counts."""
    return max(_look(machine) for _ in range(_ROUNDS))


def _look(machine: Machine) -> int:
    return int(re.search(r"Mem: +\d+ +\d+ +(\d+)", machine.run("free").output)[1])

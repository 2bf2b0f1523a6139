"""What the short run of the tests (make test) and the long campaign (make test-full) share.

A campaign is chosen when tests are collected: with GRADE_FULL=1 the parameter lists below have all
their values, without it the few that find most.
"""

from __future__ import annotations

import os

FULL = os.environ.get("GRADE_FULL", "") not in ("", "0")

# (harts, icount): with icount one thread of QEMU runs all harts in turn, the same way every time.
_SHORT = [(1, True), (4, False)]
_ALL = [(harts, icount) for harts in (1, 2, 4, 7) for icount in (True, False)]
MACHINES = _ALL if FULL else _SHORT


def few(*values: object, most: int = 2) -> tuple:
    """The first of them, and all in the long campaign."""
    return values if FULL else values[:most]


def name(machine: tuple[int, bool]) -> str:
    """How a test's name says on what machine it ran."""
    harts, icount = machine
    return f"{harts}-harts" + ("-icount" if icount else "")

"""Sees from outside that a machine has run into an open hole, and names it.

A hole puts its number into register t6 and jumps to itself (kern/core/hole.h). Nothing of the guest need
work for that, and nothing is asked of the guest. Only the standard library is used: `make qemu` has
nothing else.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from .errors import HarnessError, MachineEnded
from .qmp import Qmp
from .registers import parse_registers

HOLE_MARK = 0x401E          # kern/core/hole.h: the upper half of t6
INTERVAL = 0.2              # seconds between two looks at a machine that somebody sits in front of
_JUMPS_TO_ITSELF = (0xA001, 0x6F)       # the shorter is told by its two bytes


def hole_of(t6: int) -> str:
    """The hole a register names, as "1.2", or ""."""
    lab, number = t6 >> 8 & 0xFF, t6 & 0xFF
    return f"{lab}.{number}" if t6 >> 16 == HOLE_MARK and lab and number else ""


def hole_reached(qmp: Qmp, nharts: int) -> str:
    """The hole in which one of the harts stands, or ""."""
    for hart in range(nharts):
        registers = parse_registers(qmp.monitor("info registers", hart))
        found = hole_of(registers.get("t6", 0))
        if found and _jumps_to_itself(qmp, hart, registers["pc"]):
            return found
    return ""


def _jumps_to_itself(qmp: Qmp, hart: int, pc: int) -> bool:
    word = re.search(r": 0x([0-9a-f]{8})", qmp.monitor(f"x /1wx {pc:#x}", hart))
    return bool(word) and (int(word[1], 16) in _JUMPS_TO_ITSELF
                           or int(word[1], 16) & 0xFFFF == _JUMPS_TO_ITSELF[0])


def watch(qmp: Qmp, nharts: int) -> str:
    """Until the machine ends by itself (""), or has run into a hole: then it is ended."""
    try:
        qmp.negotiate()
        while not (found := hole_reached(qmp, nharts)):
            time.sleep(INTERVAL)
        qmp.execute("quit")         # orderly: the terminal gets its manners back
        return found
    except (MachineEnded, HarnessError, OSError):
        return ""


def sentence(root: Path, identity: str) -> str:
    """Which hole it is, where it stands and where to read about it."""
    from labs.tool import course, opening, sources

    try:
        hole = course.load(root).hole(identity)
    except course.CourseError:
        return f"hole {identity} is not written yet; it belongs to a lab that is not in this tree"
    path = root / hole.file
    line = opening.line_of(sources.read(path), hole) if hole.file and path.exists() else 0
    place = f"{hole.file}:{line}" if line else hole.file
    lab = next(path.name for path in (root / "labs").glob(f"{hole.lab}-*"))
    anchor = f"#{hole.anchor}" if hole.anchor else ""
    return (f"hole {identity} is not written yet: {hole.title}, {place} "
            f"(labs/{lab}/README.md{anchor})")

"""What tests of fused images share."""

from __future__ import annotations

import re

from grade.machine import Machine

FIRMWARE_ENDS = re.compile(r"^Boot HART MEDELEG.*\n", re.M)


def said(machine: Machine) -> str:
    """What was printed after the firmware's page."""
    return FIRMWARE_ENDS.split(machine.text.replace("\r", ""), maxsplit=1)[1]


def sentence(machine: Machine, kind: str) -> str:
    """What a report of this kind says to people."""
    found = re.search(rf"^{kind}: (.*)$", said(machine), re.M)
    assert found, said(machine)
    return found[1]


def report(machine: Machine, kind: str) -> dict[str, str]:
    """The fields of the one line that a report prints for tools."""
    lines = re.findall(r"^@@ (\w+) (.*)$", said(machine), re.M)
    assert len(lines) == 1 and lines[0][0] == kind, said(machine)
    return dict(re.findall(r"(\w+)=(\S+)", lines[0][1]))

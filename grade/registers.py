"""The registers of a hart, out of QEMU's `info registers`.

A line holds one or several of `pc 0000000080000804`, `x10/a0 0000000000000001`.
"""

from __future__ import annotations

import re

_PAIR = re.compile(r"([a-z][\w/]*)\s+([0-9a-f]{16})\b")


def parse_registers(text: str) -> dict[str, int]:
    """Every name a register goes by, with its value."""
    return {name: int(value, 16)
            for names, value in _PAIR.findall(text) for name in names.split("/")}

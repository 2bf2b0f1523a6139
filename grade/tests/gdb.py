"""Asking gdb, with the commands of tools/gdb loaded, about a machine."""

from __future__ import annotations

import re
import subprocess
from typing import Sequence

from grade import debugger, images
from grade.machine import Machine

SCRIPT = images.ROOT / "tools/gdb/onering.py"
_MARK = "-- next answer --"


def ask(machine: Machine, *commands: str) -> list[str]:
    """What gdb answers to each command. The machine stops when gdb comes and goes on when it
    leaves, if it was not booted frozen: then it stands where `commands` let it come to."""
    words = [word for command in commands for word in (f"echo {_MARK}\\n", command)]
    said = machine.gdb(*words, scripts=[str(SCRIPT)])
    answers = said.split(_MARK + "\n")[1:]
    assert len(answers) == len(commands), said
    answers[-1] = answers[-1].split("[Inferior ")[0]      # "... detached]"
    return answers


def ask_nobody(*commands: str, elf: Sequence[object] = ()) -> str:
    """What gdb says with no machine attached."""
    line = [debugger.command("", "")[0], "-nx", "-batch", "-x", str(SCRIPT), *map(str, elf),
            *(word for command in commands for word in ("-ex", command))]
    return subprocess.run(line, cwd=images.ROOT, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60).stdout


def rows(answer: str) -> list[dict[str, str]]:
    """A table of one of our lists; columns begin where the words of the heading begin or, flush
    right, end."""
    heading, *lines = answer.splitlines()
    columns = [(match[0], match.start(), match.end()) for match in re.finditer(r"\S+", heading)]
    return [_row(columns, line) for line in lines]


def _row(columns: list[tuple[str, int, int]], line: str) -> dict[str, str]:
    cells = [(match.start(), match.end(), match[0])
             for match in re.finditer(r"\S+(?: \S+)*", line)]
    found = {}
    for name, start, end in columns:
        touching = [text for first, last, text in cells if first < end and last > start]
        found[name] = touching[0] if touching else ""
    return found

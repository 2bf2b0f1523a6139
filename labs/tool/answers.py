"""answers.toml: what a student predicted, measured and found.

The tool writes single keys into the text and leaves everything else as it is, since students write
in this file too:

    [measure."1.a"]
    predicted = 900
    measured = 1046
    build = "3fd2..."               the image it was measured with
    parts = { "the loop" = 0, ... } yours: how much of the number comes from where
    why = ""                        yours: a sentence

    [lab."1"]
    hours = 0                       yours: how long the lab took; 0 says nothing

    [bug."1"]
    answer = "trap_kernel:41:b"
    right = true
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from . import sources
from .course import CourseError, tomllib

FILE = "answers.toml"
HEAD = ("# What you predicted, measured and found. `make predict`, `make measure` and `make bug-N` write\n"
        "# here; `parts`, `why` and the `hours` a lab took you are for you to fill in.\n")


class Book:
    """The file as it is now."""

    def __init__(self, root: Path):
        self.path = root / FILE
        self.text = sources.read(self.path) if self.path.exists() else HEAD
        self.table = self._parsed()

    def _parsed(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise CourseError(f"{FILE} cannot be read: {error}") from error

    def get(self, kind: str, identity: str, key: str) -> Any:
        """None: not there."""
        entries = self.table.get(kind)
        entry = entries.get(identity) if isinstance(entries, dict) else None
        return entry.get(key) if isinstance(entry, dict) else None

    def set(self, kind: str, identity: str, **values: Any) -> None:
        """Writes the file at once."""
        lab = identity.split(".")[0]
        if self.get("lab", lab, "hours") is None:
            self.text = _with(self.text, f'[lab."{lab}"]', "hours", "0")
        for key, value in values.items():
            self.text = _with(self.text, f'[{kind}."{identity}"]', key, _toml(value))
        self.table = self._parsed()
        sources.write(self.path, self.text)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {inside} }}"
    return json.dumps(value)


def _with(text: str, header: str, key: str, value: str) -> str:
    """The text with `key = value` in the table of this header."""
    lines = text.splitlines()
    if header not in [line.strip() for line in lines]:
        lines += ["", header]
    start = [line.strip() for line in lines].index(header) + 1
    end = next((at for at in range(start, len(lines)) if lines[at].lstrip().startswith("[")), len(lines))
    for at in range(start, end):
        if re.match(rf"\s*{re.escape(key)}\s*=", lines[at]):
            lines[at] = f"{key} = {value}"
            break
    else:
        while end > start and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, f"{key} = {value}")
    return "\n".join(lines) + "\n"

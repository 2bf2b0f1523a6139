"""Writes a lab.toml: the tables that course.py reads, and nothing else."""

from __future__ import annotations

import json
from typing import Any


def lab_text(table: dict[str, Any]) -> str:
    """`table`: as tomllib would read it."""
    lines: list[str] = []
    _write(table, [], lines)
    return "\n".join(lines).strip("\n") + "\n"


def _write(table: dict[str, Any], path: list[str], lines: list[str]) -> None:
    """Plain values first, since a header ends what belongs to the one above."""
    for key, value in table.items():
        if not _is_table(value):
            lines.append(f"{key} = {_value(value)}")
    for key, value in table.items():
        if isinstance(value, dict):
            lines += ["", f"[{'.'.join([*path, key])}]"]
            _write(value, [*path, key], lines)
        elif _is_table(value):
            for one in value:
                lines += ["", f"[[{'.'.join([*path, key])}]]"]
                _write(one, [*path, key], lines)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) or \
        isinstance(value, (list, tuple)) and bool(value) and isinstance(value[0], dict)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, str) and "\n" in value and "'''" not in value and "\t" not in value:
        return f"'''\n{value}'''"
    return json.dumps(value, ensure_ascii=False)

"""Which row of a lab's symptom table is it? Matched by what was observed, never by guessing."""

from __future__ import annotations

import re
from typing import Any, Sequence

from labs.tool.course import Symptom

from .api import Failed, LabTest
from .endings import Ending
from .machine import GradedMachine


def match(rows: Sequence[Symptom], test: LabTest, failure: Failed, ending: Ending | None,
          machine: GradedMachine, facts: dict[str, Any]) -> Symptom | None:
    """The row that asks for the most and gets it all; the first of several."""
    seen = observed(test, failure, ending, machine, facts)
    fitting = [row for row in rows if row.when and all(_holds(key, wanted, seen)
                                                       for key, wanted in row.when.items())]
    return max(fitting, key=lambda row: len(row.when), default=None)


def observed(test: LabTest, failure: Failed, ending: Ending | None, machine: GradedMachine,
             facts: dict[str, Any]) -> dict[str, Any]:
    """Everything a row may ask about."""
    report = ending.report if ending else {}
    return {"ending": ending.kind if ending else "", "status": ending.status if ending else None,
            "console": machine.output, "function": machine.last_functions(),
            "cause": int(report["cause"]) if report.get("cause", "").isdigit() else None,
            "test": test.name, "seen": f"{failure.what}\n{failure.seen}", **facts}


def _holds(key: str, wanted: Any, seen: dict[str, Any]) -> bool:
    if key == "without":
        return not _holds("function", wanted, seen)
    if key not in seen:
        return False
    there = seen[key]
    if key == "console" and wanted == "":
        return not there.strip()
    if key == "ending" and wanted == "hang":
        return there in ("hang", "asleep")
    if isinstance(there, list):
        return any(re.search(wanted, each) for each in there)
    if isinstance(there, str) and isinstance(wanted, str):
        return re.search(wanted, there, re.M) is not None
    return there == wanted

"""How a machine came to its end, in a word for the tests and in a sentence for people."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

STATUS_OF = {"panic": 134, "fault": 139}    # kern/core/panic.h
_REPORT = re.compile(r"^@@ (panic|fault)((?: \w+=\S*)+)$", re.M)


@dataclass(frozen=True)
class Ending:
    """kind is one of: power-off, panic, fault, hole, hang, asleep, reset, flood."""

    kind: str
    status: int | None = None       # QEMU's exit status, if the guest chose it
    hole: str = ""                  # "1.2"
    place: str = ""                 # where the machine was: function and line
    remark: str = ""                # what makes this one particular
    report: dict[str, str] = field(default_factory=dict)    # the machine-readable line

    @property
    def sentence(self) -> str:
        """What happened."""
        where = f" in {self.place}" if self.place else ""
        about = f": {self.remark}" if self.remark else ""
        return {
            "power-off": "the machine was switched off" + (f" with status {self.status}"
                                                           if self.status else ""),
            "panic": "the kernel panicked" + about + where,
            "fault": "a fault was reported" + about + where,
            "hole": f"hole {self.hole} is not written yet",
            "hang": f"it ran on and on{where}: {self.remark}",
            "asleep": f"every hart sleeps, and nothing will wake one{where}{about}",
            "reset": "the machine was reset" + where,
            "flood": "it printed and printed, and was stopped" + where,
        }[self.kind]


def report_of(console: str) -> dict[str, str]:
    """The last machine-readable line on the console, field by field; {} if there is none."""
    found = _REPORT.findall(console)
    if not found:
        return {}
    kind, fields = found[-1]
    return {"kind": kind, **dict(word.split("=", 1) for word in fields.split())}


def addresses(report: dict[str, str], field: str) -> list[int]:
    """Those of a field of the report that can be read: a student's kernel wrote it."""
    return [int(word, 16) for word in report.get(field, "").split(",")
            if re.fullmatch(r"(0x)?[0-9a-f]{1,16}", word)]


def power_off(status: int, console: str) -> Ending:
    """The guest ended the machine. A panic is one only if console and status agree."""
    report = report_of(console)
    if report and STATUS_OF[report["kind"]] == status:
        return Ending(report["kind"], status, report=report, remark=_said(console, report["kind"]))
    return Ending("power-off", status, report=report)


def _said(console: str, kind: str) -> str:
    """The sentence of the last panic."""
    found = re.findall(rf"^{kind}: (.*)$", console, re.M)
    return found[-1] if found else ""

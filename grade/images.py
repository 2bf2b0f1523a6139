"""Asks make for an image.

    image = build(SHAPE="kernel", HARTS=4)
    image.elf, image.initrd
    build("boot").elf

`make print-image CHOICE=VALUE...` builds what is out of date and prints where it is:

    elf=build/kernel-h4/onering.elf
    initrd=build/root.cpio

and other goals (boot, maps) print the path of their image as the last line.

Many test processes share the build directory, so one of them builds at a time, and each choice is
built once in a test run.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from .elf import ROOT
from .errors import BuildFailed

STATE = Path(os.environ.get("GRADE_STATE", ROOT / "build" / "grade"))

# All processes of a test run know its name: pytest-xdist hands it to its workers.
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


@dataclass(frozen=True)
class Image:
    """A bootable kernel and, if it has one, the file system that goes with it."""

    elf: Path
    initrd: Path | None = None


def build(goal: str = "print-image", **choices: str | int) -> Image:
    """The image for these choices of the Makefile; BuildFailed with make's words if it fails."""
    words = [goal, *sorted(f"{name}={value}" for name, value in choices.items())]
    key = " ".join(words)
    with lock("build"):
        made = _made()
        if key not in made:
            made[key] = make(*words)
            _remember(made)
        return _image(made[key])


def make(*words: str) -> str:
    """Run make in the checkout; its output."""
    line = ["make", "-s", "--no-print-directory", f"-j{os.cpu_count() or 1}", *words]
    done = subprocess.run(line, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(f"{' '.join(line)} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def clean_environment() -> dict[str, str]:
    """Without what an outer make told its children: it is not our jobs they should share."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}


@contextmanager
def lock(name: str) -> Iterator[None]:
    """One process at a time. The kernel lets go of it even if we are killed."""
    STATE.mkdir(parents=True, exist_ok=True)
    with open(STATE / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _image(answer: str) -> Image:
    lines = answer.split("\n")[:-1]
    found = dict(re.findall(r"^(elf|initrd)=(.+)$", answer, re.M)) or {"elf": lines[-1]}
    return Image(*(ROOT / found[name] for name in ("elf", "initrd") if name in found))


def _made() -> dict[str, str]:
    """What this test run has built already."""
    try:
        state = json.loads((STATE / "made.json").read_text())
    except (OSError, ValueError):
        return {}
    return state["made"] if state.get("run") == _RUN else {}


def _remember(made: dict[str, str]) -> None:
    (STATE / "made.json").write_text(json.dumps({"run": _RUN, "made": made}))

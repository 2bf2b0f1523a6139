"""A lab's machine under gdb stops as often as one likes, and goes on each time.

QEMU 7.2 under `-icount ...,sleep=off` does not: see grade.qemu.debuggable.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from grade import debugger
from grade.elf import ROOT

PATIENCE = 60
TOOL, GRADER = "labs.tool", "grade.grader.debugging"
# Stops at breakpoints, steps, a watchpoint, and sleep in between.
TICKS = ["break start_ticks", "continue", "stepi", "break on_tick", "continue", "watch came", "continue",
         "continue", "printf \"ticks: %d\\n\", came", "delete"]
ASIDE = ["break command_aside", "continue", "stepi", "watch aside.steps", "continue", "continue",
         "printf \"steps: %lu\\n\", (unsigned long)aside.steps", "delete"]

pytestmark = pytest.mark.skipif(not any(map(shutil.which, debugger.DEBUGGERS)), reason="no gdb")


def await_session(process: subprocess.Popen) -> debugger.Session:
    """Lines until the one that tells of gdb; then the machine is about to open its socket."""
    for line in process.stdout:
        if "make gdb" in line:
            break
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            return debugger.find_session()
        except debugger.SessionError:
            time.sleep(0.05)
    raise AssertionError(process.stdout.read())


@pytest.mark.parametrize("words, visit, seen", [
    ((TOOL, "boot", "boot", "--args=ticks 3", "--gdb"), TICKS, "ticks: 1"),
    ((TOOL, "bug", "1"), ASIDE, r"steps: \d+"),
    ((GRADER, "--only", "ticks_come_and_do_not_drift", "--seed", "1"), TICKS, "ticks: 1"),
], ids=["qemu-gdb-boot", "bug-1", "grade-gdb"])
def test_it_can_be_stopped_again_and_again(tmp_path, monkeypatch, words, visit, seen):
    monkeypatch.setenv("GDB_SESSION", str(tmp_path / "gdb"))
    process = subprocess.Popen([sys.executable, "-u", "-m", *words], cwd=ROOT, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    try:
        session = await_session(process)
        said = debugger.batch(session.elf, session.socket, *visit, timeout=PATIENCE)
        assert re.search(f"^{seen}$", said, re.M), said
        process.communicate(timeout=PATIENCE)       # gdb has left: it goes on to its end
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

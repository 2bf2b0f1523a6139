"""Turns for the harts of a machine that counts instructions (-icount).

One thread of QEMU then runs all harts, one after the other, each until the next timer is due. Before
QEMU 8.1 the first hart may use up all the time there is until then, and the others get none; the
timer rings, and it begins anew. So a hart that waits in a loop for another one, for a lock or in the
firmware, waits for ever. (Mended by QEMU's commit 83ecdb18eb, "ensure fairness with icount".)

Stopping a machine ends the turn of the hart that runs, and when it goes on, it is the next one's. So
an older QEMU is stopped for a moment, again and again. What a hart executes is counted as exactly as
before, but where turns end is a matter of chance: no two runs of several harts are the same.
"""

from __future__ import annotations

import functools
import re
import subprocess
import threading

from . import qemu
from .errors import HarnessError
from .qmp import Qmp

FAIR_SINCE = (8, 1)
TURN = 0.001        # seconds between two stops; short, because a hart may do nothing but wait
NOISE = ("STOP", "RESUME")


@functools.cache
def qemu_is_fair(binary: str) -> bool:
    """Does this QEMU share out the time by itself?"""
    said = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    version = re.search(r"version (\d+)\.(\d+)", said)
    return bool(version) and (int(version[1]), int(version[2])) >= FAIR_SINCE


def are_needed(hardware: qemu.Hardware) -> bool:
    """Would a hart of this machine starve?"""
    return bool(hardware.icount) and hardware.harts > 1 and not qemu_is_fair(qemu.binary())


class Turns:
    """Ends turns until the machine is gone, but not while somebody holds the machine."""

    def __init__(self, qmp: Qmp):
        self._qmp = qmp
        self._lock = threading.Lock()       # held while the machine is stopped for a moment
        self._going = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hold(self) -> None:
        """From now on nobody but the caller stops or continues the machine."""
        self._going.clear()
        with self._lock:
            pass                            # one that had begun is done

    def go(self) -> None:
        self._going.set()

    def close(self) -> None:
        """Call this before the control connection is closed."""
        self._over = True
        self._going.set()
        self._thread.join()

    def _run(self) -> None:
        pause = threading.Event()
        try:
            while self._going.wait() and not self._over:
                self._end_turn()
                pause.wait(TURN)
        except (HarnessError, ValueError):
            pass                            # the machine is gone

    def _end_turn(self) -> None:
        with self._lock:
            if self._going.is_set() and not self._over:
                self._qmp.execute("stop")
                self._qmp.execute("cont")
                self._qmp.forget(NOISE)

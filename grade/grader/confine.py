"""Runs a command with less than its starter has: `python3 confine.py '{"uid": ...}' COMMAND...`

A script of its own, so that nothing of the grader's process is there to be inherited. As root it goes
into namespaces without a network, covers folders, and becomes another user; as anybody it sets limits
and sees to it that the command dies with whoever started it.

    uid     the user to become (absent: stay who we are)
    hide    folders to cover with empty ones; absent: no namespaces
    limits  name of the resource: how much of it
    env     the whole environment of the command
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWNET = 0x00020000, 0x08000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38

libc = ctypes.CDLL(None, use_errno=True)


def must(result: int, what: str) -> None:
    if result != 0:
        sys.exit(f"confine: {what}: {os.strerror(ctypes.get_errno())}")


def leave_world(hide: list[str]) -> None:
    """Namespaces of our own: no network but an unplugged one, and empty folders over `hide`."""
    must(libc.unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET), "unshare")
    must(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "private mounts")
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    for folder in hide:
        must(libc.mount(b"none", folder.encode(), b"tmpfs", flags, b"mode=000,size=4k"),
             f"covering {folder}")


def set_limits(limits: dict[str, int]) -> None:
    for name, most in limits.items():
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def main() -> None:
    wishes, command = json.loads(sys.argv[1]), sys.argv[2:]
    parent = os.getppid()
    if "hide" in wishes:
        leave_world(wishes["hide"])
    set_limits(wishes["limits"])
    if "uid" in wishes:
        become(wishes["uid"])
    # After the change of user, which would cancel it.
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("confine: whoever started this is gone")
    os.umask(0o022)
    os.execvpe(command[0], command, wishes["env"])


if __name__ == "__main__":
    main()

"""Where a student's code is compiled and run: with a tree of its own and nothing else.

    SecondUser   root is needed: a user nobody else is, a mount namespace in which the grader and the
                 student's tree are covered, no network
    Covered      the same where the kernel refuses namespaces (a container): the folders are closed to
                 others for as long as this runs, and the network is there
    Bubble       bubblewrap: only the system and the tree are visible, no network
    Open         none of that, and a warning

Limits on time, memory, processes and the size of files are set in all of them.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from grade import qemu
from grade.profile import library

UID = 59_321                # nobody's: no entry in any passwd
CONFINE = Path(__file__).with_name("confine.py")
PACKAGES = "cache"          # in a stage: where packages.py puts what a build would fetch
MIB = 1 << 20
QEMU_ITSELF = 4096 * MIB    # address space, most of it reserved and never touched
BUILD_LIMITS = {"CPU": 120, "AS": 2048 * MIB, "FSIZE": 64 * MIB, "NPROC": 256, "CORE": 0}
MACHINE_LIMITS = {"CPU": 600, "FSIZE": 64 * MIB, "NPROC": 1024, "CORE": 0}
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc/alternatives",
          "/etc/ld.so.cache", "/nix", "/opt")


@dataclass
class Jail:
    """What all have in common; itself the one without walls."""

    stage: Path                             # this subject's folder; the tree is in it
    hide: tuple[Path, ...] = ()             # must not be readable from inside
    warning: str = ("nothing confines the student's code: run as root, or install bubblewrap "
                    "(`make doctor`)")
    uid: int | None = None
    _wishes: dict = field(default_factory=dict)

    def give(self, path: Path) -> None:
        """This folder, and what is in it, is to be written from inside."""
        if self.uid is not None:
            for each in (path, *path.rglob("*")):
                os.chown(each, self.uid, self.uid, follow_symlinks=False)

    def plugin(self) -> Path:
        """The counting plugin, where it can be read."""
        copy, original = self.stage / "plugin.so", library()
        if not copy.exists() or copy.stat().st_mtime < original.stat().st_mtime:
            part = copy.with_suffix(f".{os.getpid()}-{threading.get_ident()}")    # tests run at once
            shutil.copyfile(original, part)
            part.chmod(0o644)
            part.replace(copy)
        return copy

    def machine(self, line: list[str], directory: Path, memory: int,
                hardware: qemu.Hardware) -> list[str]:
        """QEMU, confined."""
        limits = {**MACHINE_LIMITS, "AS": QEMU_ITSELF + memory}
        return self._confined(line, limits, [directory])

    def build(self, line: list[str], tree: Path) -> list[str]:
        """A command that compiles, confined; it runs in the tree."""
        return self._confined(line, BUILD_LIMITS, [tree / "build"])

    def works(self) -> bool:
        """Whether this machine lets us do it."""
        line = self._confined(["true"], BUILD_LIMITS, [self.stage])
        return subprocess.run(line, cwd=self.stage, capture_output=True).returncode == 0

    def _confined(self, line: list[str], limits: dict[str, int], writable: list[Path]) -> list[str]:
        env = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "HOME": "/nonexistent",
               "TMPDIR": str(writable[0]), "XDG_CACHE_HOME": str(self.stage / PACKAGES),
               "CCACHE_DISABLE": "1"}       # what all share, one could spoil
        env |= {name: os.environ[name] for name in ("QEMU", "CROSS_COMPILE") if name in os.environ}
        wishes = {"limits": limits, "env": env, **self._wishes}
        return [sys.executable, "-I", "-S", str(CONFINE), json.dumps(wishes),
                *self._walls(line, writable)]

    def _walls(self, line: list[str], writable: list[Path]) -> list[str]:
        return line


class SecondUser(Jail):
    """For root."""

    def __init__(self, stage: Path, hide: tuple[Path, ...]):
        super().__init__(stage, hide, "", UID)
        self._wishes = {"uid": UID, "hide": [str(path) for path in hide if path.is_dir()]}


class Covered(Jail):
    """For root in a container."""

    def __init__(self, stage: Path, hide: tuple[Path, ...]):
        super().__init__(stage, hide, "this kernel gives no namespaces: the student's code runs as "
                         "another user, but the network is not cut off", UID)
        self._wishes = {"uid": UID}
        self._modes = {folder: stat.S_IMODE(folder.stat().st_mode) for folder in hide if folder.is_dir()}
        for folder, mode in self._modes.items():
            folder.chmod(mode & ~0o077)
        atexit.register(self.open_again)

    def open_again(self) -> None:
        """As it was before."""
        for folder, mode in self._modes.items():
            folder.chmod(mode)


class Bubble(Jail):
    """For everybody else."""

    def __init__(self, stage: Path, hide: tuple[Path, ...]):
        super().__init__(stage, hide, "")

    def _walls(self, line: list[str], writable: list[Path]) -> list[str]:
        words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--proc", "/proc",
                 "--dev", "/dev", "--tmpfs", "/tmp"]
        for path in filter(os.path.exists, SYSTEM):
            words += ["--ro-bind", path, path]
        words += ["--ro-bind", str(self.stage), str(self.stage)]
        for path in writable:
            words += ["--bind", str(path), str(path)]
        return [*words, *line]      # bwrap keeps the current folder where it is visible


def choose(stage: Path, hide: tuple[Path, ...], kind: str = "") -> Jail:
    """The strongest there is here; `kind` asks for one by name (second-user, covered, bubble, open)."""
    if kind:
        return {"second-user": SecondUser, "covered": Covered, "bubble": Bubble,
                "open": lambda stage, hide: Jail(stage, hide)}[kind](stage, hide)
    if os.geteuid() == 0:
        return SecondUser(stage, hide) if SecondUser(stage, hide).works() else Covered(stage, hide)
    if shutil.which("bwrap") and Bubble(stage, hide).works():
        return Bubble(stage, hide)
    return Jail(stage, hide)

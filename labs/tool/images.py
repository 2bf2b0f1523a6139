"""Images of a lab: built by the Makefile of a tree, and booted in this terminal.

A make goal prints last what it made: the path of the image, or lines elf=... and initrd=....
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .course import Course, CourseError, Image


@dataclass(frozen=True)
class Built:
    """What boots."""

    elf: Path
    initrd: Path | None = None

    def __str__(self) -> str:
        return f"elf={self.elf}" + (f"\ninitrd={self.initrd}" if self.initrd else "")

    def copied(self, elf: Path) -> Built:
        """A copy under that name, its root beside it."""
        elf.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.elf, elf)
        root = elf.with_suffix(".cpio")
        if self.initrd:
            shutil.copyfile(self.initrd, root)
        return Built(elf, root if self.initrd else None)


def build(source: Path, goal: str, show: bool = False) -> Built:
    """Builds an image of a tree. With `show` the compiler talks to whoever sits there."""
    done = run_make(source, goal.split(), None if show else subprocess.PIPE)
    if done.returncode:
        raise CourseError(f"make {goal} failed" + ("" if show else f":\n{done.stderr.strip()}"))
    lines = done.stdout.strip().splitlines()
    facts = dict(line.split("=", 1) for line in lines if line.startswith(("elf=", "initrd=")))
    elf, initrd = facts.get("elf", lines[-1] if lines else ""), facts.get("initrd")
    return Built(source / elf, source / initrd if initrd else None)


def run_make(source: Path, words: list[str], errors: int | None) -> subprocess.CompletedProcess:
    """make, as if nobody above us were make."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    return subprocess.run(["make", "-s", f"-j{os.cpu_count()}", *words], cwd=source, env=environment,
                          stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace")


def find(course: Course, name: str) -> Image:
    """The image of this name."""
    known = {image.name: image for lab in course.labs for image in lab.images}
    if name not in known:
        raise CourseError(f"there is no image {name}; there are {', '.join(known)}")
    return known[name]


def boot(root: Path, built: Built, args: str, memory: str = "128M", harts: str = "1",
         gdb: bool = False) -> int:
    """In this terminal; with `gdb` it waits for `make gdb` in another.

    One hart runs as the grader runs it: time passes with its instructions, the same way each time.
    (With gdb its sleep lasts as long as the host's clock says: tools/qemu sees to it.)"""
    words = [sys.executable, str(root / "tools/qemu"), "--elf", str(built.elf), "--memory", memory,
             "--harts", harts, f"--args={args}"]
    words += ["--gdb"] * gdb + ["--icount=shift=0,sleep=off"] * (harts == "1")
    if built.initrd:
        words += ["--initrd", str(built.initrd)]
    return subprocess.run(words, cwd=root).returncode

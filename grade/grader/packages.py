"""Debian source packages for the jail: a build in there has no network and sees no home.

What an image needs is fetched outside, into the user's own cache, and copied beside the student's tree,
where tools/fetch-source of the jail finds it and checks its sums.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from grade.elf import ROOT

from .api import NotJudged
from .jail import PACKAGES

PINS = ROOT / "lib/musl/source.sha256"


def provide(stage: Path, make_words: str) -> None:
    """The packages that an image takes are in the stage."""
    if "LIBC=musl" not in make_words.split():
        return
    target = stage / PACKAGES / "onering" / "sources"
    names = re.findall(r"^ +[0-9a-f]{64} (\S+)$", PINS.read_text(), re.M)
    if all((target / name).exists() for name in names):
        return
    source = _cache()
    if not all((source / name).exists() for name in names):
        _fetch()
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        part = target / f"{name}.part{os.getpid()}"
        shutil.copyfile(source / name, part)
        part.chmod(0o644)
        part.replace(target / name)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onering" / "sources"


def _fetch() -> None:
    """Into the cache; what is unpacked on the way is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([ROOT / "tools/fetch-source", PINS, Path(folder) / "src"],
                              capture_output=True, text=True)
    if done.returncode:
        raise NotJudged(done.stderr.strip() or "musl's source package cannot be had")

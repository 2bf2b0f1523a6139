"""A copy of the sources to change and to build in, so that the checkout stays as it is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from grade.elf import ROOT
from grade.images import clean_environment


def copy_to(folder: Path) -> Path:
    """The sources as they are now, as in a fresh clone: nothing is built."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def make(tree: Path, *words: str, **options) -> subprocess.CompletedProcess[str]:
    """Runs make there; what it printed is in stdout, both streams together."""
    return subprocess.run(["make", "--no-print-directory", "-s", *words], cwd=tree, text=True,
                          env=clean_environment(), stdin=subprocess.DEVNULL, timeout=300,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

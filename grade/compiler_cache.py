"""Tests build in many fresh trees what is the same in all: the second time it comes from ccache.

Compilers are called through links that ccache answers to, in a folder in front of the PATH. The jail
covers that folder, and a student's code is compiled by the compiler itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from grade.elf import ROOT

CACHE = ROOT / "build/grade/ccache"
LINKS = ROOT / "build/grade/ccache-links"
COMPILERS = ("cc", "gcc", "riscv*-gcc")


def use() -> None:
    """From now on, in this process and those it starts."""
    ccache = shutil.which("ccache")
    path = os.environ.get("PATH", os.defpath)
    if not ccache or str(LINKS) in path.split(os.pathsep):
        return
    shutil.rmtree(LINKS, ignore_errors=True)
    LINKS.mkdir(parents=True)
    for name in {found.name for folder in path.split(os.pathsep) for pattern in COMPILERS
                 for found in Path(folder).glob(pattern)}:
        (LINKS / name).symlink_to(ccache)
    os.environ |= {"PATH": f"{LINKS}{os.pathsep}{path}", "CCACHE_DIR": str(CACHE),
                   "CCACHE_MAXSIZE": "500M",
                   # a tree just copied is all new: no reason to think that somebody is at it
                   "CCACHE_SLOPPINESS": "include_file_mtime,include_file_ctime"}

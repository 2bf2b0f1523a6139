"""The component and the source file of a piece.

A component is a folder: kern/fs, lib, ... What the build makes by itself belongs to the component
that it configures.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from . import lto
from .linkmap import Piece

APP, LIB, PADDING = "app", "lib", "(padding)"

_MADE = [  # objects without a source file
    (r"choice-sched-|/kern/sched/", "kern/sched"),
    (r"choice-kalloc-", "kern/alloc"),
    (r"choice-rootfs-|/root-\d\.o", "kern/fs"),
    (r"/app-[\w-]+\.o", "kern/libos"),
    (r"/choice-paging-", "kern/libos"),
    (r"build/gen/|/dispatch\.o|libenosys|libusys", "kern/sys"),
]
_SOURCE = re.compile(r"build/(?:user|kern)[\w-]*/(?:call/|trap/)?((?:kern/\w+|lib|user)/[\w/-]+)"
                     r"\.o\)?$")


@lru_cache(maxsize=None)
def source(obj: str) -> str:
    """kern/fs/file.c, of build/kern-libos-h1/call/libkern.a(.../kern/fs/file.o)."""
    match = _SOURCE.search(obj)
    if obj.endswith((".c", ".S", ".h")) or obj == lto.CONSTANTS:
        return obj
    if not match:
        return Path(obj.split("(")[-1].rstrip(")")).name
    return next((match[1] + end for end in (".c", ".S") if Path(match[1] + end).exists()), match[1])


@lru_cache(maxsize=None)
def of_object(obj: str) -> str:
    if not obj:
        return PADDING
    path = source(obj)
    if path.startswith("kern/"):
        return "/".join(path.split("/")[:2])
    if path.startswith("lib/"):
        return LIB
    if path.startswith("user/"):
        return APP
    if re.search(r"musl|libc\.a", obj):
        return LIB
    if obj == lto.CONSTANTS:
        return obj
    return next((component for pattern, component in _MADE if re.search(pattern, obj)), "other")


def component(piece: Piece) -> str:
    return of_object(piece.obj)


def find(word: str, there_are: list[str]) -> str | None:
    """The component that a user means by fs or kern/fs."""
    return next((name for name in there_are if word in (name, name.split("/")[-1])), None)


def known() -> list[str]:
    """All components, whether an image has them or not."""
    return [APP, LIB] + sorted(str(path) for path in Path("kern").iterdir()
                               if path.is_dir() and any(path.glob("*.[cS]")))

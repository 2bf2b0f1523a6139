"""make size: bytes of each component and of each file.

text, rodata and data are what an image stored in flash or on disk would take; bss is memory that
start-up clears or leaves as it is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Callable, TextIO

from .components import PADDING, component, source
from .linkmap import Piece

KINDS = ("text", "rodata", "data", "bss")
Table = dict[str, dict[str, int]]       # name: kind: bytes


def table(pieces: list[Piece], name_of: Callable[[Piece], str]) -> Table:
    found: Table = defaultdict(lambda: dict.fromkeys(KINDS, 0))
    for piece in pieces:
        found[name_of(piece)][piece.kind] += piece.size
    return dict(found)


def stored(row: dict[str, int]) -> int:
    return sum(row[kind] for kind in KINDS if kind != "bss")


def file_of(piece: Piece) -> str:
    return source(piece.obj) if piece.obj else PADDING


def print_table(title: str, found: Table, out: TextIO) -> None:
    width = max(map(len, [title, *found]))
    print(f"{title:{width}}" + "".join(f"{kind:>9}" for kind in (*KINDS, "stored")), file=out)
    for name, row in sorted(found.items(), key=lambda item: (-stored(item[1]), item[0])):
        _print_row(name, row, width, out)


def _print_row(name: str, row: dict[str, int], width: int, out: TextIO) -> None:
    numbers = [*(row[kind] for kind in KINDS), stored(row)]
    print(f"{name:{width}}" + "".join(f"{number:9,}" for number in numbers), file=out)


def print_size(pieces: list[Piece], out: TextIO) -> None:
    components, files = table(pieces, component), table(pieces, file_of)
    total = table(pieces, lambda _: "total")
    width = max(map(len, ["component", *components]))
    print_table("component", components, out)
    _print_row("total", total["total"], width, out)
    print("\nstored = text + rodata + data\n", file=out)
    print_table("file", files, out)

"""The commands behind make size, make why and make graph.

    python3 -m tools.image size ELF
    python3 -m tools.image why NEEDS --app NAME --component fs
    python3 -m tools.image graph NEEDS --app NAME --output FILE.svg

ELF is an image, with its map beside it (onering.elf, onering.map). NEEDS is the same, linked with
--emit-relocs (onering.needs, onering.needs.map). A component that does not exist ends with status 2
and a sentence.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import components, graph, lto, size, why
from .linkmap import Piece
from .needs import Needs


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="image", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("size").add_argument("file", type=Path)
    for name in ("why", "graph"):
        command = commands.add_parser(name)
        command.add_argument("file", type=Path)
        command.add_argument("--app", default="")
        command.add_argument("--component", default="")
        command.add_argument("--output", type=Path)
    return parser.parse_args()


def image(elf: Path) -> list[Piece]:
    return lto.pieces(elf.with_suffix(".map"), elf)


def explain(words: argparse.Namespace) -> int:
    known = components.known()
    name = components.find(words.component, known)
    if not name:
        print(f"why: COMPONENT={words.component}: there is no such component. COMPONENT is one of: "
              + " ".join(known), file=sys.stderr)
        return 2
    print(why.answer(Needs(words.file), name, words.app or "the kernel"), end="")
    return 0


def draw(words: argparse.Namespace) -> int:
    title = f"{words.app}, fused with the kernel" if words.app else "the kernel"
    graph.write(Needs(words.file), image(words.file.with_suffix(".elf")), title, words.output)
    print(words.output)
    return 0


def measure(words: argparse.Namespace) -> int:
    size.print_size(image(words.file), sys.stdout)
    return 0


def main() -> int:
    words = arguments()
    command = {"size": measure, "why": explain, "graph": draw}[words.command]
    try:
        status = command(words)
        sys.stdout.flush()
        return status
    except BrokenPipeError:     # `make size | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())

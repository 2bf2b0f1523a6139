"""make why: which chain of references brought a component into an image.

The answer begins at the application. What it does not need may still be there for the start of the
machine, which every image has; then the answer begins at the first instruction.
"""

from __future__ import annotations

from collections import Counter
from typing import Iterator

from .components import APP, component, source
from .linkmap import Piece
from .needs import Needs


def answer(needs: Needs, name: str, app: str) -> str:
    goals = {piece for piece in needs.pieces if component(piece) == name}
    if not goals:
        there = ", ".join(sorted({component(piece) for piece in needs.pieces}))
        return (f"{name} is not in this image: nothing in it refers to a function or variable of "
                f"{name}.\nThese components are: {there}.\n")
    return "\n".join([*_chain(needs, name, app, goals), "", *_neighbours(needs, name)]) + "\n"


def _chain(needs: Needs, name: str, app: str, goals: set[Piece]) -> Iterator[str]:
    program = [piece for piece in needs.pieces if component(piece) == APP]
    main = [piece for piece in program if needs.name(piece) == "main"]
    start = [piece for piece in needs.pieces if needs.name(piece) == "_start"]
    if name == APP:
        yield f"{name} is in the image because it is the application, {app}."
        return
    way = needs.way(main, goals) or needs.way(program, goals)
    if way:
        yield f"{name} is in the image because {app} needs it:"
    else:
        way = needs.way(start, goals)
        yield f"{name} is in the image because the start of the machine needs it:"
    if not way:
        yield f"  it holds {needs.name(min(goals, key=lambda p: p.start))}, which is linked by name."
    for user, used in zip(way, way[1:]):
        yield f"  {_full(needs, user)} {needs.verb(user, used)} {_full(needs, used)}"


def _full(needs: Needs, piece: Piece) -> str:
    return f"{needs.name(piece)} ({source(piece.obj)})"


def _neighbours(needs: Needs, name: str) -> Iterator[str]:
    """Every component that refers to this one, with its most frequent references."""
    found: dict[str, Counter[str]] = {}
    for user, others in needs.of.items():
        for used in others:
            if component(used) == name != component(user):
                reference = f"{needs.name(user)} -> {needs.name(used)}"
                found.setdefault(component(user), Counter())[reference] += 1
    if found:
        yield f"Who refers to {name}:"
    for user, references in sorted(found.items()):
        few = sorted(references)[:3]
        more = f", and {len(references) - len(few)} more" if len(references) > len(few) else ""
        yield f"  {user}: {', '.join(few)}{more}"

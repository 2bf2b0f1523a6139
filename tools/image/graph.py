"""make graph: an SVG of the components of an image, and of who needs whom.

A component that is used stands below its users where that is possible: the rows are those of the
design, from the application down to the machine. An arrow is as thick as there are references; one
that goes up, against the order of the rows, is dashed. Browsers show the references under the
pointer.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

from . import size
from .components import component
from .linkmap import Piece
from .needs import Needs

ROWS = [["app"], ["lib"], ["kern/sys", "kern/images"], ["kern/proc", "kern/libos", "kern/net"],
        ["kern/fs"], ["kern/sched", "kern/alloc", "kern/dev"], ["kern/mem", "kern/core"],
        ["kern/riscv"]]
UNKNOWN_ROW = 4
WIDTH, HEIGHT = 150, 46             # of a box
ACROSS, DOWN, MARGIN = 60, 70, 30   # between boxes; around all of them
COLOURS = {"app": "#f7d9a8", "lib": "#f3efc0"}
KERNEL_COLOUR = "#cfe2f3"

Edges = dict[tuple[str, str], list[str]]


def edges(needs: Needs) -> Edges:
    """(user, used): the references between two components."""
    found: Edges = defaultdict(list)
    for user, others in needs.of.items():
        for used in others:
            pair = component(user), component(used)
            if pair[0] != pair[1]:
                found[pair].append(f"{needs.name(user)} → {needs.name(used)}")
    return dict(found)


def places(names: list[str]) -> dict[str, tuple[int, int]]:
    """Where each box goes: its upper left corner."""
    listed = {name for row in ROWS for name in row}
    rows = [[name for name in row if name in names] for row in ROWS]
    rows[UNKNOWN_ROW] += sorted(name for name in names if name not in listed)
    rows = [row for row in rows if row]
    widest = max(len(row) for row in rows) * (WIDTH + ACROSS) + ACROSS
    found = {}
    for y, row in enumerate(rows):
        left = (widest - len(row) * (WIDTH + ACROSS) + ACROSS) // 2
        shift = (y % 2) * WIDTH // 3 - WIDTH // 6      # so that lines pass beside boxes
        for x, name in enumerate(row):
            found[name] = (MARGIN + left + shift + x * (WIDTH + ACROSS), MARGIN + y * (HEIGHT + DOWN))
    return found


def svg(needs: Needs, pieces: list[Piece], title: str) -> str:
    """`pieces` are those of the image itself: the link that keeps relocations is a bit larger."""
    sizes = size.table([piece for piece in pieces if piece.obj], component)
    at = places(list(sizes))
    found = edges(needs)
    width = max(x for x, _ in at.values()) + WIDTH + MARGIN + ACROSS
    height = max(y for _, y in at.values()) + HEIGHT + MARGIN
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
             f'width="{width}" height="{height}" font-family="sans-serif" font-size="13">',
             f"<title>{escape(title)}</title>", _ARROWHEAD,
             f'<rect width="{width}" height="{height}" fill="white"/>',
             *(_arrow(pair, references, at) for pair, references in sorted(found.items())),
             *(_box(name, size.stored(sizes[name]), at[name]) for name in at), "</svg>"]
    return "\n".join(lines) + "\n"


_ARROWHEAD = ('<defs><marker id="head" markerWidth="9" markerHeight="8" refX="8" refY="4" '
              'orient="auto" markerUnits="userSpaceOnUse"><path d="M0,0 L9,4 L0,8 z" '
              'fill="#555"/></marker></defs>')


def _box(name: str, nbytes: int, corner: tuple[int, int]) -> str:
    x, y = corner
    middle = x + WIDTH // 2
    return (f'<g class="component" id="{escape(name)}">'
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5" stroke="#444" '
            f'fill="{COLOURS.get(name, KERNEL_COLOUR)}"/>'
            f'<text x="{middle}" y="{y + 20}" text-anchor="middle">{escape(name)}</text>'
            f'<text x="{middle}" y="{y + 37}" text-anchor="middle" font-size="11" fill="#555">'
            f"{nbytes:,} bytes</text></g>")


def _arrow(pair: tuple[str, str], references: list[str],
           at: dict[str, tuple[int, int]]) -> str:
    path, goes_up = _path(at[pair[0]], at[pair[1]])
    thickness = 1 + min(len(references), 20) / 8
    dashes = ' stroke-dasharray="5 4" stroke-opacity="0.5"' if goes_up else ""
    words = escape(f"{pair[0]} needs {pair[1]}:\n" + "\n".join(sorted(set(references))))
    return (f'<path class="need" data-user="{escape(pair[0])}" data-used="{escape(pair[1])}" '
            f'd="{path}" fill="none" stroke="#555" stroke-width="{thickness:.1f}"{dashes} '
            f'marker-end="url(#head)"><title>{words}</title></path>')


def _path(user: tuple[int, int], used: tuple[int, int]) -> tuple[str, bool]:
    """A curve from the lower edge of one box to the upper edge of another, or back up."""
    goes_up = used[1] < user[1]
    x1, x2 = user[0] + WIDTH // 2, used[0] + WIDTH // 2
    lean = max(-WIDTH // 3, min(WIDTH // 3, (x2 - x1) // 4))
    x1, x2 = x1 + lean, x2 - lean
    if user[1] == used[1]:
        right = user[0] < used[0]
        start, end = (user[0] + WIDTH, used[0]) if right else (user[0], used[0] + WIDTH)
        y = user[1] + (HEIGHT // 3 if right else 2 * HEIGHT // 3)
        return f"M{start},{y} L{end},{y}", False
    if goes_up:
        x1, x2 = x1 + WIDTH // 5, x2 + WIDTH // 5
        y1, y2 = user[1], used[1] + HEIGHT
    else:
        y1, y2 = user[1] + HEIGHT, used[1]
    bend = (y2 - y1) // 2
    return f"M{x1},{y1} C{x1},{y1 + bend} {x2},{y2 - bend} {x2},{y2}", goes_up


def write(needs: Needs, pieces: list[Piece], title: str, path: Path) -> None:
    part = path.with_suffix(".part")
    part.write_text(svg(needs, pieces, title))
    part.replace(path)

"""The picture of a heap over time: time goes to the right, addresses go down.

Regions lie one above the other, in the order of their addresses, without what is between them. Few
blocks are drawn one by one, and say what they are under the pointer. Many are counted into a grid, and a
cell gets the colour of what fills most of it: so the picture has the same size however long the record.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Callable
from xml.sax.saxutils import escape

from .history import History, Span

WIDTH, HEIGHT = 960, 480
ONE_BY_ONE = 2000           # up to so many blocks are drawn as they are
COLUMNS, ROWS = 480, 160    # the grid for more
SHADES = (0.35, 0.65, 1.0)  # a cell that is filled to a third, to two thirds, wholly
REGIONS_DRAWN = 2000
TAKEN_COLOUR = "#e9e9e9"

Describe = Callable[[Span], str]


class Scale:
    """Times and addresses to places in the picture."""

    def __init__(self, found: History):
        self.start, self.duration = found.start, max(found.end - found.start, 1)
        self.stretches = stretches(found.regions or found.blocks)
        self.starts = [start for start, _ in self.stretches]
        sizes = [end - start for start, end in self.stretches]
        self.before = [0, *accumulate(sizes)]       # bytes above each stretch
        self.total = max(self.before[-1], 1)

    def x(self, time: int) -> float:
        """0 to 1, from left to right."""
        return (time - self.start) / self.duration

    def y(self, address: int) -> float:
        """0 to 1, downwards."""
        index = max(bisect_right(self.starts, address) - 1, 0)
        start, end = self.stretches[index]
        return (self.before[index] + min(max(address - start, 0), end - start)) / self.total

    def borders(self) -> list[float]:
        """Where something was left out between two stretches."""
        return [before / self.total for before in self.before[1:-1]]


def stretches(spans: list[Span]) -> list[tuple[int, int]]:
    """The addresses that were ever covered, as few intervals in order."""
    found: list[tuple[int, int]] = []
    for start, end in sorted((span.start, span.end) for span in spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found or [(0, 1)]


def draw(found: History, kind_of: Callable[[Span], int], colours: list[str], describe: Describe) -> str:
    """The picture, as SVG; block b has the colour colours[kind_of(b)]."""
    scale = Scale(found)
    largest = sorted(found.regions, key=lambda span: -span.size * (span.died - span.born))[:REGIONS_DRAWN]
    lines = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white" stroke="#999"/>',
             *(_rectangle(scale, region, TAKEN_COLOUR) for region in largest)]
    if len(found.blocks) <= ONE_BY_ONE:
        lines += [_rectangle(scale, block, colours[kind_of(block)], describe(block)) for block in found.blocks]
    else:
        lines += _grid(scale, found.blocks, kind_of, colours)
    lines += [f'<path d="M0 {y * HEIGHT:.1f}h{WIDTH}" stroke="#fff"/>' for y in scale.borders()[:200]]
    return "\n".join(lines)


def _rectangle(scale: Scale, span: Span, colour: str, words: str = "") -> str:
    x, y = scale.x(span.born) * WIDTH, scale.y(span.start) * HEIGHT
    width = max(scale.x(span.died) * WIDTH - x, 0.3)
    height = max(scale.y(span.end) * HEIGHT - y, 0.3)
    title = f"<title>{escape(words)}</title>" if words else ""
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}">{title}</rect>'


# --- many blocks -------------------------------------------------------------------------------------

class _Layer:
    """How full each cell is with blocks of one kind. Adding a rectangle takes four additions, because only
    its corners are noted; fullness() sums them up."""

    def __init__(self):
        self.corners = [[0.0] * (COLUMNS + 1) for _ in range(ROWS + 1)]

    def add(self, left: int, right: int, top: int, bottom: int, weight: float) -> None:
        for y, sign in ((top, weight), (bottom, -weight)):
            self.corners[y][left] += sign
            self.corners[y][right] -= sign

    def add_block(self, scale: Scale, block: Span) -> None:
        """The rows at its upper and lower end are filled in part."""
        left = int(scale.x(block.born) * COLUMNS)
        right = min(max(round(scale.x(block.died) * COLUMNS), left + 1), COLUMNS)
        left = min(left, right - 1)
        top, bottom = scale.y(block.start) * ROWS, scale.y(block.end) * ROWS
        first, last = int(top), min(int(bottom), ROWS - 1)
        if first >= last:
            self.add(left, right, last, last + 1, bottom - top)
            return
        self.add(left, right, first, first + 1, first + 1 - top)
        self.add(left, right, first + 1, last, 1.0)
        self.add(left, right, last, last + 1, bottom - last)

    def fullness(self) -> list[list[float]]:
        rows, above = [], [0.0] * (COLUMNS + 1)
        for corners in self.corners[:ROWS]:
            above = [sum(pair) for pair in zip(above, corners)]
            rows.append(list(accumulate(above))[:COLUMNS])
        return rows


def _grid(scale: Scale, blocks: list[Span], kind_of: Callable[[Span], int], colours: list[str]) -> list[str]:
    layers = [_Layer() for _ in colours]
    for block in blocks:
        layers[kind_of(block)].add_block(scale, block)
    full = [layer.fullness() for layer in layers]
    paths: dict[tuple[int, int], list[str]] = {}
    for y in range(ROWS):
        for left, right, look in _runs([_look([rows[y][x] for rows in full]) for x in range(COLUMNS)]):
            paths.setdefault(look, []).append(f"M{left} {y}h{right - left}v1h{left - right}z")
    lines = [f'<path d="{"".join(path)}" fill="{colours[kind]}" fill-opacity="{SHADES[shade]}"/>'
             for (kind, shade), path in sorted(paths.items())]
    return [f'<g transform="scale({WIDTH / COLUMNS:g} {HEIGHT / ROWS:g})" shape-rendering="crispEdges">',
            *lines, "</g>"]


def _look(parts: list[float]) -> tuple[int, int] | None:
    """The kind that fills most of a cell, and how full the cell is with all of them."""
    fullness = sum(parts)
    if fullness < 0.02:
        return None
    return parts.index(max(parts)), min(int(fullness * len(SHADES)), len(SHADES) - 1)


def _runs(row: list) -> list[tuple[int, int, tuple[int, int]]]:
    """Neighbours that look the same: (left, right, look)."""
    found, left = [], 0
    for x in range(1, len(row) + 1):
        if x == len(row) or row[x] != row[left]:
            if row[left] is not None:
                found.append((left, x, row[left]))
            left = x
    return found

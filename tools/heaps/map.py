"""make heap-map: runs an image built with HEAP_TRACE=1 and draws what its heap did, as one page.

The page needs nothing but itself: a map (address x time), curves, and who asked for the memory. Its size
is bounded, however long the run. Beside it lies the trace, which `make heap-replay` and
`make bench-alloc` take.
"""

from __future__ import annotations

import argparse
import html
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from grade import images
from grade.errors import HarnessError
from grade.images import Image
from grade.symbols import Symbols

from . import picture
from .history import History, Moment, Span, history
from .record import compiled, run

CURVE_HEIGHT, MOMENTS = 140, 240
SITES_SHOWN, SITES_COLOURED = 20, 9
SIZES = [16, 32, 64, 128, 256, 1024, 4096, 16384, 65536]
SIZE_COLOURS = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58",
                "#b5de2b", "#fde725"]
SITE_COLOURS = ["#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#ff9da7",
                "#9c755f"]
OTHER_COLOUR = "#8a8a8a"
WAYS = ["size", "caller"]


# --- who asked ---------------------------------------------------------------------------------------

@dataclass
class Site:
    """A place in the program that asks for memory."""

    name: str
    blocks: int = 0
    nbytes: int = 0
    weight: int = 0         # bytes times the time they were there
    at_peak: int = 0        # bytes that were there when the heap was fullest
    left: int = 0           # bytes that were there at the end

    def add(self, block: Span, fullest: int) -> None:
        self.blocks += 1
        self.nbytes += block.size
        self.weight += block.size * (block.died - block.born)
        self.at_peak += block.size if block.born <= fullest < block.died else 0
        self.left += 0 if block.freed else block.size


def sites(found: History, symbols: Symbols) -> dict[int, Site]:
    """By address; who held most for longest comes first."""
    by_address: dict[int, Site] = {}
    for block in found.blocks:
        if block.site not in by_address:
            by_address[block.site] = Site(name_of(block.site, symbols))
        by_address[block.site].add(block, found.fullest.time)
    return dict(sorted(by_address.items(), key=lambda item: -item[1].weight))


def name_of(site: int, symbols: Symbols) -> str:
    name = symbols.describe(site, is_return=True) or f"{site:#x}"
    function, _, place = name.partition(" ")
    return f"{function.partition('+')[0]} {place}".strip()


# --- colours -----------------------------------------------------------------------------------------

@dataclass(frozen=True)
class Colouring:
    """Which colour a block has, and what the colours mean."""

    colours: list[str]
    words: list[str]
    kinds: dict[int, int] | None        # by call site; None: by size

    def kind_of(self, block: Span) -> int:
        if self.kinds is not None:
            return self.kinds.get(block.site, len(self.colours) - 1)
        return next((i for i, size in enumerate(SIZES) if block.size <= size), len(SIZES))


def by_size() -> Colouring:
    words = [f"up to {amount(size)}" for size in SIZES] + ["larger"]
    return Colouring(SIZE_COLOURS, words, None)


def by_caller(callers: dict[int, Site]) -> Colouring:
    """Those with most memory have a colour; the others share one."""
    most = list(callers.items())[:SITES_COLOURED]
    words = [site.name for _, site in most] + ["others"]
    return Colouring(SITE_COLOURS[:len(most)] + [OTHER_COLOUR], words,
                     {address: kind for kind, (address, _) in enumerate(most)})


# --- the page ----------------------------------------------------------------------------------------

def amount(nbytes: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if nbytes < 1024 or unit == "MiB":
            return f"{nbytes:,.0f} {unit}" if unit == "bytes" or nbytes >= 10 else f"{nbytes:,.1f} {unit}"
        nbytes /= 1024


def curve(found: History, value, most: float, colour: str, filled: bool = False) -> str:
    """value(moment) over time; `most` is at the upper edge."""
    span = max(found.end - found.start, 1)
    points = [((moment.time - found.start) / span * picture.WIDTH,
               CURVE_HEIGHT * (1 - value(moment) / most)) for moment in found.moments]
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    if filled:
        return f'<path d="M0 {CURVE_HEIGHT}L{line}L{picture.WIDTH} {CURVE_HEIGHT}z" fill="{colour}"/>'
    return f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def chart(name: str, top: str, *curves: str) -> str:
    """A frame with curves in it, and at its left what its upper edge means."""
    return (f'<svg class="{name}" viewBox="-70 -8 {picture.WIDTH + 80} {CURVE_HEIGHT + 16}">'
            f'<rect width="{picture.WIDTH}" height="{CURVE_HEIGHT}" fill="white" stroke="#999"/>'
            f'{"".join(curves)}<text x="-6" y="10" text-anchor="end">{top}</text>'
            f'<text x="-6" y="{CURVE_HEIGHT}" text-anchor="end">0</text></svg>')


def map_svg(found: History, colouring: Colouring, callers: dict[int, Site]) -> str:
    def describe(block: Span) -> str:
        end = "" if block.freed else ", there to the end"
        return f"{block.size:,} bytes at {block.start:#x}, from {callers[block.site].name}{end}"

    drawn = picture.draw(found, colouring.kind_of, colouring.colours, describe)
    span = (f'<text x="0" y="{picture.HEIGHT + 14}">0</text><text x="{picture.WIDTH}" '
            f'y="{picture.HEIGHT + 14}" text-anchor="end">{found.end - found.start:,} instructions</text>'
            '<text x="-6" y="10" text-anchor="end">low</text>'
            f'<text x="-6" y="{picture.HEIGHT}" text-anchor="end">high</text>')
    return (f'<svg class="map" viewBox="-70 -8 {picture.WIDTH + 80} {picture.HEIGHT + 28}">'
            f"{drawn}{span}</svg>")


def legend(colouring: Colouring) -> str:
    entries = [f'<span><i style="background:{colour}"></i>{html.escape(words)}</span>'
               for colour, words in zip(colouring.colours, colouring.words)]
    entries.append(f'<span><i style="background:{picture.TAKEN_COLOUR}"></i>taken, not in use</span>')
    return f'<p class="legend">{"".join(entries)}</p>'


def facts(found: History, status: int, lost: int) -> str:
    fullest: Moment = found.fullest
    more = f" ({fullest.taken / fullest.live:.2f} for each live byte)" if fullest.live else ""
    rows = [("operations", f"{found.operations:,}, of them {found.refused:,} refused"),
            ("live at most", amount(fullest.live)),
            ("taken then", amount(fullest.taken) + more),
            ("live at the end", amount(sum(block.size for block in found.blocks if not block.freed)))]
    rows += [("exit status", str(status))] if status else []
    rows += [("not recorded", f"{lost:,} operations: the machine's memory was full")] if lost else []
    return "<table>" + "".join(f"<tr><th>{name}<td>{value}" for name, value in rows) + "</table>"


def site_table(callers: dict[int, Site]) -> str:
    rows = [f"<tr><td>{html.escape(site.name)}<td>{site.blocks:,}<td>{site.nbytes:,}<td>{site.at_peak:,}"
            f"<td>{site.left:,}" for site in list(callers.values())[:SITES_SHOWN]]
    hidden = len(callers) - len(rows)
    more = f"<p>and {hidden:,} more.</p>" if hidden > 0 else ""
    return ('<table class="sites"><tr><th>call site<th>blocks<th>bytes in all<th>bytes when the heap was '
            f'fullest<th>bytes left at the end{"".join(rows)}</table>{more}')


STYLE = """body { font: 15px/1.45 sans-serif; max-width: 1100px; margin: 2em auto; padding: 0 1em; color: #222 }
svg { display: block; width: 100%; font: 11px sans-serif }
h2 { margin: 1.4em 0 .2em; font-size: 1.1em } th { text-align: left; padding-right: 1em; vertical-align: top }
.sites td + td, .sites th + th { text-align: right; padding-left: 1em } .sites td { font-family: monospace }
.legend span { margin-right: 1.2em; white-space: nowrap }
.legend i { display: inline-block; width: 1em; height: 1em; margin-right: .4em; vertical-align: -.15em }"""


def page(title: str, found: History, symbols: Symbols, way: str, status: int = 0, lost: int = 0) -> str:
    """The whole page."""
    callers = sites(found, symbols)
    colouring = by_size() if way == "size" else by_caller(callers)
    most = max([moment.taken for moment in found.moments] + [found.fullest.taken, 1])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{html.escape(title)}</h1>
{facts(found, status, lost)}
<h2>Who was where, and when</h2>
<p>Time goes to the right, addresses go down; what lies between two regions of the heap is left out.</p>
{map_svg(found, colouring, callers)}
{legend(colouring)}
<h2>Bytes: taken from the page allocator, and of them live</h2>
{chart("bytes", amount(most), curve(found, lambda m: m.live, most, "#9ecae1", filled=True),
       curve(found, lambda m: m.taken, most, "#333"))}
<h2>Fragmentation</h2>
<p>Of the bytes that are free, how many of a hundred are not in the longest hole. What a heap writes beside
its blocks, and what it rounds up, counts as free here.</p>
{chart("fragmentation", "100 %", curve(found, lambda m: m.fragmentation, 100, "#c0392b"))}
<h2>Who asked for the memory</h2>
{site_table(callers)}
</body></html>
"""


# --- the command -------------------------------------------------------------------------------------

def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--elf", type=Path, required=True)
    parser.add_argument("--initrd", type=Path)
    parser.add_argument("--app", default="", help="a program; without, the kernel's own heap is drawn")
    parser.add_argument("--args", default="")
    parser.add_argument("--memory", default="128M")
    parser.add_argument("--harts", type=int, default=1)
    parser.add_argument("--by", default="size")
    return parser.parse_args(words)


def draw(words: argparse.Namespace) -> str:
    """Runs the machine, writes page and trace; what to say."""
    heap = "program_heap" if words.app else "kernel_heap"
    name = words.app or "kernel"
    done = run(Image(words.elf, words.initrd), words.args, heap, words.harts, words.memory, at_console=True)
    if not done.events:
        raise HarnessError(f"{name} asked its heap for nothing: there is nothing to draw")
    folder = images.ROOT / "build" / "heap-maps"
    folder.mkdir(parents=True, exist_ok=True)
    drawn, trace = folder / f"{name}.html", folder / f"{name}.trace"
    found = history(done.events, MOMENTS)
    title = f"The heap of {name}" + (f": {words.args}" if words.args else "")
    drawn.write_text(page(title, found, Symbols(words.elf), words.by, done.status, done.lost))
    trace.write_bytes(compiled(done.events))
    return (f"{found.operations:,} operations: see {os.path.relpath(drawn, images.ROOT)}\n"
            f"the trace is {os.path.relpath(trace, images.ROOT)}: make heap-replay TRACE={name}")


def main(words: list[str]) -> int:
    given = arguments(words)
    if given.by not in WAYS:
        print(f"heap-map: BY={given.by}: there is no such choice. BY is one of: {' '.join(WAYS)}", file=sys.stderr)
        return 2
    try:
        print(draw(given))
    except HarnessError as error:
        print(f"heap-map: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

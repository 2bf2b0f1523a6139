"""The report as one HTML page: no file beside it, no script, light or dark as the reader likes it."""

from __future__ import annotations

from html import escape
from itertools import groupby

from .measure import Boot, Sized, Way

COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7",
           "#9c755f", "#bab0ac", "#86bcb6", "#d4a6c8")
WIDTH, BAR, GAP = 860, 26, 44
SMALLEST = 0.04             # of the widest bar: narrower parts have no name in it

STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --soft: #6b6b6b; --line: #ddd; --box: #f5f5f2 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e6; --paper: #1b1c1e; --soft: #a0a0a0; --line: #3a3b3d; --box: #26272a } }
body { font: 16px/1.5 sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.9rem; margin-bottom: 0 } h2 { margin-top: 2.6rem } .soft { color: var(--soft) }
.big { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0 }
.big div { flex: 1 1 12rem; background: var(--box); border-radius: 8px; padding: 0.8rem 1.1rem }
.big b { display: block; font-size: 2rem; line-height: 1.2 }
.ways { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start }
.way { flex: 1 1 17rem; min-width: 0 } .way h3 { font-size: 1rem; margin: 0.3rem 0 }
pre { font: 12px/1.35 monospace; background: var(--box); padding: 0.5rem 0.7rem; margin: 0.25rem 0; border-radius: 6px; overflow-x: auto }
pre b { display: block; font-size: 13px } svg text { fill: var(--ink); font: 13px sans-serif } svg .in { fill: #fff; font-size: 11px }
table { border-collapse: collapse; font-size: 14px } td, th { padding: 2px 12px 2px 0; text-align: right; border-bottom: 1px solid var(--line) }
td:first-child, th:first-child { text-align: left } .table { overflow-x: auto }
"""


def page(ways: list[Way], sizes: list[Sized], boots: list[Boot], build: str, remarks: list[str]) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What a system call costs</title><style>{STYLE}</style></head><body>
<h1>What a system call costs</h1>
<p class="soft">One kernel, linked in different ways; measured on this build ({escape(build)}), in instructions of the
machine: the same on every host.</p>
{summary(ways, sizes, boots)}
<h2>The same call, three ways</h2>
<p>A program calls <code>getpid()</code>, which does nothing but return a number. All that is executed, from the program's
<code>call</code> to behind it:</p>
<div class="ways">{"".join(map(way_column, ways))}</div>
<h2>What is in an image</h2>
<p>Bytes of code, constants and data, by component. What nobody calls is not there.</p>
{bars([(each.title, list(each.parts.items())) for each in sizes], "bytes")}
{size_table(sizes)}
<h2>What a boot takes</h2>
<p>From the kernel's first instruction to the program's.</p>
{bars([(each.title, [("", each.count)]) for each in boots], "instructions")}
{"".join(f'<p class="soft">{escape(remark)}</p>' for remark in remarks)}
</body></html>
"""


def summary(ways: list[Way], sizes: list[Sized], boots: list[Boot]) -> str:
    """Before and after, in three numbers."""
    rows = [("instructions for a call", len(ways[0].steps), len(ways[-1].steps)),
            ("bytes to run hello", sizes[0].total, sizes[2].total),
            ("instructions to boot", boots[0].count, boots[2].count)]
    return '<div class="big">' + "".join(
        f"<div><b>{after:,}</b>{what}<br><span class='soft'>before: {before:,}</span></div>"
        for what, before, after in rows) + "</div>"


def way_column(way: Way) -> str:
    blocks = "".join(f"<pre><b>{escape(name)}</b>{escape(chr(10).join(step.text for step in steps))}</pre>"
                     for name, steps in groupby(way.steps, key=lambda step: step.function))
    return f'<div class="way"><h3>{len(way.steps)}: {escape(way.title)}</h3>{blocks}</div>'


def bars(rows: list[tuple[str, list[tuple[str, int]]]], unit: str) -> str:
    """A bar a row, divided; the same part has the same colour everywhere."""
    longest = max(sum(value for _, value in parts) for _, parts in rows) or 1
    names = list(dict.fromkeys(name for _, parts in rows for name, _ in parts))
    colour = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}
    drawn = "".join(_bar(title, parts, at * (BAR + GAP), WIDTH / longest, colour, unit)
                    for at, (title, parts) in enumerate(rows))
    return (f'<svg viewBox="0 0 {WIDTH} {len(rows) * (BAR + GAP)}" width="100%" role="img" '
            f'aria-label="{unit}, one bar a row; the numbers are in the text beside it">{drawn}</svg>')


def _bar(title: str, parts: list[tuple[str, int]], y: int, scale: float, colour: dict[str, str],
         unit: str) -> str:
    total = sum(value for _, value in parts)
    drawn, x = f'<text x="0" y="{y + 16}">{escape(title)}: {total:,} {unit}</text>', 0.0
    for name, value in parts:
        width = value * scale
        drawn += (f'<rect x="{x:.1f}" y="{y + 22}" width="{max(width, 0.5):.1f}" height="{BAR}" fill="{colour[name]}">'
                  f"<title>{escape(name)} {value:,}</title></rect>")
        if name and width > WIDTH * SMALLEST + 6 * len(name):
            drawn += f'<text class="in" x="{x + 4:.1f}" y="{y + 39}">{escape(name)}</text>'
        x += width
    return drawn


def size_table(sizes: list[Sized]) -> str:
    names = sorted({name for each in sizes for name in each.parts},
                   key=lambda name: -max(each.parts.get(name, 0) for each in sizes))
    head = "".join(f"<th>{escape(each.title)}</th>" for each in sizes)
    rows = "".join(f"<tr><td>{escape(name)}</td>" + "".join(
        f"<td>{each.parts[name]:,}</td>" if each.parts.get(name) else "<td></td>" for each in sizes) + "</tr>"
                   for name in names)
    total = "".join(f"<td><b>{each.total:,}</b></td>" for each in sizes)
    return (f'<div class="table"><table><tr><th></th>{head}</tr>{rows}'
            f"<tr><td><b>all</b></td>{total}</tr></table></div>")

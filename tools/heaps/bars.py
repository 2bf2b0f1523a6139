"""What the heaps are to hold: rows with the number that was found, the bar, and whether it is held.

    pair      a malloc and a free, everything included: the nine names, the lock, the interface
    worst     the worst malloc and the worst free, added, of the calls that the page allocator has no part
              in. Those that it has are few; their worst is in the big table
    mean      of all calls, realloc included
    a boot    what the first malloc of all takes more than another: it makes the heap; for bump without
              the page allocator's part, which is nearly as much
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Iterator

from grade import images
from grade.machine import Machine
from grade.profile import Plugin
from grade.symbols import Symbols
from tools.bench.profile import rows as functions

if TYPE_CHECKING:
    from .bench import Result
    from .boots import Boot

SMALL = ["lua", "scripts", "shell", "kv", "larson"]    # traces of small objects: the slab's
FOREIGN = ["libc", "picolibc"]
HEAP_SOURCES = ("kern/alloc/", "kern/libos/malloc.c", "lib/alloc/")
EVERY_CALL = ("malloc", "__libc_malloc", "bump_malloc")     # two names of one function, and the back end


@dataclass(frozen=True)
class Bar:
    """A number that shall not be larger than another."""

    what: str
    found: float
    bar: float

    @property
    def ok(self) -> bool:
        return self.found <= self.bar


def of_trace(name: str, heaps: dict[str, Result]) -> Iterator[Bar]:
    """The bars on one trace."""
    if "tlsf" in heaps:
        tlsf = heaps["tlsf"]
        yield Bar(f"{name}: tlsf, a pair", tlsf.pair, 160)
        yield Bar(f"{name}: tlsf, the worst pair", tlsf.worst, 350)
        yield Bar(f"{name}: tlsf, taken over live bytes, %", 100 * tlsf.taken / tlsf.peak, 115)
    if "slab" in heaps and name in SMALL:
        yield Bar(f"{name}: slab, a call", heaps["slab"].pair / 2, 60)
    ratio = over_foreign(heaps)
    if ratio is not None:
        yield Bar(f"{name}: our best over the best foreign, %", 100 * ratio, 100)


def over_foreign(heaps: dict[str, Result]) -> float | None:
    """The mean of our best, which takes memory back, over that of the best foreign heap."""
    foreign = [found.mean for alloc, found in heaps.items() if alloc in FOREIGN]
    ours = [found.mean for alloc, found in heaps.items() if alloc not in (*FOREIGN, "bump")]
    return min(ours) / min(foreign) if ours and foreign else None


def of_all_traces(results: dict[str, dict[str, Result]]) -> Iterator[Bar]:
    ratios = [ratio for ratio in map(over_foreign, results.values()) if ratio is not None]
    if ratios:
        yield Bar("median: our best over the best foreign, %", 100 * median(ratios), 50)


def first_block(alloc: str) -> dict[str, tuple[float, float, str]]:
    """What runs until a program's first block is there: function to instructions, calls, source."""
    image = images.build(APP="firstblock", ALLOC=alloc, LIBC="musl")
    symbols = Symbols(image.elf)
    with Machine(image.elf, icount=True, plugin=Plugin(stretches=True, ring=False), deadline=60) as machine:
        machine.wait()
    return {row.name: (row.instructions, row.calls, str(symbols.line(row.start) if row.start else ""))
            for row in functions(machine.profile.pcs(), symbols)}


def of_boots(boots: dict[str, Boot]) -> Iterator[Bar]:
    if "tlsf" in boots:
        boot = boots["tlsf"]
        yield Bar("tlsf, a boot", max(block - main for main, block in zip(boot.to_main, boot.to_block)), 3000)
    if "bump" in boots:
        ran = first_block("bump")
        instructions, calls, _ = ran["bump_malloc"]
        yield Bar("bump, malloc of the back end", instructions / calls, 12)
        yield Bar("bump, a boot", sum(count for name, (count, _, source) in ran.items()
                                      if source.startswith(HEAP_SOURCES) and name not in EVERY_CALL), 200)


def found(results: dict[str, dict[str, Result]], boots: dict[str, Boot]) -> list[Bar]:
    """All bars that these measurements say something of."""
    held = [bar for name, heaps in results.items() for bar in of_trace(Path(name).stem, heaps)]
    return held + list(of_all_traces(results)) + list(of_boots(boots))


def table(held: list[Bar]) -> str:
    lines = [f"{'':44} {'measured':>9} {'bar':>6}"]
    lines += [f"{bar.what:44} {bar.found:9,.1f} {bar.bar:6,.0f}  {'ok' if bar.ok else 'no'}" for bar in held]
    return "\n".join(lines)

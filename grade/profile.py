"""Instruction counts, profiles and coverage: the plugin's arguments and its results.

    plugin = Plugin(regions=[("before", "after")], stretches=True)
    with boot(image, plugin=plugin) as machine:
        machine.wait()
    machine.profile.regions[0].mean           # instructions from `before` to `after`
    machine.profile.functions(symbols)        # instructions per function
    machine.profile.lines(symbols)            # source lines that ran

The plugin itself is tools/plugin/onering-plugin.c, which says how it counts.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Iterator

from . import images
from .elf import ROOT, Line
from .symbols import Symbols

LIBRARY = ROOT / "build" / "tools" / "onering-plugin.so"
_RESULTS, _RING = "profile.json", "ring"
_RING_HEAD = struct.Struct("<8sQQ")     # magic, harts, entries
_RING_HART = struct.Struct("<QQQ")      # executed, pc now, entries written


@dataclass(frozen=True)
class Plugin:
    """What to count. A region is (from, to): symbols or addresses."""

    regions: tuple[tuple[int | str, int | str], ...] | list = ()
    stretches: bool = False     # also record which code ran how often
    ring: bool = True           # keep the flight recorder
    budget: int = 0             # instructions a hart may execute; 0: any number
    notify: int = -1            # descriptor to be told of loops and used-up budgets at
    source: Path | None = None  # the library, if it is not the checkout's

    def arguments(self, directory: Path, symbols: Symbols) -> list[str]:
        """The QEMU arguments which load the plugin."""
        words = [str(self.source or library()), f"out={directory / _RESULTS}"]
        for begin, end in self.regions:
            words += [f"from={symbols.address(begin):#x}", f"to={symbols.address(end):#x}"]
        words += ["stretches=on"] * self.stretches + [f"ring={directory / _RING}"] * self.ring
        words += [f"budget={self.budget}"] * (self.budget > 0)
        words += [f"notify={self.notify}"] * (self.notify >= 0)
        return ["-plugin", ",".join(words)]

    def recorder(self, directory: Path) -> Recorder | None:
        """The flight recorder as it is now."""
        path = directory / _RING
        return Recorder.read(path) if self.ring and path.exists() else None


@dataclass(frozen=True)
class Region:
    """How often a region was crossed and how many instructions that took."""

    times: int
    min: int
    mean: float
    max: int
    crossings: list[tuple[int, int]]    # (hart, instructions), the first million of them

    @property
    def counts(self) -> list[int]:
        return [count for _, count in self.crossings]


@dataclass(frozen=True)
class Stretch:
    """Instructions that always run together, and how often each hart ran them."""

    pcs: tuple[int, ...]
    runs: tuple[int, ...]


@dataclass(frozen=True)
class Profile:
    """All the plugin wrote."""

    executed: list[int]         # instructions by hart
    regions: list[Region]
    stretches: list[Stretch]

    def pcs(self) -> Counter[int]:
        """How often each instruction ran, on all harts."""
        counts: Counter[int] = Counter()
        for stretch in self.stretches:
            for pc in stretch.pcs:
                counts[pc] += sum(stretch.runs)
        return counts

    def functions(self, symbols: Symbols) -> Counter[str]:
        """Instructions executed in each function; what the ELF does not know is "?"."""
        counts: Counter[str] = Counter()
        for pc, times in self.pcs().items():
            function = symbols.function(pc)
            counts[function.name if function else "?"] += times
        return counts

    def lines(self, symbols: Symbols) -> set[Line]:
        """The source lines of which at least one instruction ran."""
        return {line for pc in self.pcs() if (line := symbols.line(pc))}


@dataclass(frozen=True)
class Track:
    """Where one hart is and was: program counters, oldest first, small loops only once."""

    executed: int
    pc: int
    pcs: list[int]

    def functions(self, symbols: Symbols) -> list[str]:
        """The functions the hart went through last, oldest first."""
        found = (symbols.function(pc) for pc in [*self.pcs, self.pc])
        return [name for name, _ in groupby(each.name if each else "?" for each in found)]

    def describe(self, symbols: Symbols, last: int = 12) -> str:
        """"a > b > c, now near 0x80200010 c+0x4 kern/core/main.c:12 after 1234 instructions"."""
        path = " > ".join(self.functions(symbols)[-last:])
        here = symbols.describe(self.pc) or "?"
        return f"{path}, now near {self.pc:#x} {here} after {self.executed} instructions"


@dataclass(frozen=True)
class Recorder:
    """The flight recorder: a track for each hart."""

    harts: list[Track]

    @classmethod
    def read(cls, path: Path) -> Recorder:
        raw = path.read_bytes()
        _magic, nharts, entries = _RING_HEAD.unpack_from(raw)
        size = _RING_HART.size + 8 * entries
        starts = range(_RING_HEAD.size, _RING_HEAD.size + nharts * size, size)
        return cls([_track(raw, start, entries) for start in starts])

    def describe(self, symbols: Symbols) -> str:
        """A line for each hart that ran."""
        return "\n".join(f"hart {number} ran last: {track.describe(symbols)}"
                         for number, track in enumerate(self.harts) if track.executed)


def _track(raw: bytes, start: int, entries: int) -> Track:
    executed, pc, written = _RING_HART.unpack_from(raw, start)
    ring = struct.unpack_from(f"<{entries}Q", raw, start + _RING_HART.size)
    cut = written % entries
    return Track(executed, pc, list(ring[cut:] + ring[:cut] if written > entries
                                    else ring[:written]))


def read_profile(directory: Path) -> Profile | None:
    """The results, if QEMU came to an orderly end."""
    path = directory / _RESULTS
    if not path.exists():
        return None
    found = json.loads(path.read_text())
    return Profile([hart["executed"] for hart in found["harts"]],
                   [_region(region) for region in found["regions"]],
                   [Stretch(tuple(_pcs(pc, sizes)), tuple(runs))
                    for pc, sizes, runs in found["stretches"]])


def _region(found: dict) -> Region:
    return Region(found["times"], found["min"], found["mean"], found["max"],
                  [tuple(crossing) for crossing in found["crossings"]])


def _pcs(pc: int, sizes: str) -> Iterator[int]:
    for size in sizes:
        yield pc
        pc += int(size)


def library() -> Path:
    """The plugin, built if it is not yet (make does nothing when it is)."""
    with images.lock("plugin"):
        images.make("-f", "tools/tools.mk", str(LIBRARY.relative_to(ROOT)))
    return LIBRARY

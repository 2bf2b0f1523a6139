"""make heap-replay: a trace on any heap, on this side of the machine, under a checker (replay.c).

    make heap-replay TRACE=lua                  on every heap
    make heap-replay TRACE=lua ALLOC=tlsf       on one
    make heap-replay TRACE=lua LIMIT=300K       when there is no more memory than that

The checker keeps its own account of who owns which bytes, and fills every block. The numbers are of one
hart, with whole pages from the source and no more than the heap asks for.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from grade import images
from grade.errors import HarnessError

BINARIES = images.ROOT / "build" / "heap-replay"
FOLDERS = [images.ROOT / "build" / "heap-maps", images.ROOT / "build" / "traces"]
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
DEADLINE = 600

Facts = dict[str, int]      # operations, failures, peak, taken, given_back


def find(name: str) -> Path:
    """The trace of this name, or the file."""
    places = [folder / f"{name}.trace" for folder in FOLDERS] if "/" not in name else []
    for path in [*places, Path(name)]:
        if path.is_file():
            return path
    there = sorted({path.stem for folder in FOLDERS for path in folder.glob("*.trace")})
    raise HarnessError(f"TRACE={name}: there is no such trace. " +
                       (f"There are: {' '.join(there)}" if there else
                        "Make one: make heap-map APP=..., or make bench-alloc T=lua"))


def bytes_of(limit: str) -> int:
    found = re.fullmatch(r"(\d+)([KMG]?)", limit)
    if not found:
        raise HarnessError(f"LIMIT={limit}: say how many bytes, as in LIMIT=300K")
    return int(found[1]) * UNITS[found[2]]


def replay(alloc: str, trace: Path, limit: int | None = None) -> Facts:
    """The trace on this heap; HarnessError if the heap did something wrong."""
    line = [BINARIES / alloc, trace] + ([str(limit)] if limit is not None else [])
    done = subprocess.run(line, capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode:
        raise HarnessError(done.stderr.strip() or f"{alloc} ended with status {done.returncode}")
    return {name: int(number) for name, number in re.findall(r"(\w+) (\d+)", done.stdout)}


def row(alloc: str, facts: Facts) -> str:
    overhead = facts["taken"] / facts["peak"] if facts["peak"] else 0
    return (f"{alloc:10} {facts['failures']:8,} {facts['peak']:12,} {facts['taken']:12,} {overhead:8.2f} "
            f"{facts['given_back']:10,}")


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trace", default="")
    parser.add_argument("--limit", default="")
    parser.add_argument("heaps", nargs="+")
    given = parser.parse_args(words)
    try:
        if not given.trace:
            raise HarnessError("say which: make heap-replay TRACE=lua [ALLOC=tlsf] [LIMIT=300K]")
        trace = find(given.trace)
        limit = bytes_of(given.limit) if given.limit else None
        print(f"{os.path.relpath(trace)}\n{'heap':10} {'failed':>8} {'most live':>12} {'most taken':>12} "
              f"{'overhead':>8} {'given back':>10}")
        for alloc in given.heaps:
            print(row(alloc, replay(alloc, trace, limit)), flush=True)
    except HarnessError as error:
        print(f"heap-replay: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

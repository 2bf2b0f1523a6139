"""make bench: runs the benchmarks, prints the table, writes build/bench.json.

    python3 -m tools.bench [-o FILE] [PART OF A NAME]

Ends with 0 if every bar is held, 1 if one is missed, 2 if something could not be measured; the
table is complete in any case.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Sequence, TextIO

from grade import images

from .benchmarks import ALL, Benchmark

JSON = images.ROOT / "build" / "bench.json"
AT_ONCE = 2             # counts do not depend on the load; waiting for QEMU to start does


@dataclass(frozen=True)
class Outcome:
    """A benchmark and what came out: a value, or why there is none."""

    benchmark: Benchmark
    value: int | None = None
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.value is not None and self.value <= self.benchmark.bar

    def as_json(self) -> dict:
        found = {"name": self.benchmark.name, "value": self.value, "unit": self.benchmark.unit,
                 "bar": self.benchmark.bar, "ok": self.ok}
        return found | ({"error": self.error} if self.error else {})


def attempt(benchmark: Benchmark) -> Outcome:
    """Whatever goes wrong becomes a line of the table."""
    try:
        return Outcome(benchmark, benchmark.measure())
    except Exception as error:
        return Outcome(benchmark, error=str(error) or repr(error))


def select(part: str) -> list[Benchmark]:
    return [benchmark for benchmark in ALL if part.lower() in benchmark.name.lower()]


# --- the table ----------------------------------------------------------------------------------

def print_table(outcomes: Sequence[Outcome], out: TextIO) -> None:
    width = max(len(outcome.benchmark.name) for outcome in outcomes)
    print(f"{'':{width}}  {'measured':>11} {'bar':>11}", file=out)
    for outcome in outcomes:
        print(_row(outcome, width), file=out)
    for outcome in outcomes:
        if outcome.error:
            print(f"\n{outcome.benchmark.name}: {outcome.error}", file=out)


def _row(outcome: Outcome, width: int) -> str:
    benchmark = outcome.benchmark
    measured = "error" if outcome.value is None else f"{outcome.value:,}"
    verdict = "ok" if outcome.ok else "NO"
    others = f"  [{benchmark.others}]" if benchmark.others else ""
    return (f"{benchmark.name:{width}}  {measured:>11} {benchmark.bar:>11,}  {verdict:3} "
            f"{benchmark.unit:12}{others}").rstrip()


def write_json(outcomes: Sequence[Outcome], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([outcome.as_json() for outcome in outcomes], indent=2) + "\n")


def status(outcomes: Sequence[Outcome]) -> int:
    if any(outcome.error for outcome in outcomes):
        return 2
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, default=JSON, help="where the JSON goes")
    parser.add_argument("part", nargs="?", default="", help="only those with this in their name")
    given = parser.parse_args(words)
    chosen = select(given.part)
    if not chosen:
        names = "\n".join(f"  {benchmark.name}" for benchmark in ALL)
        print(f"bench: no benchmark has \"{given.part}\" in its name. There are:\n{names}",
              file=sys.stderr)
        return 2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(attempt, chosen))
    print_table(outcomes, sys.stdout)
    write_json(outcomes, given.output)
    return status(outcomes)


if __name__ == "__main__":
    sys.exit(main())

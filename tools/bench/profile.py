"""make profile W=fork: where the instructions of one run of a workload go.

    python3 -m tools.bench.profile [--function NAME] WORKLOAD

The plugin counts everything from power-on to power-off. So a workload is run a few times and then
more often, and the difference of both counts, divided, is one run of it: boot, shell and start-up
are in both and fall out. The two boots are cut short by a debugger: at the first instruction of
what is booted, and at the first of the kernel.

    instructions   executed in the function itself, for one run
    calls          how often its first instruction ran
    each           instructions for one call, without what it calls

The firmware is left out, as no two starts of it are alike; the SBI calls that enter it are seen.
User mode is one line: many programs lie at the same addresses. The counting of bench itself is in
it, and there alone.
"""

from __future__ import annotations

import argparse
import subprocess
import os
import sys
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Callable, Sequence

from grade import images
from grade.errors import HarnessError
from grade.images import Image
from grade.machine import Machine
from grade.profile import Plugin
from grade.symbols import Symbols

from .benchmarks import first_of_init, fused, init_args, kernel, run

FEW, MORE = 10, 60      # runs of a workload; as many digits, so that bench prints as much
USER_TOP = 0x80000000   # and the firmware from here
KERNEL_BASE = 0x80080000
LEAST = 0.5             # instructions for one run; less is a tick that fell into one of the two
PROGRAMS = "(user mode)"

Counts = Counter[int]   # how often each instruction ran


@dataclass(frozen=True)
class Workload:
    """What can be profiled: an image, and the counts of one run."""

    name: str
    image: Callable[[], Image]
    count: Callable[[Image], dict[int, float]]


# --- counting -----------------------------------------------------------------------------------

def whole_run(image: Image, args: str) -> Counts:
    """All that runs from power-on to power-off."""
    return run(image, args, plugin=Plugin(stretches=True, ring=False)).profile.pcs()


def until(image: Image, address: int) -> Counts:
    """All that runs from power-on until `address` is reached for the first time."""
    with Machine(image.elf, initrd=image.initrd, icount=True, gdb=True, frozen=True,
                 plugin=Plugin(stretches=True, ring=False)) as machine:
        seen = machine.gdb(f"hbreak *{address:#x}", "continue", "info registers pc",
                           "monitor quit")
        machine.wait(30)
    if f"{address:#x}" not in seen.split("Breakpoint")[-1].split("pc", 1)[-1]:
        raise HarnessError(f"{address:#x} was not reached:\n{seen}")
    return machine.profile.pcs()


def difference(more: Counts, few: Counts, runs: int = 1) -> dict[int, float]:
    """What is in `more` only, for one of `runs`."""
    return {pc: (times - few[pc]) / runs for pc, times in more.items() if times != few[pc]}


def repeated(image: Image, args: Callable[[int], str]) -> dict[int, float]:
    return difference(whole_run(image, args(MORE)), whole_run(image, args(FEW)), MORE - FEW)


def boot(image: Image, to: Callable[[Symbols], int]) -> dict[int, float]:
    symbols = Symbols(image.elf)
    return difference(until(image, to(symbols)), until(image, symbols.address("_start")))


# --- what can be profiled -----------------------------------------------------------------------

def _in_kernel(name: str) -> Workload:
    return Workload(name, kernel, partial(
        repeated, args=lambda runs: init_args(f"bench -n {runs} {name}")))


def _in_fused(name: str, workload: str, **choices: str) -> Workload:
    return Workload(name, partial(fused, "bench", **choices), partial(
        repeated, args=lambda runs: f"-n {runs} {workload}"))


WORKLOADS = {workload.name: workload for workload in [
    *map(_in_kernel, ("getpid", "devnull", "pipe", "fork", "exec", "write", "read")),
    Workload("boot", kernel, partial(boot, to=lambda _: first_of_init())),
    _in_fused("getpid-call", "getpid"),
    _in_fused("getpid-trap", "getpid", SYSCALL="trap"),
    _in_fused("devnull-call", "devnull", ROOTFS="ramfs"),
    Workload("boot-hello", partial(fused, "hello"),
             partial(boot, to=lambda symbols: symbols.address("main"))),
]}


# --- showing ------------------------------------------------------------------------------------

@dataclass
class Row:
    """A function in the table."""

    name: str
    start: int | None = None    # where it begins; None: many programs, or unknown
    instructions: float = 0
    calls: float = 0


def rows(counts: dict[int, float], symbols: Symbols) -> list[Row]:
    """Functions, the most expensive first."""
    found: dict[str, Row] = {}
    for pc, times in counts.items():
        if USER_TOP <= pc < KERNEL_BASE:
            continue
        function = symbols.function(pc)
        name = PROGRAMS if pc < USER_TOP else function.name if function else "?"
        start = function.start if function and pc >= USER_TOP else None
        row = found.setdefault(name, Row(name, start))
        row.instructions += times
        if pc == start:
            row.calls += times
    return sorted((row for row in found.values() if abs(row.instructions) >= LEAST),
                  key=lambda row: -row.instructions)


def print_rows(found: Sequence[Row], symbols: Symbols) -> None:
    total = sum(row.instructions for row in found)
    print(f"{'instructions':>13} {'%':>5} {'calls':>10} {'each':>9}  function")
    for row in found:
        each = f"{row.instructions / row.calls:.1f}" if row.calls else ""
        calls = f"{row.calls:.1f}" if row.calls else ""
        place = symbols.line(row.start) if row.start else ""
        print(f"{row.instructions:13,.1f} {100 * row.instructions / total:5.1f} {calls:>10} "
              f"{each:>9}  {row.name:28} {place or ''}".rstrip())
    print(f"{total:13,.1f} 100.0")


def print_function(image: Image, name: str, counts: dict[int, float]) -> None:
    """The function's code; before each instruction how often it ran."""
    symbols = Symbols(image.elf)
    function = symbols.function(symbols.address(name))
    tools = subprocess.run([images.ROOT / "tools" / "toolchain"], check=True, capture_output=True,
                           text=True).stdout.strip()
    listing = subprocess.run(
        [f"{tools}objdump", "-d", "-l", "--no-show-raw-insn", f"--start-address={function.start}",
         f"--stop-address={function.end}", image.elf],
        check=True, capture_output=True, text=True).stdout
    for line in listing.splitlines()[6:]:
        print(f"{_times(line, counts):>10}  {line}")


def _times(line: str, counts: dict[int, float]) -> str:
    address = line.split(":")[0].strip()
    if not line.startswith(" ") or not line.split(":")[1:]:
        return ""
    return f"{counts.get(int(address, 16), 0):.1f}"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="profile", description=__doc__.splitlines()[0])
    parser.add_argument("--function", help="show this function's code, with counts")
    parser.add_argument("workload", nargs="?")
    given = parser.parse_args(words)
    if given.workload not in WORKLOADS:
        print(f"profile: W={given.workload or ''}: there is no such workload. W is one of: "
              + " ".join(WORKLOADS), file=sys.stderr)
        return 2
    workload = WORKLOADS[given.workload]
    image = workload.image()
    counts = workload.count(image)
    if given.function:
        print_function(image, given.function, counts)
    else:
        symbols = Symbols(image.elf)
        print_rows(rows(counts, symbols), symbols)
    return 0


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
        sys.exit(status)
    except BrokenPipeError:                 # `make profile W=fork | head` is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

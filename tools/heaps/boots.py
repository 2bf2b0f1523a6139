"""What a heap adds to a boot: from the first instruction of the kernel to main, and on to the first block.

Counted by the plugin from the outside, with little and with much memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from grade import images
from tools.bench.benchmarks import by_plugin

MEMORIES = ["16M", "1G"]


@dataclass(frozen=True)
class Boot:
    """Instructions with one heap, for each of MEMORIES."""

    to_main: list[int]
    to_block: list[int]     # ... and to where the first block is there


def measure(alloc: str) -> Boot:
    image = partial(images.build, APP="firstblock", ALLOC=alloc, LIBC="musl")

    def count(place: str, memory: str) -> int:
        return by_plugin(image, lambda: place, "", memory=memory)
    return Boot([count("main", memory) for memory in MEMORIES],
                [count("block_is_there", memory) for memory in MEMORIES])


def table(boots: dict[str, Boot]) -> str:
    """The last columns are what the first block takes: making the heap is in it."""
    lines = [f"{'heap':9}" + "".join(f" {'boot, ' + memory:>11}" for memory in MEMORIES) +
             "".join(f" {'heap, ' + memory:>11}" for memory in MEMORIES)]
    for alloc, boot in boots.items():
        heap = [block - main for main, block in zip(boot.to_main, boot.to_block)]
        lines.append(f"{alloc:9}" + "".join(f" {number:11,}" for number in [*boot.to_block, *heap]))
    return "\n".join(lines)

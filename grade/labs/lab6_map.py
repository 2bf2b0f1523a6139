"""The map of a heap, of what a script did to it: the page of make heap-map, drawn from the log."""

from __future__ import annotations

from grade.labs.lab6_script import Kind, Log
from tools.heaps import map as heap_map
from tools.heaps.history import history
from tools.heaps.record import FREED, MADE, REGION_GIVEN_BACK, REGION_TAKEN, Event


def page(title: str, log: Log) -> str:
    """Time is what the calls took; the heap has one region, which begins where its source does."""
    symbols = log.machine.symbols
    found = history(list(_events(log, symbols.address("step_ends"))), heap_map.MOMENTS)
    return heap_map.page(title, found, symbols, "size")


def _events(log: Log, site: int):
    now, taken, start = 0, 0, log.places[0][0]
    live: dict[int, tuple[int, int]] = {}       # slot: address and size
    for step, result, after, count in zip(log.script.steps, log.results, log.taken, log.counts):
        now += count or 0
        if after != taken:
            if taken:
                yield Event(now, REGION_GIVEN_BACK, start, taken, 0, 0)
            yield Event(now, REGION_TAKEN, start, after, 0, 0)
            taken = after
        if step.kind == Kind.FREE and step.slot in live:
            address, size = live.pop(step.slot)
            yield Event(now, FREED, address, 0, size, site)
        elif step.kind == Kind.MALLOC and result:
            live[step.slot] = result, step.size
            yield Event(now, MADE, result, 0, step.size, site)

"""What a record says of a heap: which blocks and regions there were, and how full it was when.

A block lasts from the operation that made it to the one that freed it; one that was resized is two, one
behind the other. What is still there at the end ends with the record.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, replace

from .record import FREED, MADE, REFUSED, REGION_GIVEN_BACK, REGION_TAKEN, RESIZED, Event


@dataclass(frozen=True)
class Span:
    """Bytes [start, end) that were in use in the time [born, died)."""

    start: int
    end: int
    born: int
    died: int
    site: int = 0           # who asked for it
    freed: bool = True      # False: it was there when the record ended

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class Moment:
    """How the heap is at one time; all in bytes."""

    time: int
    live: int               # in blocks, as they were asked for
    taken: int              # in regions
    hole: int               # the longest stretch of a region without a block

    @property
    def fragmentation(self) -> float:
        """Of the bytes that are free, how many of a hundred are not in the longest hole."""
        free = self.taken - self.live
        return 100 * (free - self.hole) / free if free > 0 else 0.0


@dataclass(frozen=True)
class History:
    """All of it."""

    blocks: list[Span]
    regions: list[Span]
    moments: list[Moment]   # at equal distances
    fullest: Moment         # when most bytes were live
    operations: int
    refused: int
    start: int
    end: int


class _Heap:
    """The heap while the record is played: what is there now."""

    def __init__(self):
        self.blocks: dict[int, Event] = {}
        self.regions: dict[int, Event] = {}
        self.order: list[int] = []          # addresses of the blocks, sorted
        self.live = self.taken = 0
        self.past_blocks: list[Span] = []
        self.past_regions: list[Span] = []

    def add_block(self, event: Event) -> None:
        self.blocks[event.address] = event
        insort(self.order, event.address)
        self.live += event.size

    def drop_block(self, address: int, time: int, freed: bool = True) -> None:
        event = self.blocks.pop(address, None)
        if event is None:
            return
        del self.order[bisect_left(self.order, address)]
        self.live -= event.size
        self.past_blocks.append(Span(address, address + event.size, event.time, time, event.site, freed))

    def add_region(self, event: Event) -> None:
        self.regions[event.address] = event
        self.taken += event.other

    def drop_region(self, address: int, size: int, time: int, freed: bool = True) -> None:
        """A region goes; or a part of one, or of several side by side, if the back end joined them."""
        end = address + size
        for start, event in list(self.regions.items()):
            cut, cut_end = max(start, address), min(start + event.other, end)
            if cut >= cut_end:
                continue
            del self.regions[start]
            self.taken -= cut_end - cut
            self.past_regions.append(Span(cut, cut_end, event.time, time, freed=freed))
            for rest, rest_end in ((start, cut), (cut_end, start + event.other)):
                if rest < rest_end:
                    self.regions[rest] = replace(event, address=rest, other=rest_end - rest)

    def play(self, event: Event) -> None:
        if event.kind == MADE:
            self.add_block(event)
        elif event.kind == FREED:
            self.drop_block(event.address, event.time)
        elif event.kind == RESIZED:
            self.drop_block(event.other, event.time)
            self.add_block(event)
        elif event.kind == REGION_TAKEN:
            self.add_region(event)
        elif event.kind == REGION_GIVEN_BACK:
            self.drop_region(event.address, event.other, event.time)

    def longest_hole(self) -> int:
        return max((self._hole_of(region) for region in self.regions.values()), default=0)

    def _hole_of(self, region: Event) -> int:
        at, end, longest = region.address, region.address + region.other, 0
        for address in self.order[bisect_left(self.order, at):bisect_left(self.order, end)]:
            longest = max(longest, address - at)
            at = address + self.blocks[address].size
        return max(longest, end - at)

    def moment(self, time: int) -> Moment:
        return Moment(time, self.live, self.taken, self.longest_hole())

    def end(self, time: int) -> None:
        """Whatever is left is there to the end."""
        for address in list(self.blocks):
            self.drop_block(address, time, freed=False)
        for address, event in list(self.regions.items()):
            self.drop_region(address, event.other, time, freed=False)


def history(events: list[Event], nmoments: int) -> History:
    """The record, with the heap looked at `nmoments` times on the way."""
    heap = _Heap()
    start, end = events[0].time, max(events[-1].time, events[0].time + 1)
    times = [start + (end - start) * (i + 1) // nmoments for i in range(nmoments)]
    moments: list[Moment] = []
    fullest = most = 0
    for index, event in enumerate(events):
        while len(moments) < nmoments and times[len(moments)] < event.time:
            moments.append(heap.moment(times[len(moments)]))
        heap.play(event)
        if heap.live > most:
            fullest, most = index, heap.live
    moments += [heap.moment(time) for time in times[len(moments):]]
    heap.end(end)
    return History(heap.past_blocks, heap.past_regions, moments, _moment_after(events, fullest),
                   sum(event.kind in (MADE, FREED, RESIZED, REFUSED) for event in events),
                   sum(event.kind == REFUSED for event in events), start, end)


def _moment_after(events: list[Event], last: int) -> Moment:
    heap = _Heap()
    for event in events[:last + 1]:
        heap.play(event)
    return heap.moment(events[last].time)

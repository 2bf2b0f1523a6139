"""Scripts for the images `heaps`, `mine` and `two`, and what their log of addresses says.

A script is drawn here; the guest does its steps and notes addresses, digests of what blocks held, and how
much the heap had taken (kern/images/replay/replay.h). Judged is all of it here: nobody in the guest says
that something is right.
"""

from __future__ import annotations

import bisect
import struct
from dataclasses import dataclass, field
from enum import IntEnum

from grade.grader.api import Failed, Run

MASK = (1 << 64) - 1
STEP = 0x9E3779B97F4A7C15
PAGE = 4096
ALIGN, COST, LEAST = 16, 8, 32      # of blocks with boundary tags (kern/alloc/tags_impl.h)
EXACT = "shift=0,sleep=off"


class Kind(IntEnum):
    MALLOC, FREE, REALLOC, MEMALIGN, FILL, DIGEST, AVAILABLE, LARGEST, CHECK, EVENT, AGAIN = range(11)


TIMED = (Kind.MALLOC, Kind.FREE, Kind.REALLOC, Kind.MEMALIGN, Kind.EVENT, Kind.AGAIN)


def block_size(size: int) -> int:
    """What a block with boundary tags takes, for so many bytes of the user's."""
    return max(LEAST, (size + COST + ALIGN - 1) & -ALIGN)


def digest(pattern: int, size: int) -> int:
    """Of `size` bytes that were filled with a pattern, as the guest makes it."""
    total = 0
    for _ in range(size // 8):
        total = (total * 3 + pattern) & MASK
        pattern = (pattern + STEP) & MASK
    return (total * 3 + (pattern & ((1 << 8 * (size % 8)) - 1))) & MASK


@dataclass(frozen=True)
class Step:
    kind: Kind
    slot: int = 0
    size: int = 0
    align: int = ALIGN
    pattern: int = 0


@dataclass
class Script:
    """Steps, put down one after the other. Slots are the caller's names of blocks."""

    run: Run
    limit: int = 1024       # pages the heap may take
    gap: int = 0            # pages between two regions
    steps: list[Step] = field(default_factory=list)

    def _add(self, kind: Kind, slot: int = 0, size: int = 0, align: int = ALIGN) -> int:
        self.steps.append(Step(kind, slot, size, align, self.run.random.getrandbits(64)))
        return len(self.steps) - 1

    def malloc(self, slot: int, size: int) -> int:
        return self._add(Kind.MALLOC, slot, size)

    def memalign(self, slot: int, align: int, size: int) -> int:
        return self._add(Kind.MEMALIGN, slot, size, align)

    def free(self, slot: int) -> int:
        return self._add(Kind.FREE, slot)

    def realloc(self, slot: int, size: int, had: int) -> int:
        """With a look at what must have stayed, then filled anew; the step that has the address."""
        self.just_realloc(slot, size)
        self._add(Kind.DIGEST, slot, min(size, had))
        self._add(Kind.FILL, slot, size)
        return len(self.steps) - 3

    def just_realloc(self, slot: int, size: int) -> int:
        """What lies behind the old bytes stays as it came."""
        return self._add(Kind.REALLOC, slot, size)

    def free_again(self, slot: int) -> int:
        """The block that was freed last in this slot."""
        return self._add(Kind.AGAIN, slot)

    def ask(self, kind: Kind) -> int:
        return self._add(kind)

    def words(self, at: int) -> str:
        """What a step does, for people; with the size of the block that it frees."""
        step = self.steps[max(at, 0)]
        if step.kind in (Kind.FREE, Kind.AGAIN):
            sizes = [each.size for each in self.steps[:at] if each.slot == step.slot and
                     each.kind in (Kind.MALLOC, Kind.MEMALIGN, Kind.REALLOC)]
            return f"step {at}, free of {sizes[-1] if sizes else 'no'} bytes"
        aligned = f", aligned to {step.align}" if step.kind == Kind.MEMALIGN else ""
        size = f" of {step.size} bytes{aligned}" if step.kind in TIMED else ""
        return f"step {at}, {step.kind.name.lower()}{size}"

    def packed(self) -> bytes:
        head = struct.pack("<4Q", len(self.steps), self.limit, self.gap, 0)
        return head + b"".join(struct.pack("<II3Q", each.kind, each.slot, each.size, each.align, each.pattern)
                               for each in self.steps)


@dataclass
class Log:
    """What came of a script."""

    results: list[int]      # by step
    taken: list[int]        # bytes the heap has from its source, after each step
    counts: list[int | None]    # instructions, of steps that are calls
    made_for: int           # instructions it took to make the heap
    places: list[tuple[int, int]]   # where blocks may lie
    machine: object
    script: Script

    @property
    def first_taken(self) -> int:
        return self.taken[0]


def boot(run: Run, image: str, script: Script):
    return run.boot(image, initrd=run.file("script", script.packed()), icount=EXACT,
                    regions=[("step_begins", "step_ends")], budget=400_000_000)


def check_found_out(run: Run, image: str, script: Script, what: str) -> None:
    """The last step of the script is one that no heap may put up with."""
    machine = boot(run, image, script)
    ending = machine.finish(endings=("panic", "power-off"), status=None)
    done = machine.read_u64("replay_done")
    run.check(done >= len(script.steps) - 1, "steps of the script that were done", len(script.steps) - 1, done)
    run.check(ending.kind == "panic" and "freed twice" in ending.remark, what,
              "a panic that says: freed twice, or not the address of a block", ending.sentence)


def play(run: Run, image: str, script: Script) -> Log:
    """Boots the image with a script, and reads what came of it. Blocks that are wrong are Failed."""
    machine = boot(run, image, script)
    machine.finish()
    done = machine.read_u64("replay_done")
    run.same("steps of the script that were done", len(script.steps), done)
    raw = machine.read_physical(machine.symbols.address("replay_log"), 16 * done)
    words = struct.unpack(f"<{2 * done}Q", raw)
    crossings = iter(machine.profile.regions[0].counts)
    made_for = next(crossings)
    counts = [next(crossings, None) if each.kind in TIMED else None for each in script.steps]
    places = [(machine.read_u64("arena"), machine.read_u64("arena_end"))]
    if image == "two":
        region = machine.symbols.address("startup_region")
        places.append((region, region + 16384))
    log = Log(list(words[::2]), list(words[1::2]), counts, made_for, places, machine, script)
    Judge(run, script, log).judge()
    return log


class Judge:
    """Follows a script with the addresses that came, and believes nothing."""

    def __init__(self, run: Run, script: Script, log: Log):
        self.run, self.script, self.log = run, script, log
        self.live: dict[int, tuple[int, int]] = {}          # slot: (address, size)
        self.inside: dict[int, tuple[int, int]] = {}        # slot: (pattern, bytes of it)
        self.order: list[tuple[int, int]] = []              # (address, end), sorted

    def judge(self) -> None:
        for at, (step, result) in enumerate(zip(self.script.steps, self.log.results)):
            self.at = at
            if step.kind in (Kind.MALLOC, Kind.MEMALIGN):
                self._made(step, result)
                self.inside[step.slot] = (step.pattern, step.size if result else 0)
            elif step.kind == Kind.FREE:
                self._freed(step, result)
            elif step.kind == Kind.REALLOC:
                self._changed(step, result)
            elif step.kind == Kind.FILL and step.slot in self.live:
                self.inside[step.slot] = (step.pattern, self.live[step.slot][1])
            elif step.kind == Kind.DIGEST and step.slot in self.live:
                self._same_inside(step.slot, step.size, result, "kept by realloc")
            elif step.kind == Kind.CHECK:
                self._checked(result)

    def _made(self, step: Step, address: int) -> None:
        if not address:
            return
        what = f"the block that {self.script.words(self.at)} returns"
        start, end = address, address + max(step.size, 1)
        self.run.check(address % max(step.align, ALIGN) == 0, f"{what}: its address",
                       f"a multiple of {max(step.align, ALIGN)}", hex(address))
        self.run.check(any(low <= start and end <= high for low, high in self.log.places),
                       f"{what} lies in memory that the heap was given",
                       [f"{low:#x}..{high:#x}" for low, high in self.log.places], f"{start:#x}..{end:#x}")
        i = bisect.bisect(self.order, (start, end))
        for low, high in self.order[max(0, i - 1):i + 1]:
            self.run.check(end <= low or high <= start, f"{what} is nobody else's",
                           f"apart from {low:#x}..{high:#x}", f"{start:#x}..{end:#x}")
        self.order.insert(i, (start, end))
        self.live[step.slot] = (address, step.size)

    def _forget(self, slot: int) -> None:
        address, size = self.live.pop(slot)
        self.order.remove((address, address + max(size, 1)))

    def _freed(self, step: Step, result: int) -> None:
        if step.slot in self.live:
            self._same_inside(step.slot, self.live[step.slot][1], result, "when it is freed")
            self._forget(step.slot)

    def _checked(self, complaints: int) -> None:
        if complaints:
            words = next(iter(self.log.machine.lines("check: ")), "something is wrong")
            raise Failed(f"what the heap's check says after {self.script.words(self.at - 1)}",
                         "all invariants hold", words)

    def _changed(self, step: Step, result: int) -> None:
        if step.size == 0:
            self.run.same(f"what {self.script.words(self.at)} returns", hex(0), hex(result))
            if step.slot in self.live:
                self._forget(step.slot)
        elif result:
            if step.slot in self.live:
                self._forget(step.slot)
            self._made(step, result)

    def _same_inside(self, slot: int, size: int, seen: int, when: str) -> None:
        pattern, filled = self.inside.get(slot, (0, 0))
        if size <= filled and digest(pattern, size) != seen:
            raise Failed(f"what is in the block of slot {slot}, {when}, {self.script.words(self.at)}: a digest",
                         f"{digest(pattern, size):#x}", f"{seen:#x}")


# --- what is drawn ----------------------------------------------------------------------------------

def a_size(run: Run) -> int:
    """Mostly small, sometimes large, as programs ask."""
    draw = run.random
    kind = draw.random()
    if kind < 0.75:
        return draw.randint(1, 200)
    return draw.randint(200, 2000) if kind < 0.97 else draw.randint(2000, 16000)


def work(run: Run, calls: int, live: int = 200, least: int = 1, odd: bool = False, **given) -> Script:
    """A script that asks and gives back in any order, and everything in the end. There are at most `live`
    blocks, and once there are `least` they stay. `odd`: memalign and realloc, too."""
    script, sizes, free = Script(run, **given), {}, list(range(live))
    for _ in range(calls):
        how = run.random.random()
        if free and (len(sizes) < least or how < 0.52):
            slot = free.pop()
            sizes[slot] = a_size(run)
            if odd and how < 0.08:
                script.memalign(slot, 1 << run.random.randint(5, 13), sizes[slot])
            else:
                script.malloc(slot, sizes[slot])
        elif odd and how > 0.9:
            slot, size = run.random.choice(list(sizes)), a_size(run)
            script.realloc(slot, size, sizes[slot])
            sizes[slot] = size
        else:
            slot = run.random.choice(list(sizes))
            script.free(slot)
            del sizes[slot]
            free.append(slot)
    rest = list(sizes)
    run.random.shuffle(rest)
    for slot in rest:
        script.free(slot)
    return script


def live_bytes(script: Script, log: Log) -> list[int]:
    """What the program had, after each step, of what it had asked for."""
    sizes: dict[int, int] = {}
    found, total = [], 0
    for step, result in zip(script.steps, log.results):
        if step.kind in (Kind.MALLOC, Kind.MEMALIGN, Kind.REALLOC) and result:
            total += step.size - sizes.get(step.slot, 0)
            sizes[step.slot] = step.size
        elif step.kind == Kind.FREE:
            total -= sizes.pop(step.slot, 0)
        found.append(total)
    return found


def overhead(script: Script, log: Log) -> int:
    """How much more is taken for each thousand bytes that are live, on the average of the time in which more
    than half of what is live at the most is. One unlucky moment says little."""
    live = live_bytes(script, log)
    full = [at for at, nbytes in enumerate(live) if nbytes > max(live) // 2]
    return sum(log.taken[at] for at in full) * 1000 // sum(live[at] for at in full) - 1000


@dataclass(frozen=True, order=True)
class Cost:
    """Of a call: instructions, and the step that it was."""

    count: int
    at: int


def costs(script: Script, log: Log) -> dict[Kind, list[Cost]]:
    """Of malloc and free, but of calls in which the heap took memory or gave it back."""
    found: dict[Kind, list[Cost]] = {Kind.MALLOC: [], Kind.FREE: []}
    for at, step in enumerate(script.steps):
        same = at > 0 and log.taken[at] == log.taken[at - 1]
        if same and step.kind in found and log.counts[at] is not None:
            found[step.kind].append(Cost(log.counts[at], at))
    return found


def mean_pair(script: Script, log: Log) -> int:
    """Tenths of instructions of a malloc and a free."""
    return sum(sum(cost.count for cost in each) * 10 // len(each) for each in costs(script, log).values())


def trades(script: Script, log: Log) -> int:
    """Of a hundred calls of malloc and free, those in which memory was taken or given back."""
    calls = [at for at, step in enumerate(script.steps) if at and step.kind in (Kind.MALLOC, Kind.FREE)]
    return sum(log.taken[at] != log.taken[at - 1] for at in calls) * 100 // len(calls)

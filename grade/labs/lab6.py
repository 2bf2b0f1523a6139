"""Lab 6, no best allocator: what is judged is the log of addresses of scripts that are drawn here."""

from __future__ import annotations

from dataclasses import dataclass

from grade.grader.api import Failed, Run, lab_test, measure
from grade.labs import lab6_map
from grade.labs.lab6_script import (COST, LEAST, PAGE, Kind, Log, Script, block_size, check_found_out, costs,
                                    live_bytes, mean_pair, overhead, play, trades, work)

TRIMMED = 128 * 1024 + PAGE         # from here on the free end of a region goes back
FIND = ("6.1", "6.2", "6.3", "6.4")         # what malloc takes
TLSF = (*FIND, "6.5", "6.6")                # and free
LINEAR, COLUMNS = 1024, 16


# --- bins, as they should be --------------------------------------------------------------------------

def bin_of(size: int) -> int:
    """The bin of a free block of this size."""
    if size < LINEAR:
        return size // 16
    log = size.bit_length() - 1
    return 64 + (log - 10) * COLUMNS + (size >> (log - 4)) - COLUMNS


def bin_for(size: int) -> int:
    """The first bin of which every block is large enough."""
    return size // 16 if size < LINEAR else bin_of(size - 1) + 1


def border(number: int) -> int:
    """The smallest size of a bin."""
    if number < 64:
        return number * 16
    row, column = divmod(number - 64, COLUMNS)
    return (COLUMNS + column) << (row + 6)


# --- a heap with holes of known sizes, and nothing else free ------------------------------------------

FILLERS = ((8000, 60), (2000, 80), (500, 80), (100, 80), (24, 80))
KEPT, TRIED, DUMMY = 3000, 3001, 3002       # slots; holes have 0.., guards 1000.., fillers 2000..


@dataclass
class Holes:
    """A script that makes them, and where its log says how large each has become."""

    script: Script
    asked: dict[int, tuple[int, int]]       # slot: steps that ask for free bytes, before and after it was freed

    def sizes(self, log: Log) -> dict[int, int]:
        """By slot. A block may be 16 bytes larger than was asked for, where the rest was no block."""
        return {slot: log.results[after] - log.results[before] for slot, (before, after) in self.asked.items()}


def with_holes(run: Run, sizes: list[int], limit: int = 128) -> Holes:
    """Blocks of these sizes, each a free hole in the end; all the rest of what may be taken is in use,
    but for a block of 32 bytes, freed last. Some 150 pages more than the holes take can be used up."""
    script = Script(run, limit=limit, gap=1)
    for slot, size in enumerate(sizes):
        script.malloc(slot, size - COST)
        script.malloc(1000 + slot, 24)
    script.malloc(DUMMY, 24)
    slot = 2000
    for size, times in FILLERS:
        for _ in range(times):
            script.malloc(slot, size)
            slot += 1
    order = list(range(len(sizes)))
    run.random.shuffle(order)
    holes = Holes(script, {})
    for slot in order:
        before = script.ask(Kind.AVAILABLE)
        script.free(slot)
        holes.asked[slot] = before, script.ask(Kind.AVAILABLE)
    script.free(DUMMY)
    return holes


def try_each(script: Script, wanted: list[int]) -> list[int]:
    """Asks for blocks of these sizes, one after the other; the steps."""
    steps = []
    for size in wanted:
        steps.append(script.malloc(TRIED, size - COST))
        script.free(TRIED)
        script.malloc(DUMMY, 24)        # so that what was freed goes to its bin
        script.free(DUMMY)
    return steps


def joined(holes: dict[int, int]) -> dict[int, int]:
    """By address, with those that lie side by side as the one hole that they are."""
    found: dict[int, int] = {}
    for at, size in sorted(holes.items()):
        last = next(reversed(found), 0)
        if last and last + found[last] == at:
            found[last] += size
        else:
            found[at] = size
    return found


def check_fits(run: Run, sizes: list[int], wanted: list[int]) -> None:
    """Each wanted size is cut from a hole of the first bin that surely fits."""
    made = with_holes(run, sizes)
    steps = try_each(made.script, wanted)
    log = play(run, "heaps", made.script)
    holes = joined({log.results[2 * slot]: size for slot, size in made.sizes(log).items()})
    run.check(all(holes), "the blocks that become holes", "are there", holes)
    for size, step in zip(wanted, steps):
        known = sorted({number for each in holes.values() if (number := bin_of(each)) >= bin_for(size)})
        expected = [hex(at) for at, each in holes.items() if known and bin_of(each) == known[0]]
        seen = hex(log.results[step]) if log.results[step] else "no block"
        what = (f"where a block of {size} bytes, header and all, is cut from; free are {sorted(holes.values())}, and "
                f"bin {known[0] if known else 'none'} is the first that surely fits")
        run.check(seen in (expected or ["no block"]), what, expected or "no block", seen)


def apart(run: Run, bins: range, count: int) -> list[int]:
    """Sizes in so many different bins, no two alike."""
    sizes = []
    for number in run.random.sample(bins, count):
        sizes.append(run.random.randrange(border(number), border(number + 1), 16))
    return sizes


# --- 6.1, 6.2: bins -----------------------------------------------------------------------------------

@lab_test("6.1", points=3, needs=TLSF)
def blocks_go_where_their_size_says(run: Run) -> None:
    """A request is cut from the bin that fits best."""
    sizes = apart(run, range(4, 64), 5) + apart(run, range(64, 128), 7)
    check_fits(run, sizes, [run.random.randrange(48, max(sizes), 16) for _ in range(24)])


@lab_test("6.1", points=2, needs=TLSF)
def borders_belong_to_their_bin(run: Run) -> None:
    """A block whose size is the border of a bin is in that bin; 16 bytes less, and it is in the one before."""
    number = run.random.randrange(99, 130)
    row = 64 + COLUMNS * run.random.choice((1, 2))      # where a power of two begins
    sizes = [border(number), border(number) - 16, border(row), border(row) - 16, LINEAR, LINEAR - 16, border(66)]
    wanted = [border(number), border(number - 1), border(row), border(row - 1), LINEAR, LINEAR - 16, border(65)]
    check_fits(run, sizes, wanted)


@lab_test("6.2", points=2, needs=TLSF)
def what_fits_surely_is_found(run: Run) -> None:
    """A block exactly as large as what is asked for is found, where its bin has no smaller ones."""
    numbers = run.random.sample(range(64, 130), 4) + run.random.sample(range(5, 64), 3)
    sizes = [border(number) for number in numbers]
    check_fits(run, sizes, run.random.sample(sizes, len(sizes)))


@lab_test("6.2", points=2, needs=TLSF)
def nothing_too_small_is_given(run: Run) -> None:
    """From a bin with smaller blocks in it nothing is taken, from the next one it is; 4 GiB are never there."""
    numbers = run.random.sample(range(82, 126, 3), 4)
    sizes = [border(number) + 16 for number in numbers]
    small = [48, 64, 80, 96, 112]       # so that few of the lists are empty
    check_fits(run, sizes + small, [size + 16 * run.random.randint(0, 1) for size in sizes])
    check_fits(run, small, [1 << log for log in (32, 33, *range(42, 60))])


# --- 6.3: the first bin that has a block --------------------------------------------------------------

@lab_test("6.3", points=2, needs=TLSF)
def far_bins_are_found(run: Run) -> None:
    """A bin is found wherever it lies: in the same word of bits, in the next, or far behind, without a loop."""
    sizes = [border(run.random.randint(40, 62)), border(63), border(64), border(127), border(128),
             border(run.random.randint(134, 150))]
    wanted = [border(number) for number in (4, 38, 62, 63, 64, 65, 100, 127, 128)]
    check_fits(run, sizes, [*wanted, border(run.random.randint(129, 134))])
    small = 16 * run.random.randint(4, 40)
    near, far = only_hole(run, border(run.random.randint(64, 120)), small), only_hole(run, 4 << 20, small)
    run.check(abs(far - near) <= 2, "instructions of a malloc that finds a block some words of bits further on",
              f"as many as if it is in the next word: {near}", far)


def only_hole(run: Run, size: int, wanted: int) -> int:
    """Instructions of a malloc when there is one free block, so large."""
    made = with_holes(run, [size], limit=size // PAGE + 100)
    step = try_each(made.script, [wanted])[0]
    log = play(run, "heaps", made.script)
    run.check(log.results[step], f"a block of {wanted} bytes, from a hole of {size}", "is had", "is not")
    return log.counts[step]


@lab_test("6.3", points=2, needs=TLSF)
def no_bin_is_no_block(run: Run) -> None:
    """When no bin has a block that is large enough there is none; and the heap goes on."""
    sizes = apart(run, range(10, 90), 6)
    most = max(sizes)
    check_fits(run, sizes, [most * 2, 64, border(bin_of(most) + 1) + 16, most * 9 & -16, 48])


def workload(run: Run, image: str = "heaps") -> tuple[Script, Log]:
    """Of a size at which it does not hang on luck how well it fits: about a megabyte is live."""
    script = work(run, 12000, live=2000, least=1800)
    return script, play(run, image, script)


def check_worst(run: Run, who: str, script: Script, log: Log, what: str = "") -> None:
    """Of malloc and of free."""
    for kind, found in costs(script, log).items():
        worst = max(found)
        run.at_most(f"{who}, worst {kind.name.lower()}{what}", worst.count, where=script.words(worst.at))


@lab_test("6.3", points=6, needs=(*TLSF, "6.8"))
def the_worst_call_is_bounded(run: Run) -> None:
    """However many free blocks there are, the worst malloc and the worst free take few instructions."""
    for name, script in (("a mix", work(run, 2500)), ("many holes", many_holes(run))):
        check_worst(run, "tlsf", script, play(run, "heaps", script), f", {name}")


def many_holes(run: Run) -> Script:
    """Eight hundred holes, and then requests for more than any of them has."""
    script = Script(run)
    for slot in range(1600):
        script.malloc(slot, 100 + slot % 7 * 50)
    for slot in range(0, 1600, 2):
        script.free(slot)
    for slot in range(0, 400, 2):
        script.malloc(slot, run.random.randint(200, 800))
    for slot in range(1600):
        script.free(slot)
    return script


@lab_test("6.3", points=4, needs=(*TLSF, "6.8"))
def a_pair_is_cheap(run: Run) -> None:
    """A malloc and a free, on the average."""
    run.at_most("tlsf, mean pair x 10", mean_pair(*workload(run)))


# --- 6.4: split ---------------------------------------------------------------------------------------

def available_drops(run: Run, requests: list[tuple[int, int, int]], log: Log) -> None:
    """(step of `available` before, step after, bytes that the block should take)."""
    for before, after, size in requests:
        run.same(f"free bytes that a block of {size} bytes, header and all, takes", size,
                 log.results[before] - log.results[after])


@lab_test("6.4", points=2, needs=("6.2",))
def the_rest_stays_free(run: Run) -> None:
    """A block takes what it needs and no more; every tag is right after every call."""
    script, requests = Script(run), []
    for slot in range(20):
        size = run.random.randint(0, 300)
        before = script.ask(Kind.AVAILABLE)
        script.malloc(slot, size)
        requests.append((before, script.ask(Kind.AVAILABLE), block_size(size)))
        script.ask(Kind.CHECK)
    available_drops(run, requests, play(run, "heaps", script))


@lab_test("6.4", points=2, needs=TLSF)
def what_cannot_be_a_block_stays(run: Run) -> None:
    """A rest of 16 bytes stays with the block; one of 32 becomes a block of its own."""
    sizes = [16 * run.random.randint(5, 20), 16 * run.random.randint(25, 40), 16 * run.random.randint(45, 60)]
    holes, asked = with_holes(run, sizes), []
    for slot, (hole, less) in enumerate(zip(sizes, (16, 32, 16))):
        before = holes.script.ask(Kind.AVAILABLE)
        holes.script.malloc(slot, hole - less - COST)
        asked.append((slot, before, holes.script.ask(Kind.AVAILABLE), hole - less))
        holes.script.ask(Kind.CHECK)
    log = play(run, "heaps", holes.script)
    real = holes.sizes(log)
    available_drops(run, [(before, after, real[slot] if real[slot] - size < LEAST else size)
                          for slot, before, after, size in asked], log)


@lab_test("6.4", points=8, needs=(*TLSF, "6.8"))
def memory_is_not_wasted(run: Run) -> None:
    """How much is taken for what is live, on the average."""
    script, log = workload(run)
    run.at_most("tlsf, taken beyond 1000 live bytes", overhead(script, log), unit="bytes")


# --- 6.5, 6.6: merge ----------------------------------------------------------------------------------

def joins(run: Run, order: tuple[int, ...]) -> None:
    """Three blocks side by side, freed in this order, are one afterwards."""
    sizes = [16 * run.random.randint(3, 15) for _ in range(3)]
    script = Script(run, limit=4)
    before = 10
    script.malloc(before, 40)
    for slot, size in enumerate(sizes):
        script.malloc(slot, size - COST)
    script.malloc(11, 40)
    for slot in range(60):
        script.malloc(100 + slot, 400)
    for slot in range(100):
        script.malloc(200 + slot, 24)
    for slot in order:
        script.free(slot)
        script.ask(Kind.CHECK)
    all_of_it = script.malloc(20, sum(sizes[slot] for slot in order) - COST)
    script.ask(Kind.CHECK)
    log = play(run, "heaps", script)
    run.same("where a block as large as those together lies", hex(log.results[1 + min(order)]),
             hex(log.results[all_of_it]))


@lab_test("6.5", points=3, needs=(*FIND, "6.6"))
def joins_the_one_behind(run: Run) -> None:
    """A block that is freed joins the free one behind it."""
    joins(run, (1, 0))
    joins(run, (2, 1, 0))


@lab_test("6.6", points=3, needs=(*FIND, "6.5"))
def joins_the_one_before(run: Run) -> None:
    """A block that is freed joins the free one before it, and both neighbours; freed again, it is found out."""
    joins(run, (0, 1))
    joins(run, (0, 2, 1))
    script = Script(run)
    for slot in range(4):
        script.malloc(slot, run.random.randint(0, 300))
    for slot in (*run.random.sample((0, 2), 2), 1):
        script.free(slot)
    script.free_again(1)
    check_found_out(run, "heaps", script, "what becomes of a block that is freed a second time, when it has "
                                          "joined both of its neighbours")


@lab_test("6.6", points=2, needs=(*TLSF, "6.7", "6.8"))
def everything_comes_back(run: Run) -> None:
    """After any mix of calls, when all is freed, the heap has what it began with, in one piece."""
    script = Script(run)
    script.ask(Kind.AVAILABLE)
    script.steps += work(run, 1500, odd=True).steps
    check, available, largest = map(script.ask, (Kind.CHECK, Kind.AVAILABLE, Kind.LARGEST))
    log = play(run, "heaps", script)
    most = log.first_taken + TRIMMED
    run.check(log.taken[-1] <= most, "bytes taken in the end", f"at most {most}", log.taken[-1])
    free = log.results[0] + log.taken[-1] - log.first_taken
    run.same("bytes free in the end", free, log.results[available])
    run.check(log.results[largest] >= free * 15 // 16 - COST, "bytes to be had as one block in the end",
              f"nearly all of {free}", log.results[largest])


# --- 6.7, 6.8: memalign, grow -------------------------------------------------------------------------

@lab_test("6.7", points=3, needs=TLSF)
def aligned_to_anything(run: Run) -> None:
    """A block is aligned to what was asked for, from 32 bytes to 64 KiB, and every tag is right."""
    script = Script(run, gap=1)
    for slot in range(30):
        script.memalign(slot, 1 << run.random.randint(5, 16), run.random.randint(0, 3000))
        script.ask(Kind.CHECK)
    order = list(range(30))
    run.random.shuffle(order)
    for slot in order:
        script.free(slot)
        script.ask(Kind.CHECK)
    log = play(run, "heaps", script)
    run.check(all(log.results[2 * slot] for slot in range(30)), "blocks", "all of them", "some are missing")


@lab_test("6.7", points=2, needs=TLSF)
def what_lies_before_is_free(run: Run) -> None:
    """What an aligned block leaves before and behind it is free; where it needs nothing before it, nothing is."""
    script, requests = Script(run), []
    for slot in range(8):
        size = 16 * run.random.randint(2, 30)
        before = script.ask(Kind.AVAILABLE)
        script.memalign(slot, 1 << run.random.randint(5, 9), size - COST)
        requests.append((before, script.ask(Kind.AVAILABLE), size))
        script.ask(Kind.CHECK)
    log = play(run, "heaps", script)
    for before, after, size in requests:
        taken = log.results[before] - log.results[after]
        run.check(size <= taken <= size + 16, f"free bytes that an aligned block of {size} bytes takes",
                  f"{size}, or 16 more", taken)
    leads_are_short(run)


def leads_are_short(run: Run) -> None:
    """Of two holes one is aligned to 32 bytes already."""
    sizes = [32 * run.random.randint(6, 14) + 16, 32 * run.random.randint(16, 28)]
    made = with_holes(run, sizes)
    steps = []
    for slot, size in enumerate(sizes):
        steps.append(made.script.memalign(slot, 32, size - 32 - LEAST - COST))
        made.script.ask(Kind.CHECK)
    log = play(run, "heaps", made.script)
    for slot, step in enumerate(steps):
        hole = log.results[2 * slot]
        nearest = hole if hole % 32 == 0 else (hole + LEAST + 31) & -32
        run.same(f"where a block aligned to 32 bytes lies, in a free one whose user address is {hole:#x}",
                 hex(nearest), hex(log.results[step]))


@lab_test("6.8", points=4, needs=TLSF)
def a_region_grows(run: Run) -> None:
    """Memory that comes from behind a region is one with it: a block may lie across."""
    limit = run.random.randint(60, 120)
    script = Script(run, limit=limit)
    count = limit * PAGE * 8 // 10 // 4016
    for slot in range(count):
        script.malloc(slot, 4000)
        script.ask(Kind.CHECK)
    script.malloc(999, 40)
    for slot in run.random.sample(range(count), count):
        script.free(slot)
    script.ask(Kind.CHECK)
    large = script.malloc(1000, int(limit * PAGE * 0.7))
    script.ask(Kind.CHECK)
    log = play(run, "heaps", script)
    run.check(log.results[large], f"a block of 70 % of the {limit} pages there are", "is had", "is not")


# --- 6.9: two heaps -----------------------------------------------------------------------------------

@lab_test("6.9", points=2, needs=TLSF)
def start_up_costs_little(run: Run) -> None:
    """Until start-up is over no page is taken, blocks lie in the region, and little is executed."""
    script = Script(run)
    for slot in range(40):
        script.malloc(slot, run.random.randint(1, 200))
    over = script.ask(Kind.EVENT)
    later = script.malloc(50, 100)
    log = play(run, "two", script)
    low, high = log.places[1]
    run.check(all(low <= each < high for each in log.results[:40]), "blocks of start-up", "lie in the region",
              "some do not")
    run.same("bytes taken when start-up is over", 0, log.taken[over])
    run.check(not low <= log.results[later] < high, "a block after start-up", "lies outside of the region",
              hex(log.results[later]))
    run.at_most("two heaps are made", log.made_for)
    worst = max(range(1, 40), key=lambda at: log.counts[at])
    run.at_most("a malloc of start-up", log.counts[worst], where=script.words(worst))


@lab_test("6.9", points=2, needs=(*TLSF, "6.8"))
def everyone_gets_their_block_back(run: Run) -> None:
    """Blocks go back to the heap they came from; when the region is full, the other heap serves."""
    script, slots = Script(run), list(range(60))
    for slot in slots[:45]:
        script.malloc(slot, run.random.randint(300, 500))       # more than the region has
    script.free(44), script.free(43)
    script.ask(Kind.EVENT)
    for slot in slots[45:]:
        script.malloc(slot, run.random.randint(1, 3000))
    order = [slot for slot in slots if slot not in (43, 44)]
    run.random.shuffle(order)
    for slot in order:
        script.free(slot)
        script.ask(Kind.CHECK)
    log = play(run, "two", script)
    run.check(all(log.results[:45]), "blocks during start-up", "all of them", "some are missing")
    low, high = log.places[1]
    run.check(sum(low <= each < high for each in log.results[:45]) > 30, "blocks that lie in the region",
              "as many as fit", sum(low <= each < high for each in log.results[:45]))
    what_is_freed_is_free(run)


def what_is_freed_is_free(run: Run) -> None:
    """A bump heap takes back its last block: freed in the reverse order, all are."""
    script, count = Script(run), run.random.randint(6, 12)
    before = script.ask(Kind.AVAILABLE)
    for slot in range(count):
        script.malloc(slot, run.random.randint(1, 300))
    over = run.random.randrange(2, count - 2)
    for slot in reversed(range(count)):
        if slot == over:
            script.ask(Kind.EVENT)
        script.free(slot)
    after = script.ask(Kind.AVAILABLE)
    log = play(run, "two", script)
    run.same("free bytes of start-up's heap, when its blocks were freed, the last one first, some of them after "
             "start-up", log.results[before], log.results[after])


@lab_test("6.9", points=2, needs=(*TLSF, "6.8"))
def a_block_moves_over(run: Run) -> None:
    """Blocks of start-up that outgrow their room later move, with what is in them; and all else that realloc does."""
    sizes = [run.random.randint(20, 300) for _ in range(8)]
    script = Script(run)
    before = script.ask(Kind.AVAILABLE)
    for slot, size in enumerate(sizes):
        script.malloc(slot, size)
    script.ask(Kind.EVENT)
    steps = []
    for slot, size in reversed(list(enumerate(sizes))):
        steps.append(script.realloc(slot, size * 3 + 100, size))
        script.realloc(slot, size * 5 + 100, size * 3 + 100)
    after = script.ask(Kind.AVAILABLE)
    for slot in range(8):
        script.free(slot)
    script.ask(Kind.CHECK)
    log = play(run, "two", script)
    run.check(not any(in_region(log, step) for step in steps),
              "blocks that were made larger after start-up", "lie outside of the region", "some do not")
    run.same("free bytes of start-up's heap, when all of its blocks moved, the last one first",
             log.results[before], log.results[after])
    realloc_during_start_up(run)
    realloc_afterwards(run)


def in_region(log: Log, step: int) -> bool:
    """Whether what a step returned lies in the memory of start-up."""
    low, high = log.places[1]
    if not log.results[step]:
        raise Failed(f"what {log.script.words(step)} returns", "a block", "NULL")
    return low <= log.results[step] < high


def realloc_during_start_up(run: Run) -> None:
    """Of NULL, to more, to less, to nothing: all in the region."""
    script, size = Script(run), run.random.randint(40, 200)
    steps = [script.realloc(0, size, 0), script.malloc(1, 50), script.realloc(0, size * 3, size),
             script.realloc(0, size // 2, size * 3)]
    before = script.ask(Kind.AVAILABLE)
    script.malloc(2, size)
    script.just_realloc(2, 0)
    after = script.ask(Kind.AVAILABLE)
    log = play(run, "two", script)
    run.check(all(in_region(log, step) for step in steps), "blocks that realloc returns during start-up, while "
              "there is room", "lie in the region", "some do not")
    run.same("bytes taken in the end", 0, log.taken[-1])
    run.same("free bytes of start-up's heap, when realloc to 0 bytes has freed its last block",
             log.results[before], log.results[after])


def realloc_afterwards(run: Run) -> None:
    """Of NULL, to less and to nothing; and it copies what a block had, not what is behind it."""
    script, size = Script(run), 16 * run.random.randint(3, 12) + 8
    moves, behind, shrinks = [script.malloc(slot, size) for slot in range(3)]
    before = script.ask(Kind.AVAILABLE)
    script.malloc(3, size)
    script.ask(Kind.EVENT)
    script.just_realloc(3, 0)
    after = script.ask(Kind.AVAILABLE)
    stays = script.realloc(2, size - run.random.randint(8, 20), size)
    fresh = script.realloc(4, size, 0)
    script.just_realloc(4, 0)
    moved = script.just_realloc(0, size * 4)
    script.ask(Kind.CHECK)
    log = play(run, "two", script)
    run.same("free bytes of start-up's heap, when realloc to 0 bytes has freed its last block, after start-up",
             log.results[before], log.results[after])
    run.same("where a block of start-up is that was made smaller after it", hex(log.results[shrinks]),
             hex(log.results[stays]))
    run.check(not in_region(log, fresh) and not in_region(log, moved), "blocks that realloc makes after start-up",
              "lie outside of the region", "some do not")
    copied = log.machine.read_physical(log.results[moved], size * 4)
    neighbour = script.steps[behind].pattern.to_bytes(8, "little")
    run.check(neighbour not in copied, "in a block that has moved, behind what it had", "nothing of start-up's heap",
              "what is in the block behind it there")


# --- 6.10: one of one's own ---------------------------------------------------------------------------

@lab_test("6.10", points=3)
def every_block_is_its_own(run: Run) -> None:
    """Any mix of calls: every block is in range, aligned, nobody else's, and keeps what is in it."""
    script = work(run, 2500, odd=True)
    script.ask(Kind.CHECK)
    log = play(run, "mine", script)
    missing = [step for step, result in zip(script.steps, log.results)
               if step.kind in (Kind.MALLOC, Kind.MEMALIGN, Kind.REALLOC) and not result]
    run.same("requests that failed", 0, len(missing))


@lab_test("6.10", points=3)
def memory_comes_back(run: Run) -> None:
    """When all is used up requests fail; when all is freed, half of it can be had at once."""
    limit = run.random.randint(70, 130)
    script, slots = Script(run, limit=limit), range(limit * 30)
    sizes = [run.random.randint(50, 400) for _ in slots]
    for slot, size in zip(slots, sizes):
        script.malloc(slot, size)
    for slot in run.random.sample(slots, len(slots)):
        script.free(slot)
    large = script.malloc(0, limit * PAGE // 2)
    script.free(0)
    log = play(run, "mine", script)
    run.check(not all(log.results[:len(slots)]), "requests for more than there is", "some fail", "none failed")
    run.check(log.results[large], f"a block of half of {limit} pages, after all was freed", "is had", "is not")
    run.check(log.taken[-1] <= 16 * PAGE, "bytes taken in the end", f"at most {16 * PAGE}", log.taken[-1])


@lab_test("6.10", points=2)
def large_and_aligned_blocks(run: Run) -> None:
    """Sizes from 0 to a megabyte, aligned to up to 64 KiB; too much is refused."""
    script = Script(run)
    sizes = [0, 1, 1 << run.random.randint(15, 20), run.random.randint(100_000, 1_000_000)]
    for slot, size in enumerate(sizes):
        script.memalign(slot, 1 << run.random.randint(4, 16), size)
    refused = [script.malloc(20, (1 << 62) + 5), script.malloc(20, MOST), script.malloc(20, 1 << 33)]
    for slot in range(len(sizes)):
        script.free(slot)
    log = play(run, "mine", script)
    run.check(all(log.results[:len(sizes)]), "blocks", "all of them", log.results[:len(sizes)])
    run.same("answers to far too much", [0, 0, 0], [log.results[step] for step in refused])


MOST = (1 << 64) - 1
TRADES = 5      # of a hundred calls


def check_trades(run: Run, script: Script, log: Log) -> None:
    """Calls that take pages or give them back are not counted: so there must be few."""
    found = trades(script, log)
    run.check(found <= TRADES, "of a hundred calls, those that take pages or give them back", f"at most {TRADES}",
              found)


@lab_test("6.10", points=6)
def yours_is_quick(run: Run) -> None:
    """Your heap: a malloc and a free, on the average."""
    script, log = workload(run, "mine")
    check_trades(run, script, log)
    run.at_most("mine, mean pair x 10", mean_pair(script, log))


@lab_test("6.10", points=4)
def yours_is_bounded(run: Run) -> None:
    """Your heap: the worst malloc and the worst free, with many holes."""
    script = many_holes(run)
    log = play(run, "mine", script)
    check_trades(run, script, log)
    check_worst(run, "mine", script, log)


@lab_test("6.10", points=12)
def yours_wastes_little(run: Run) -> None:
    """Your heap: how much is taken for what is live, on the average."""
    script, log = workload(run, "mine")
    run.at_most("mine, taken beyond 1000 live bytes", overhead(script, log), unit="bytes")


# --- measures -----------------------------------------------------------------------------------------

def fullest(run: Run) -> tuple[Log, int, int]:
    """A script with questions behind every call, the same for all measures; the step after which most is
    live, and how much."""
    run.random.seed("the script of lab 6's measures")
    script = Script(run)
    script.ask(Kind.AVAILABLE)
    for step in work(run, 1200, live=100, least=80).steps:
        script.steps.append(step)
        script.ask(Kind.AVAILABLE)
        script.ask(Kind.LARGEST)
    log = play(run, "heaps", script)
    run.page("lab6", lab6_map.page("The script of lab 6's measures, on TLSF", log))
    live = live_bytes(script, log)
    at = max(range(1, len(script.steps), 3), key=lambda at: live[at])
    return log, at, live[at]


@measure("6.a")
def what_is_taken(run: Run) -> tuple[int, dict[str, int]]:
    """Taken at the fullest moment, by what it is."""
    log, at, live = fullest(run)
    taken, free = log.taken[at], log.results[at + 1]
    own = log.first_taken - log.results[0]
    return taken, {"live": live, "padding": taken - own - live - free, "own": own, "free": free}


@measure("6.b")
def how_broken_up(run: Run) -> int:
    """Of a hundred free bytes, those that are not in the largest block."""
    log, at, _ = fullest(run)
    free, largest = log.results[at + 1], log.results[at + 2] + COST
    return 100 * max(0, free - largest) // free

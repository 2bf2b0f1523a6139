"""The tests of lab 2, "Maps".

Each makes a page table here, or has one made by the guest (image maps, kern/images/maps/commands.h),
and reads what became of it out of the guest's memory. What the image prints are facts of given code:
what was returned, and when whom a range belongs to was told what.
"""

from __future__ import annotations

import re
import struct

from grade.grader.api import Run, lab_test, measure
from grade.labs import probe
from grade.labs.tables import (A, D, FLAGS, G, PAGE, R, SOFT, SPAN, U, V, W, X, Tables, entry,
                               is_pointer, letters, read_tree, same_ends, target)

EINVAL, EEXIST, ENOMEM = -22, -17, -12
FETCH, LOAD, STORE = 12, 13, 15
NO_WALK = 3
RW = V | R | W | A | D
RET = b"\x82\x80"               # the instruction `ret`
OTHER_BITS = (G, SOFT, G | SOFT)


def numbers(machine, pattern: str) -> list[tuple[int, ...]]:
    """What the groups of the pattern matched in each line of the image, read as hexadecimal."""
    found = re.findall(rf"^maps: {pattern}$", machine.output, re.M)
    return [tuple(int(each, 16) for each in ((match,) if isinstance(match, str) else match))
            for match in found]


def returned(machine, command: str) -> list[int]:
    """What a function of the command returned, each time."""
    return [int(value) for value in
            re.findall(rf"^maps: {command} .* returns (-?\d+)$", machine.output, re.M)]


def own_root(machine) -> int:
    """The table the image began with."""
    return int(re.search(r"^maps: root (\w+)$", machine.output, re.M)[1], 16)


def new_tables(machine) -> list[int]:
    """The tables that new_table() gave."""
    return [page for page, in numbers(machine, r"table (\w+)")]


def boot(run: Run, args: str, tables: Tables | None = None, **options):
    """The image has done what it was asked for."""
    if tables:
        args = f"root {tables.root:x} {args}"
        options["load"] = {**tables.load(), **options.get("load", {})}
    machine = run.boot("maps", args=args, **options)
    machine.finish()
    return machine


def unchanged(run: Run, machine, tables: Tables) -> None:
    """The host's table is as it was."""
    seen, expected = read_tree(machine, tables.root), tables.tree()
    same_ends(run, "the page table, which nothing should change", expected.ends, seen.ends)
    same_ends(run, "the pointers, which nothing should change", expected.pointers, seen.pointers)


# --- 2.1 walk ---------------------------------------------------------------------------------------

def walks(run: Run, tables: Tables, places: list[int]) -> None:
    """Walks from these addresses end where they should."""
    run.random.shuffle(places)
    machine = boot(run, " ".join(f"walk {va:x}" for va in places), tables)
    seen = numbers(machine, r"walk (\w+) level (-?\d) at (\w+) entry (\w+)")
    for va, (_, ends, where, value) in zip(places, seen):
        level, at, pte = tables.walk(va)
        run.fact(walk="too far" if ends < level else "too short" if ends > level else
                 "elsewhere" if where != at else "right")
        run.same(f"the walk of {va:#x}", f"level {level}, entry at {at:x}: {pte:x}",
                 f"level {ends}, entry at {where:x}: {value:x}")
    run.same("the number of walks", len(places), len(seen))
    unchanged(run, machine, tables)


def inside(run: Run, va: int, level: int) -> int:
    """Somewhere in the page."""
    return va + run.random.randrange(SPAN[level])


@lab_test("2.1", points=4)
def walk_finds_leaves_of_every_size(run: Run) -> None:
    """The walk ends at the leaf of a page, whatever the page's size."""
    tables, places = Tables(run.random), []
    for level in (0, 1, 2) * 4:
        tables.put(va := tables.place(level), level, tables.leaf(level))
        places += [va, va + SPAN[level] - 1, inside(run, va, level)]
    walks(run, tables, places)


@lab_test("2.1", points=4)
def walk_stops_where_nothing_is(run: Run) -> None:
    """The walk ends at an entry that is not valid, at every level, whatever else is in it."""
    tables, places = Tables(run.random), []
    for level in (0, 1, 2) * 3:
        tables.put(va := tables.place(level), level, tables.leaf(level))
        beside = va ^ SPAN[level]       # in the same table, and empty if nobody came there
        rest = tables.page() >> 2 | run.random.choice((0, R | W, X, A | D | U))
        tables.put(kept := tables.place(level), level, rest)
        places += [beside, inside(run, kept, level), run.random.getrandbits(38)]
    walks(run, tables, places)


@lab_test("2.1", points=4)
def walk_knows_every_kind_of_entry(run: Run) -> None:
    """Pointers with other bits, leaves that only execute, the end at level 0 whatever stands there."""
    tables, places = Tables(run.random), []
    for level, grants in ((0, X), (1, X), (2, X), (0, W), (1, W)):
        va = tables.place(level)
        tables.put(va, level, tables.leaf(level, grants), pointer=V | run.random.choice(OTHER_BITS))
        places.append(inside(run, va, level))
    last = tables.place(0)              # looks like a pointer, but no table comes behind level 0
    tables.put(last, 0, entry(tables.page(), V))
    high = -SPAN[0] & (1 << 64) - 1     # the last page of all
    tables.put(high, 0, tables.leaf(0))
    walks(run, tables, [*places, last, high + 8])


# --- 2.2 build the way ------------------------------------------------------------------------------

def creates(machine) -> list[tuple[int, ...]]:
    return numbers(machine, r"create (\w+) level (\d) at (\w+)")


def tables_asked(machine) -> list[int]:
    """How many tables each create asked for."""
    asked, found = 0, []
    for line in machine.lines("maps: "):
        asked += line.startswith(("table ", "no table left"))
        if line.startswith("create "):
            found.append(asked)
            asked = 0
    return found


def only_made(run: Run, machine, tree, made: set[int]) -> None:
    """All tables in the tree are from new_table(), and their entries say V and nothing else."""
    run.same("the tables in the tree", sorted(f"{page:x}" for page in made),
             sorted(f"{page:x}" for page in tree.pages()))
    flags = {letters(pte) for pte in tree.pointers.values() if pte & FLAGS != V}
    run.check(not flags, "an entry that points at a table", "V and no other flag", sorted(flags))


@lab_test("2.2", points=4)
def makes_the_tables_that_are_missing(run: Run) -> None:
    """New tables come where there are none, and only there; the entry is the right one."""
    va = run.random.getrandbits(37) & -PAGE | 1 << 37
    near, far = va ^ SPAN[0], va ^ SPAN[1]          # the same level-0 table; the same level-1 table
    high = va ^ SPAN[2] ^ 3 << 37 | ((1 << 25) - 1) << 39
    wanted = [(va, 0, 2), (near, 0, 0), (far, 0, 1), (far, 1, 0), (high, 1, 1), (high, 2, 0),
              (high, 0, 1)]
    machine = boot(run, " ".join(f"create {at:x} {level}" for at, level, _ in wanted))
    root, seen = own_root(machine), creates(machine)
    run.same("tables asked for by each", [f"{at:x} level {level}: {n}" for at, level, n in wanted],
             [f"{at:x} level {level}: {n}" for (at, level, _), n in zip(seen, tables_asked(machine))])
    tree = read_tree(machine, root)
    only_made(run, machine, tree, set(new_tables(machine)))
    run.same("entries besides the pointers", {}, tree.ends)
    for at, level, where in seen:
        table = root
        for above in range(2, level, -1):
            table = target(tree.pointers[at & -SPAN[above] & (1 << 64) - 1, above])
        run.same(f"the entry of {at:x} at level {level}",
                 f"{table + 8 * (at >> 12 + 9 * level & 511):x}", f"{where:x}")


@lab_test("2.2", points=3)
def does_not_build_through_what_is_there(run: Run) -> None:
    """A leaf on the way, or an entry that only is not valid, is left alone."""
    tables, asked = Tables(run.random), []
    for level, pte in ((1, tables.leaf(1)), (2, tables.leaf(2)), (1, tables.page() >> 2),
                       (2, tables.page() >> 2 | R | W)):
        tables.put(va := tables.place(level), level, pte)
        asked += [(inside(run, va, level) & -PAGE, below) for below in range(level)]
    free = tables.place(2)
    asked.append((free, 2))
    machine = boot(run, " ".join(f"create {va:x} {level}" for va, level in asked), tables)
    run.same("what came back",
             [*[f"{va:x} level {level}: 0" for va, level in asked[:-1]],
              f"{free:x} level 2: {tables.walk(free)[1]:x}"],
             [f"{va:x} level {level}: {at:x}" for va, level, at in creates(machine)])
    run.same("tables asked for by each", [0] * len(asked), tables_asked(machine))
    unchanged(run, machine, tables)


@lab_test("2.2", points=3)
def gives_up_without_tables(run: Run) -> None:
    """Without memory for a table nothing comes back and nothing is broken; with it, it goes on."""
    va = run.random.getrandbits(38) & -PAGE
    machine = boot(run, f"tables 0 create {va:x} 0 tables 1 create {va:x} 0 "
                        f"tables 5 create {va:x} 0")
    found = [at != 0 for _, _, at in creates(machine)]
    run.same("with no table, one, and five to be had", [False, False, True], found)
    run.same("tables asked for by each", [1, 2, 1], tables_asked(machine))
    tree = read_tree(machine, own_root(machine))
    only_made(run, machine, tree, set(new_tables(machine)))
    run.same("entries besides the pointers", {}, tree.ends)


# --- 2.3 map ----------------------------------------------------------------------------------------

def words(pte: int) -> str:
    """An entry as the command `map` wants it: address and flags."""
    return letters(pte & ~SOFT)


@lab_test("2.3", points=4)
def maps_pages_of_every_size(run: Run) -> None:
    """Pages and superpages are mapped where they were asked for, with just these flags."""
    tables, asked = Tables(run.random), {}
    for level in (0, 1, 2, 0, 0, 1, 2, 0):
        va = tables.place(level)
        asked[va, level] = tables.put(va, level, tables.leaf(level))
    first = next(va for va, level in asked if level == 0)
    for beside in (first ^ SPAN[0], first ^ 2 * SPAN[0]):
        asked[beside, 0] = tables.leaf(0)
    machine = boot(run, " ".join(f"map {va:x} {words(pte)} {level}"
                                 for (va, level), pte in asked.items()))
    run.same("what sv39_map returned", [0] * len(asked), returned(machine, "map"))
    tree = read_tree(machine, own_root(machine))
    same_ends(run, "the page table", asked, tree.ends)
    only_made(run, machine, tree, set(new_tables(machine)))


@lab_test("2.3", points=2)
def machine_follows_the_map(run: Run) -> None:
    """Loads, stores and jumps through what was mapped reach the right memory."""
    page = 0x84000000 + PAGE * run.random.randrange(512)
    va, high, wide = 0x40000000, 0xFFFFFFE000000000, 0x40200000
    at = 8 * run.random.randrange(1, 500)
    machine = boot(run, f"map {va:x} {page:x} VRWAD 0 map {high:x} {page:x} VRXAD 0 "
                        f"map {wide:x} 84000000 VRWAD 1 on write {va + at:x} read {high + at:x} "
                        f"read {wide + page % SPAN[1] + at:x} try fetch {high:x} try fetch {va:x} "
                        f"try write {high:x}", load={page: RET})
    run.same("what was written at one address and read at two others", [f"{va + at:x}"] * 2,
             [f"{value:x}" for value, in numbers(machine, r"read \w+: (\w+)")])
    run.same("what came of fetch, fetch and write",
             [f"fetch {high:x}: 0", f"fetch {va:x} faults: cause {FETCH} at {va:x}",
              f"write {high:x} faults: cause {STORE} at {high:x}"], machine.lines("maps: ")[-4:-1])


@lab_test("2.3", points=3)
def refuses_misfits(run: Run) -> None:
    """Addresses that do not fit the page's size, or are none of Sv39, are refused."""
    tables = Tables(run.random)
    asked = []
    for level in (0, 1, 2):
        va, pa = tables.place(level), run.random.getrandbits(50) & -SPAN[level]
        off = 1 << run.random.randrange(12 + 9 * level)
        asked += [(va | off, pa, level), (va, pa | off, level)]
    asked += [(1 << bit, 0x84000000, 0) for bit in (38, 39, 63)]
    asked += [((1 << 64) - (1 << 39), 0x84000000, 0), ((1 << 40) - PAGE, 0x84000000, 0)]
    run.random.shuffle(asked)
    machine = boot(run, " ".join(f"map {va:x} {pa:x} VRAD {level}" for va, pa, level in asked))
    run.fact(misfit=0 in returned(machine, "map"))
    run.same("what sv39_map returned", [f"{va:x} to {pa:x} level {level}: {EINVAL}"
                                        for va, pa, level in asked],
             [f"{va:x} to {pa:x} level {level}: {error}"
              for (va, pa, level), error in zip(asked, returned(machine, "map"))])
    nothing_new(run, machine, own_root(machine))


def nothing_new(run: Run, machine, root: int) -> None:
    tree = read_tree(machine, root)
    run.same("tables that were made", [], new_tables(machine))
    run.same("entries in the root table", {}, {**tree.ends, **tree.pointers})


@lab_test("2.3", points=3)
def refuses_what_is_taken(run: Run) -> None:
    """Where something is mapped, around it, below it, or kept for later, nothing is mapped anew."""
    tables, asked = Tables(run.random), []
    for level in (0, 1, 2):
        tables.put(va := tables.place(level), level, tables.leaf(level))
        tables.put(kept := tables.place(level), level, tables.page() >> 2)
        asked += [(place, at) for place in (va, kept) for at in range(level + 1)]
    tables.put(small := tables.place(0), 0, tables.leaf(0))
    tables.put(empty := tables.place(0), 0, 0)          # only the tables
    asked += [(place & -SPAN[level] & (1 << 64) - 1, level)
              for place in (small, empty) for level in (1, 2)]
    run.random.shuffle(asked)
    machine = boot(run, " ".join(f"map {va:x} 80000000 VRAD {level}" for va, level in asked), tables)
    run.fact(accepted=0 in returned(machine, "map"))
    run.same("what sv39_map returned", [f"{va:x} level {level}: {EEXIST}" for va, level in asked],
             [f"{va:x} level {level}: {error}"
              for (va, level), error in zip(asked, returned(machine, "map"))])
    run.same("tables that were made", [], new_tables(machine))
    unchanged(run, machine, tables)


@lab_test("2.3", points=2)
def map_without_memory_maps_nothing(run: Run) -> None:
    """Without memory for a table nothing is mapped; with it, the same call works."""
    va = run.random.getrandbits(38) & -PAGE
    pte = entry(run.random.choice(range(0, 1 << 40, PAGE)), RW)
    command = f"map {va:x} {words(pte)} 0"
    machine = boot(run, f"tables 0 {command} tables 1 {command} {command} tables 1 {command}")
    run.same("what sv39_map returned", [ENOMEM, ENOMEM, ENOMEM, 0], returned(machine, "map"))
    tree = read_tree(machine, own_root(machine))
    same_ends(run, "the page table", {(va, 0): pte}, tree.ends)
    only_made(run, machine, tree, set(new_tables(machine)))


# --- 2.4 protect ------------------------------------------------------------------------------------

NEW_FLAGS = ("VRAD", "VRWAD", "VXAD", "VRXUAD", "VRWUGAD", "GAD")


EMPTY_TOP = ((1 << 64) - SPAN[2], (1 << 64) - PAGE)      # behind it addresses begin with 0 again


def gigabytes(tables: Tables) -> int:
    """Four of them in a row with nothing in them, and not the last."""
    while (start := tables.place(2) & -4 * SPAN[2]) == (1 << 64) - 4 * SPAN[2]:
        pass
    return start


def flag_bits(text: str) -> int:
    return sum(1 << "VRWXUGAD".index(letter) for letter in text if letter in "VRWXUGAD")


def protects(run: Run, tables: Tables, ranges: list[tuple[int, int]], expected: dict, ntables: int,
             flags: str) -> None:
    """Protects the ranges, and looks at every entry afterwards."""
    machine = boot(run, " ".join(f"protect {start:x} {end:x} {flags}" for start, end in ranges), tables)
    run.same("what sv39_protect returned", [0] * len(ranges), returned(machine, "protect"))
    tree = read_tree(machine, tables.root)
    same_ends(run, "the page table afterwards", expected, tree.ends)
    made = new_tables(machine)
    run.same("tables asked for", ntables, len(made))
    only_made(run, machine, type(tree)({}, {key: pte for key, pte in tree.pointers.items()
                                            if key not in tables.tree().pointers}), set(made))


def with_flags(pte: int, flags: str) -> int:
    return pte & ~FLAGS | flag_bits(flags)


def fill(run: Run, tables: Tables, start: int, npages: int, every: int = 1) -> dict:
    """Pages of 4 KiB with random flags from `start` on."""
    return {(va, 0): tables.put(va, 0, tables.leaf(0) | run.random.choice((0, SOFT)))
            for va in range(start, start + npages * PAGE, every * PAGE)}


@lab_test("2.4", points=3)
def protects_the_pages_of_a_range(run: Run) -> None:
    """Every page in the range has the new flags and its old address; its neighbours are untouched."""
    tables, flags = Tables(run.random), run.random.choice(NEW_FLAGS[:5])
    start = tables.place(1) + SPAN[1] - 9 * PAGE        # across the end of a table
    ends = fill(run, tables, start, 20)
    first, last = run.random.randrange(1, 5), run.random.randrange(12, 19)
    low, high = start + first * PAGE, start + last * PAGE
    expected = {key: with_flags(pte, flags) if low <= key[0] < high else pte
                for key, pte in ends.items()}
    protects(run, tables, [(low, high)], expected, 0, flags)


@lab_test("2.4", points=2)
def protects_what_is_kept_and_not_what_is_empty(run: Run) -> None:
    """Empty entries stay empty, over any distance; an entry without V gets its flags, too."""
    tables, flags = Tables(run.random), run.random.choice(NEW_FLAGS)
    start = gigabytes(tables)
    ends = fill(run, tables, start + SPAN[1] + 3 * PAGE, 24, every=3)
    ends |= {(va, 0): tables.put(va, 0, tables.page() >> 2 | R)
             for va in (start + 5 * PAGE, start + SPAN[2] + SPAN[1] - PAGE)}
    high = start + 3 * SPAN[2] + 7 * SPAN[1]
    ends[high, 1] = tables.put(high, 1, tables.leaf(1))
    expected = {key: with_flags(pte, flags) for key, pte in ends.items()}
    protects(run, tables, [(start, high + SPAN[1]), EMPTY_TOP], expected, 0, flags)


@lab_test("2.4", points=3)
def superpages_in_the_range_stay_whole(run: Run) -> None:
    """A superpage that lies in the range is changed as it is, without a table."""
    tables, flags = Tables(run.random), run.random.choice(NEW_FLAGS[:5])
    start = tables.place(2) & -4 * SPAN[2]
    ends = {(start + SPAN[2], 2): 0, (start + 2 * SPAN[2], 1): 0, (start + 2 * SPAN[2] + SPAN[1], 1): 0}
    for va, level in ends:
        ends[va, level] = tables.put(va, level, tables.leaf(level))
    ranges = [(start + SPAN[2], start + 2 * SPAN[2] + SPAN[1])]
    expected = {key: with_flags(pte, flags) if key[0] < ranges[0][1] else pte
                for key, pte in ends.items()}
    protects(run, tables, ranges, expected, 0, flags)


def cut(ends: dict, va: int, level: int) -> None:
    """What a split does to a superpage: 512 smaller ones in its place."""
    pte = ends.pop((va, level))
    for i in range(512):
        ends[va + i * SPAN[level - 1], level - 1] = entry(target(pte) + i * SPAN[level - 1],
                                                          pte & FLAGS)


@lab_test("2.4", points=2)
def splits_superpages_at_the_ends(run: Run) -> None:
    """What of a superpage lies outside the range translates as before, in smaller pages."""
    tables, flags = Tables(run.random), run.random.choice(NEW_FLAGS[:5])
    start = gigabytes(tables)
    middle = start + SPAN[2]
    last = (1 << 64) - SPAN[1]
    ends = {(start, 2): 0, (middle, 1): 0, (middle + SPAN[1], 1): 0, (last, 1): 0}
    for va, level in ends:
        ends[va, level] = tables.put(va, level, tables.leaf(level) | run.random.choice((0, SOFT)))
    low = middle - SPAN[1] * run.random.randrange(2, 9) - PAGE * run.random.randrange(1, 511)
    high = middle + SPAN[1] + PAGE * run.random.randrange(1, 511)
    expected = dict(ends)
    cut(expected, start, 2)
    cut(expected, low & -SPAN[1], 1)
    cut(expected, middle + SPAN[1], 1)
    cut(expected, last, 1)
    ranges = [(low, high), (last, last + SPAN[1] - PAGE)]       # all but the last page of all
    expected = {key: with_flags(pte, flags) if any(low <= key[0] < high for low, high in ranges) else pte
                for key, pte in expected.items()}
    protects(run, tables, ranges, expected, 4, flags)


@lab_test("2.4", points=2)
def split_table_is_whole_before_it_is_seen(run: Run) -> None:
    """As the pointer to it is written, the new table already says all that the superpage said."""
    tables, flags = Tables(run.random), run.random.choice(NEW_FLAGS[:5])
    tables.map_machine()
    start = tables.place(2)
    pte = tables.put(start + SPAN[1], 1, tables.leaf(1))
    where = tables.walk(start + SPAN[1])[1]
    write_protect(tables, where & -PAGE)
    low = start + SPAN[1] + PAGE * run.random.randrange(1, 400)
    machine = run.boot("maps", args=f"root {tables.root:x} translate protect {low:x} {low + PAGE:x} "
                                    f"{flags}", load=tables.load())
    ending = machine.finish(endings=("panic", "hole"))      # the panic itself asks hole 2.7
    run.check(ending.kind == "panic" or ending.hole == "2.7", "how the machine ends",
              "a store to the superpage's entry faults", ending.sentence)
    if ending.kind == "panic":
        run.same("cause and address of the fault: the store to the superpage's entry",
                 f"{STORE} at {where:x}", f"{ending.report['cause']} at {int(ending.report['addr'], 16):x}")
    made = new_tables(machine)
    run.same("tables asked for before that", 1, len(made))
    words = struct.unpack("<512Q", machine.read_physical(made[0], PAGE))
    same_ends(run, "the new table as the pointer to it is written",
              {(start + SPAN[1] + i * PAGE, 0): entry(target(pte) + i * PAGE, pte & FLAGS)
               for i in range(512)},
              {(start + SPAN[1] + i * PAGE, 0): word for i, word in enumerate(words)})


def write_protect(tables: Tables, page: int) -> None:
    """With translation on, a store to this page of RAM faults."""
    tables.put(0x80000000, 2, 0)
    for at in range(0x80000000, 0x80000000 + SPAN[2], SPAN[1]):
        if at != page & -SPAN[1]:
            tables.put(at, 1, entry(at, V | R | W | X | A | D))
    for at in range(page & -SPAN[1], (page & -SPAN[1]) + SPAN[1], PAGE):
        tables.put(at, 0, entry(at, V | R | A | (0 if at == page else W | X | D)))


@lab_test("2.4", points=2)
def split_without_memory_breaks_nothing(run: Run) -> None:
    """Without memory for a table the superpage stays as it is, and the error comes back."""
    tables = Tables(run.random)
    start = tables.place(1)
    ends = fill(run, tables, start + SPAN[1] - 2 * PAGE, 2)
    ends[start + SPAN[1], 1] = tables.put(start + SPAN[1], 1, tables.leaf(1))
    high = start + SPAN[1] + PAGE * run.random.randrange(1, 511)
    machine = boot(run, f"tables 0 protect {start:x} {high:x} VRAD", tables)
    run.same("what sv39_protect returned", [ENOMEM], returned(machine, "protect"))
    expected = {key: with_flags(pte, "VRAD") if key[1] == 0 else pte for key, pte in ends.items()}
    same_ends(run, "the page table afterwards", expected, read_tree(machine, tables.root).ends)


@lab_test("2.4", points=2, needs=("2.2", "2.3"))
def kernel_is_protected_from_itself(run: Run) -> None:
    """With the kernel's own part of an address space, its text cannot be written, its data not run."""
    symbol = run.symbols("maps").address
    text, constants, data = symbol("image_main") & -8, symbol("text_end"), symbol("bss_start")
    tries = [("write", text, STORE), ("read", text, 0), ("write", constants, STORE),
             ("fetch", constants, FETCH), ("read", constants, 0), ("fetch", data, FETCH),
             ("write", data + 0x100000, 0)]
    run.random.shuffle(tries)
    machine = boot(run, "kernel " + " ".join(f"try {access} {va:x}" for access, va, _ in tries))
    seen = [(access, int(va, 16), int(cause or 0)) for access, va, cause in
            re.findall(r"^maps: (read|write|fetch) (\w+)(?: faults: cause (\d+))?", machine.output,
                       re.M)]
    run.same("cause of the fault of each access (0: none)", [f"{a} {va:x}: {c}" for a, va, c in tries],
             [f"{a} {va:x}: {c}" for a, va, c in seen])


# --- 2.5 unmap --------------------------------------------------------------------------------------

TOLD = r"(forget \w+ \w+ \w+|release \w+ \w+)"


def told(run: Run, machine) -> list[str]:
    """What the owner was told, in order. Lines that its functions did not print do not count."""
    found = re.findall(rf"^maps: {TOLD}$", machine.output, re.M)
    pcs = machine.profile.pcs()
    for name in ("forget", "release"):
        calls = pcs[machine.symbols.address(name)]
        lines = sum(line.startswith(name) for line in found)
        run.same(f"calls of owner->{name}, and lines on the console that tell of one", calls, lines)
    return found


def nreleased(machine) -> int:
    return len(machine.lines("maps: release page "))


def watched(machine) -> list[tuple[int, int, int]]:
    """(table, valid entries, others) at the time harts were made to forget."""
    return [(int(page, 16), int(valid), int(others)) for page, valid, others in
            re.findall(r"^maps:   table (\w+) valid (\d+) others (\d+)$", machine.output, re.M)]


def in_range(ends: dict, low: int, high: int) -> dict:
    return {key: pte for key, pte in ends.items() if low <= key[0] < high}


def take_away(run: Run, tables: Tables, command: str, low: int, high: int, watch: list[int]):
    """Unmaps, or drops the tables of, a range."""
    return boot(run, " ".join(f"watch {page:x}" for page in watch) + f" {command} {low:x} {high:x}",
                tables, stretches=True)


@lab_test("2.5", points=4)
def unmaps_and_releases_every_page(run: Run) -> None:
    """Every page of the range is released once and its entry is zero; neighbours and tables stay."""
    tables = Tables(run.random)
    start = tables.place(1) + SPAN[1] - 9 * PAGE
    ends = fill(run, tables, start, 24, every=run.random.choice((1, 2)))
    ends |= fill(run, tables, start + SPAN[2], 3)
    low, high = start + 2 * PAGE, start + SPAN[2] + 2 * PAGE
    gone = in_range(ends, low, high)
    machine = take_away(run, tables, "unmap", low, high, [])
    run.fact(lost=nreleased(machine) < len(gone))
    run.same("what sv39_unmap returned", [len(gone)], returned(machine, "unmap"))
    tree = read_tree(machine, tables.root)
    same_ends(run, "the page table afterwards",
              {key: pte for key, pte in ends.items() if key not in gone}, tree.ends)
    run.same("tables in the tree", tables.tree().pages(), tree.pages())
    run.same("pages released", sorted(f"page {target(pte):x}" for pte in gone.values()),
             sorted(line.removeprefix("release ") for line in told(run, machine)
                    if line.startswith("release")))


@lab_test("2.5", points=4)
def hides_then_forgets_then_releases(run: Run) -> None:
    """Harts forget once; then no entry is valid, all have their address, and no page was released yet."""
    tables = Tables(run.random)
    before, after = run.random.randrange(2, 30), run.random.randrange(2, 30)    # a border of two tables
    start, npages = tables.place(2) + SPAN[1] - before * PAGE, before + after
    fill(run, tables, start, npages)
    watch = [tables.walk(va)[1] & -PAGE for va in (start, start + before * PAGE)]
    machine = take_away(run, tables, "unmap", start, start + npages * PAGE, watch)
    run.fact(lost=nreleased(machine) < npages)
    steps = [re.sub(r"^release.*", "release", line) for line in told(run, machine)]
    run.same("the order of things", [f"forget space {start:x} {start + npages * PAGE:x}",
                                     f"then {npages} times release"],
             [*steps[:1], f"then {steps[1:].count('release')} times release"])
    run.same("the table as harts forget: entries valid, entries with only an address",
             [(0, before), (0, after)], [(valid, others) for page, valid, others in watched(machine)])


@lab_test("2.5", points=2)
def old_page_is_out_of_reach(run: Run) -> None:
    """A page that was just in use cannot be read, written or run any more."""
    tables = Tables(run.random)
    tables.map_machine()
    va, page = 0x40000000 + PAGE * run.random.randrange(256), tables.page()
    for beside in range(3):
        tables.put(va + beside * PAGE, 0, entry(page if beside == 1 else tables.page(), RW | X))
    place = va + PAGE + 64
    tries = " ".join(f"try {access} {place:x}" for access in ("read", "fetch", "write"))
    machine = boot(run, f"translate {tries} unmap {va + PAGE:x} {va + 2 * PAGE:x} {tries} "
                        f"try read {va:x} try read {va + 2 * PAGE:x}", tables,
                   load={page + 64: RET})
    causes = [int(cause or 0) for cause in
              re.findall(r"^maps: (?:read|write|fetch) \w+(?: faults: cause (\d+))?", machine.output,
                         re.M)]
    run.same("causes of faults before, after, and of the neighbours (0: none)",
             [0, 0, 0, LOAD, FETCH, STORE, 0, 0], causes)


@lab_test("2.5", points=2, needs=("2.1", "2.2", "2.3"))
def remapped_page_is_the_new_one(run: Run) -> None:
    """Mapped anew, the address leads to the new page and never to the old one."""
    va = 0x40000000 + PAGE * run.random.randrange(512)
    old, new = run.random.sample(range(0x84000000, 0x84100000, PAGE), 2)
    machine = boot(run, f"map {va:x} {old:x} VRWAD 0 on write {va + 8:x} read {va + 8:x} "
                        f"unmap {va:x} {va + PAGE:x} map {va:x} {new:x} VRWAD 0 read {va + 8:x} "
                        f"write {va + 16:x} read {new + 16:x} read {old + 16:x}")
    run.same("read from the old page, from the new one, and written to the new one only",
             [f"{value:x}" for value in (va + 8, 0, va + 16, 0)],
             [f"{value:x}" for value, in numbers(machine, r"read \w+: (\w+)")])


@lab_test("2.5", points=2)
def kept_pages_count_and_nothing_is_no_work(run: Run) -> None:
    """Pages without V are unmapped like others; where nothing is, nobody is disturbed."""
    tables = Tables(run.random)
    (empty, top), start = EMPTY_TOP, gigabytes(tables) + SPAN[1] * run.random.randrange(512)
    beside = (start & -SPAN[2]) + SPAN[2]
    kept = [tables.page() for _ in range(3)]
    for i, page in enumerate(kept):
        tables.put(start + 5 * i * PAGE, 0, page >> 2 | run.random.choice((0, R | W)))
    machine = boot(run, f"unmap {start + PAGE:x} {start + 5 * PAGE:x} "
                        f"unmap {beside:x} {beside + SPAN[2]:x} unmap {empty:x} {top:x} "
                        f"unmap {start:x} {start + SPAN[1]:x}", tables, stretches=True)
    run.fact(lost=nreleased(machine) < len(kept))
    run.same("what sv39_unmap returned", [0, 0, 0, 3], returned(machine, "unmap"))
    run.same("what the owner was told, all in all",
             [f"forget space {start:x} {start + SPAN[1]:x}"] + [f"release page {p:x}" for p in kept],
             told(run, machine))
    run.same("entries left", {}, read_tree(machine, tables.root).ends)


# --- 2.6 drop tables --------------------------------------------------------------------------------

def empty_tables(tables: Tables, places: list[int]) -> list[int]:
    """Level-0 tables with nothing in them."""
    for va in places:
        tables.put(va, 0, 0)
    return [tables.walk(va)[1] & -PAGE for va in places]


@lab_test("2.6", points=4)
def drops_every_table_of_the_range(run: Run) -> None:
    """Every level-0 table of the range is released once and out of the tree; all others stay."""
    tables = Tables(run.random)
    start = (tables.place(2) & -4 * SPAN[2]) + SPAN[2] - 20 * SPAN[1]
    slots = {2, 3, 35, 36, *run.random.sample(range(40), 25)}
    low, high = start + 3 * SPAN[1], start + 36 * SPAN[1]
    places = [start + slot * SPAN[1] for slot in slots]
    pages = dict(zip(places, empty_tables(tables, places)))
    ends = fill(run, tables, high + SPAN[1] * 9, 2)
    gone = [page for va, page in pages.items() if low <= va < high]
    machine = take_away(run, tables, "drop", low, high, gone)
    run.same("what sv39_drop_tables returned", [len(gone)], returned(machine, "drop"))
    run.same("tables released", sorted(f"table {page:x}" for page in gone),
             sorted(line.removeprefix("release ") for line in told(run, machine)
                    if line.startswith("release")))
    tree = read_tree(machine, tables.root)
    same_ends(run, "the pages that are mapped", ends, tree.ends)
    run.same("the tables in the tree", sorted(f"{p:x}" for p in tables.tree().pages() - set(gone)),
             sorted(f"{p:x}" for p in tree.pages()))


@lab_test("2.6", points=4)
def dropped_tables_are_harmless_until_forgotten(run: Run) -> None:
    """When harts forget, the tables are out of the tree and without a valid entry, none released."""
    tables = Tables(run.random)
    start = tables.place(2)
    count = run.random.randrange(5, 20)
    gone = empty_tables(tables, [start + i * SPAN[1] for i in range(count)])
    above = next(target(pte) for pte in tables.tree().pointers.values()
                 if is_pointer(pte) and target(pte) not in gone)
    machine = take_away(run, tables, "drop", start, start + count * SPAN[1], [above, *gone])
    steps = [re.sub(r"^release.*", "release", line) for line in told(run, machine)]
    run.same("the order of things", [f"forget space {start:x} {start + count * SPAN[1]:x}",
                                     f"then {count} times release"],
             [*steps[:1], f"then {steps[1:].count('release')} times release"])
    seen = {page: valid for page, valid, _ in watched(machine)}
    run.same("valid entries as harts forget, in the level-1 table and in all that go",
             (0, {0}), (seen.get(above), {seen.get(page) for page in gone}))


@lab_test("2.6", points=2)
def drops_nothing_where_nothing_is(run: Run) -> None:
    """Where no table is, nobody is disturbed; a superpage is no table."""
    tables = Tables(run.random)
    start = tables.place(2)
    tables.put(start + SPAN[1], 1, tables.leaf(1))
    tables.put(start + SPAN[2] & (1 << 64) - 1, 2, tables.leaf(2))
    machine = boot(run, f"drop {start:x} {start + 8 * SPAN[1]:x} drop {start - SPAN[2]:x} {start:x}",
                   tables, stretches=True)
    run.same("what sv39_drop_tables returned", [0, 0], returned(machine, "drop"))
    run.same("what the owner was told", [], told(run, machine))
    unchanged(run, machine, tables)


# --- 2.7 why it faults ------------------------------------------------------------------------------

NEEDS = {FETCH: V | X | A, LOAD: V | R | A, STORE: V | R | W | A | D}


def reason(tables: Tables, va: int, cause: int, user: bool) -> tuple[int, int, int, int]:
    """(level, entry, lacks, forbids), as the specification has it."""
    level, _, pte = tables.walk(va)
    if not pte & V:
        return level, pte, V, 0
    return level, pte, (NEEDS[cause] | (U if user else 0)) & ~pte, 0 if user else pte & U


def explains(run: Run, tables: Tables, asked: list[tuple[int, int, bool]]) -> None:
    machine = boot(run, " ".join(f"{'whyuser' if user else 'why'} {cause:x} {va:x}"
                                 for va, cause, user in asked), tables)
    seen = numbers(machine, r"why \w+ level (-?\d) entry (\w+) lacks (\w+) forbids (\w+)")
    run.same("the number of answers", len(asked), len(seen))
    for (va, cause, user), answer in zip(asked, seen):
        who = "in user mode" if user else "in the kernel"
        run.same(f"why a fault of cause {cause} at {va:#x} {who}",
                 said(reason(tables, va, cause, user)), said(answer))


def said(answer: tuple[int, ...]) -> str:
    level, pte, lacks, forbids = answer
    return f"level {level}, entry {pte:x}, lacks {names(lacks)}, forbids {names(forbids)}"


def names(bits: int) -> str:
    return "".join(name for i, name in enumerate("VRWXUGAD") if bits >> i & 1) or "nothing"


@lab_test("2.7", points=5)
def says_what_is_lacking(run: Run) -> None:
    """Level, entry and missing bits are right for every access to every kind of page."""
    tables, asked = Tables(run.random), []
    for level in (0, 1, 2, 0, 1, 0):
        flags = V | run.random.choice((R, R | W, X, R | X, W)) | run.random.choice((0, A, A | D))
        tables.put(va := tables.place(level), level, entry(tables.page() & -SPAN[level], flags))
        asked += [(inside(run, va, level), cause, False) for cause in (FETCH, LOAD, STORE)]
    for level in (0, 1, 2):
        tables.put(va := tables.place(level), level, tables.page() >> 2 | R | W | X | A | D)
        asked.append((va, run.random.choice((FETCH, LOAD, STORE)), False))
    asked += [(tables.place(2), LOAD, False), (run.random.getrandbits(38), STORE, False)]
    explains(run, tables, asked)


@lab_test("2.7", points=3)
def knows_user_from_kernel(run: Run) -> None:
    """User mode needs U, the kernel must not have it."""
    tables, asked = Tables(run.random), []
    for level in (0, 1, 2):
        for more in (0, U):
            grants = run.random.choice((R | W, R | X, R | W | X))
            pte = entry(tables.page() & -SPAN[level], V | A | D | grants | more)
            tables.put(va := tables.place(level), level, pte)
            asked += [(va, run.random.choice((FETCH, LOAD, STORE)), user) for user in (False, True)]
    explains(run, tables, asked)


@lab_test("2.7", points=2)
def knows_addresses_without_a_walk(run: Run) -> None:
    """An address that is none of Sv39 is not walked."""
    tables = Tables(run.random)
    low = run.random.getrandbits(38)
    tables.put(low & -PAGE, 0, entry(tables.page(), RW))
    places = [low | 1 << 38, low | 1 << 39, low | 1 << 63, low | ((1 << 24) - 1) << 40 | 1 << 38]
    machine = boot(run, " ".join(f"why {LOAD:x} {va:x}" for va in [*places, low]), tables)
    seen = numbers(machine, r"why \w+ level (-?\d) entry (\w+) lacks (\w+) forbids (\w+)")
    wanted = [(NO_WALK, 0, 0, 0)] * len(places) + [reason(tables, low, LOAD, False)]
    run.same("the answers", [f"{va:x}: {said(answer)}" for va, answer in zip([*places, low], wanted)],
             [f"{va:x}: {said(answer)}" for va, answer in zip([*places, low], seen)])


@lab_test("2.7", points=2)
def report_of_a_fault_says_why(run: Run) -> None:
    """A fault of the kernel ends in a panic that says what of the page table was in the way."""
    access, cause = run.random.choice((("read", LOAD), ("write", STORE), ("fetch", FETCH)))
    tables = Tables(run.random)
    tables.map_machine()
    va = 0x40000000 + PAGE * run.random.randrange(512)
    kinds = {"lacks V": 0, "is the user's": RW | X | U,
             f"lacks {'R' if access == 'read' else 'W' if access == 'write' else 'X'}":
             V | A | D | (X if access == "read" else R)}
    sentence = run.random.choice(list(kinds))
    if flags := kinds[sentence]:
        tables.put(va, 0, entry(tables.page(), flags))
    machine = run.boot("maps", args=f"root {tables.root:x} translate {access} {va:x}",
                       load=tables.load())
    ending = machine.finish(endings=("panic",))
    level, _, pte = tables.walk(va)
    run.same("cause and address", (cause, va),
             (int(ending.report["cause"]), int(ending.report["addr"], 16)))
    wanted = f"at address {va:#x}: the entry at level {level}, {pte:x}, {sentence}"
    run.check(wanted in ending.remark, "the sentence of the panic", wanted, ending.remark)


# --- measures ---------------------------------------------------------------------------------------

NPAGES, TIMES = 10, 1000
START = 0x40000000


def loads(run: Run, command: str, times: int, **options):
    """Loads from ten pages, so many times; the table is made by the host."""
    tables = Tables(run.random)
    tables.map_machine()
    for i in range(NPAGES):
        tables.put(START + i * PAGE, 0, entry(tables.page(), RW))
    return boot(run, f"translate {command} {START:x} {NPAGES:x} {times:x}", tables, **options)


@measure("2.a")
def kernel_reads(run: Run):
    """Instructions of sv39_* for a thousand loads: the difference to a run with none."""
    counts = []
    for times in (0, TIMES):
        machine = loads(run, "load", times, stretches=True)
        counts.append(sum(count for name, count in machine.profile.functions(machine.symbols).items()
                          if name.startswith("sv39_")))
    return counts[1] - counts[0]


def machine_reads(run: Run, command: str):
    """QEMU notes each walk it makes for a data access (-d mmu). Each reads an entry of each level."""
    machine = loads(run, command, TIMES, options=("-d", "mmu"))
    walks = len(re.findall(rf"^riscv_cpu_tlb_fill ad {START >> 16:x}[0-9a-f]{{4}} rw 0", machine.stderr,
                           re.M))
    return 3 * walks, {"level 2": walks, "level 1": walks, "level 0": walks}


@measure("2.b")
def machine_reads_once(run: Run):
    """What the machine reads when it may remember."""
    return machine_reads(run, "load")


@measure("2.c")
def machine_reads_always(run: Run):
    """What the machine reads when it must forget before each load."""
    return machine_reads(run, "loadflush")


SATP, SYSTEM = 0x180, 0x73
CSR_READ_ONLY = (0x2073, 0x3073)    # csrrs and csrrc with rs1 = x0


def writes_of_satp(symbols) -> list[int]:
    """Where the image has an instruction that writes satp (privileged specification, 2.1)."""
    start, end = symbols.address("text_start"), symbols.address("text_end")
    text = probe.code(symbols, start, end)
    found = []
    for at in range(0, len(text) - 3, 2):
        word = int.from_bytes(text[at:at + 4], "little")
        if word & 0x7F == SYSTEM and word >> 20 == SATP and word & 0x7000 and \
                word & 0xFF07F not in CSR_READ_ONLY:
            found.append(start + at)
    return found


@measure("2.d")
def satp_writes(run: Run):
    """Writes of satp that a trap adds: the difference to a run without one."""
    counts = []
    for more in ("", f" try read {START + (1 << 28):x}"):
        tables = Tables(run.random)
        tables.map_machine()
        machine = boot(run, "translate" + more, tables, stretches=True)
        pcs = machine.profile.pcs()
        counts.append(sum(pcs[at] for at in writes_of_satp(machine.symbols)))
    run.check(counts[0] > 0, "satp is written to turn translation on", "at least once", counts[0])
    return counts[1] - counts[0]

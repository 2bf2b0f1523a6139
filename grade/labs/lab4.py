"""Lab 4, tear it down: a program and the kernel in one image, in one address space, at one privilege.

The probes (user/probe-fused, user/probe-shim) do what their arguments say, and print what they find.
Of the first there are three images: "bare" without page tables, "fused" with, and "process", where the
same program is a process again.
"""

from __future__ import annotations

import re
import shlex

from grade.grader.api import Failed, Run, lab_test, measure
from grade.labs import disassembly, lab4_script  # noqa: F401: the script's tests are of this lab
from grade.labs.probe import members
from grade.memory import A, D, G, PAGE, R, U, V, W, X, Mapping

STARTS = ("4.1", "4.2", "4.3")              # what it takes for the program to run
ENDS = (*STARTS, "4.4")                     # and to end as it wants
MAPPED = (*ENDS, "4.5", "4.6")              # and in the image with page tables

RAM = 0x8000_0000
EMERGENCY_STACK_STRIDE = 8192               # kern/riscv/offsets.h
NOT_THERE, FETCH, LOAD, STORE = 5, 12, 13, 15
EINVAL, ENOSYS = -22, -38
MiB, GiB = 1 << 20, 1 << 30
LONG = 20_000_000_000                       # instructions, for a program that waits
LOOKS = 5000                                # at a program that is just coming back from a call
MASK = (1 << 64) - 1
SIE = 2                                     # in sstatus: interrupts are on
MARK = 0x5eed                               # what the probe has in t0 and tp when it reads


def boot(run: Run, args: str, image: str = "bare", **options):
    return run.boot(image, args=args, icount="shift=0,sleep=off", **options)


def stop_in_program(machine) -> None:
    """Stops the waiting probe behind its last call of the kernel."""
    machine.expect("waiting")
    for _ in range(LOOKS):
        machine.freeze()
        if machine.read_u32("probe_waits"):
            return
        machine.cont()
    raise Failed("the program, after it has written a line", "goes on", "the call never returns")


def finished(run: Run, args: str, image: str = "bare", status: int = 0, **options):
    """The machine, after the program has done all this."""
    machine = boot(run, args, image, **options)
    machine.finish(status=status)
    return machine


def quad(machine, where: int | str) -> int:
    """Eight bytes of memory."""
    return int.from_bytes(machine.read_physical(machine.symbols.address(where), 8), "little")


def number(machine, name: str, base: int = 16) -> int:
    lines = machine.lines(f"{name} ")
    if not lines:
        raise Failed("a line of the probe", f"{name} ...", machine.output)
    return int(lines[0], base)


# --- 4.2: what the program finds --------------------------------------------------------------------

WORDS = ("a", "-v", "two words", "", "--size=64", "it's", 'say "no"', "back\\slash", "x" * 200, "=", "tab\there")


def arguments(run: Run, count: int) -> list[str]:
    return [run.random.choice(WORDS) for _ in range(count)]


def argc_of(machine) -> int:
    """What the kernel left, whatever the program could make of it."""
    return quad(machine, quad(machine, "first_sp"))


def started(run: Run, words: list[str], **options):
    return finished(run, " ".join(map(shlex.quote, ["start", *words])), **options)


@lab_test("4.2", points=5, needs=ENDS)
def arguments_arrive(run: Run) -> None:
    """The words of the bootargs are the program's arguments, behind its name."""
    for count in (0, run.random.randint(1, 9), run.random.randint(50, 61)):
        words = arguments(run, count)
        machine = started(run, words)
        run.same("argc, the word at sp", 2 + count, argc_of(machine))
        run.same("argv", ["probe-fused", "start", *words], machine.lines("arg "))


def stack_of(machine) -> tuple[int, int]:
    return machine.symbols.address("kern.main_stack"), machine.symbols.address("kern.main_stack_top")


@lab_test("4.2", points=4, needs=ENDS)
def the_stack_is_laid_out(run: Run) -> None:
    """sp is a multiple of 16, whatever argc; what lies above it is where the program looks for it."""
    for count in run.random.sample(range(0, 12), 2) + [run.random.choice((20, 33))]:
        for more in (count, count + 1):
            machine = started(run, ["word"] * more, poison=True)
            low, high = stack_of(machine)
            sp, end = number(machine, "sp"), number(machine, "end")
            strings = [int(line, 16) for line in machine.lines("at ")]
            run.check(sp % 16 == 0, f"sp, with argc {more + 2}", "a multiple of 16", f"{sp:#x}")
            run.check(low < sp < high, "sp", f"on the program's stack, {low:#x}..{high:#x}", f"{sp:#x}")
            run.check(all(end <= at < high for at in strings[1:]), "the strings of the arguments",
                      f"between the end of auxv, {end:#x}, and the stack's top, {high:#x}",
                      [f"{at:#x}" for at in strings[1:]])
            run.same("entries of the environment", [], machine.lines("env "))


@lab_test("4.2", points=3, needs=ENDS)
def the_auxiliary_vector(run: Run) -> None:
    """auxv says where the program header is, how large pages are, where random bytes lie."""
    machine = started(run, ["x"] * run.random.randint(0, 5))
    seen = {int(kind): int(value, 16) for kind, value in map(str.split, machine.lines("aux "))}
    symbols = machine.symbols
    seed = symbols.address("kern.machine") + members(symbols, "machine")["rng_seed"]
    expected = {3: symbols.address("app_phdr"), 4: 56, 5: 1, 6: PAGE, 16: 0x112d, 17: 100, 23: 0, 25: seed}
    run.same("auxv", {kind: f"{expected[kind]:x}" for kind in sorted(expected)},
             {kind: f"{seen[kind]:x}" for kind in sorted(seen)})


@lab_test("4.2", points=2, needs=ENDS)
def too_many_arguments(run: Run) -> None:
    """Bootargs with more than 63 words, or 4095 characters, end in a sentence, not in half a program."""
    machine = boot(run, " ".join(["start"] + ["a"] * 63))
    machine.finish(endings=("panic",))
    run.check("ARGS is too long: 63 words, 4095 bytes fit" in machine.output, "the panic",
              "ARGS is too long: 63 words, 4095 bytes fit", machine.output.splitlines()[:3])
    finished(run, " ".join(["exit", "0"] + ["a"] * 61))


# --- 4.3: into the program --------------------------------------------------------------------------

@lab_test("4.3", points=3, needs=("4.1", "4.2"))
def the_program_starts_clean(run: Run) -> None:
    """At its first instruction sp is what was built, and neither a thread pointer nor a frame is left."""
    machine = boot(run, "exit 0", gdb=True, frozen=True)
    said = machine.gdb("break *app_start", "continue", "p/x $sp", "p/x $tp", "p/x $fp", "p/x *(long *)$sp",
                       "p/x $pc", "delete")
    seen = [int(value, 16) for value in re.findall(r"^\$\d+ = (0x[0-9a-f]+)$", said, re.M)]
    run.check(len(seen) == 5 and seen[4] == machine.symbols.address("app_start"), "the program's first instruction",
              "it is reached", said.splitlines()[-2:])
    low, high = stack_of(machine)
    run.check(low < seen[0] < high, "sp", f"on the program's stack, {low:#x}..{high:#x}", f"{seen[0]:#x}")
    run.same("tp, fp, and the word at sp: argc", {"tp": 0, "fp": 0, "argc": 3},
             dict(zip(("tp", "fp", "argc"), seen[1:])))


@lab_test("4.3", points=2, needs=("4.1", "4.2"))
def the_program_is_the_kernels_equal(run: Run) -> None:
    """While the program runs the hart is in supervisor mode, and interrupts are on."""
    machine = boot(run, "wait", budget=LONG)
    stop_in_program(machine)
    registers = machine.registers()
    status, place = registers["mstatus"], registers["pc"]
    where = machine.symbols.function(place)
    run.check(where and where.name in ("wait_for_ever", "main"), "where it was stopped", "in the program",
              where and where.name)
    run.check(status & SIE, "sstatus.SIE while the program runs", "1: interrupts are on", f"sstatus {status:#x}")


# --- 4.4: the end -----------------------------------------------------------------------------------

@lab_test("4.4", points=3, needs=STARTS)
def the_exit_code_is_the_machines(run: Run) -> None:
    """The program's exit code is the machine's exit status."""
    for code in (0, 255, run.random.randint(1, 127), run.random.randint(128, 254)):
        finished(run, f"exit {code}", status=code)


@lab_test("4.4", points=2, needs=STARTS)
def a_failure_stays_one(run: Run) -> None:
    """Of a larger code the low byte counts; but what is no success does not become one."""
    low = run.random.randint(1, 255)
    for code, status in ((run.random.randint(1, 99) << 8 | low, low), (256 * run.random.randint(1, 1 << 20), 1),
                         (-low, -low & 255), (-256, 1)):
        finished(run, f"exit {code}", status=status)


# --- 4.5, 4.6: one page table -----------------------------------------------------------------------

def table_of(run: Run, image: str = "fused", **options):
    """The machine, stopped inside the program, and its page table. RAM was not empty when it was made."""
    machine = boot(run, "wait", image, budget=LONG, poison=True, **options)
    stop_in_program(machine)
    return machine, machine.mappings()


def rights(mapping: Mapping | None) -> str:
    """For instance "rw"."""
    if mapping is None:
        return ""
    return "".join(name for bit, name in ((R, "r"), (W, "w"), (X, "x")) if mapping.flags & bit)


def finder(mappings: list[Mapping]):
    def find(va: int) -> Mapping | None:
        return next((each for each in mappings if each.va <= va < each.va + each.size), None)
    return find


def pages(start: int, end: int) -> range:
    return range(start & -PAGE, end, PAGE)


def sample(run: Run, places: range, most: int = 40) -> list[int]:
    """The borders, and some in between."""
    chosen = set(places if len(places) <= most else run.random.sample(places, most))
    return sorted(chosen | {places[0], places[-1]}) if len(places) else []


@lab_test("4.5", points=4, needs=("4.6", *STARTS))
def the_image_is_protected(run: Run) -> None:
    """Text can be executed, constants read, data written: page by page, and nothing two of it."""
    machine, mappings = table_of(run)
    find, at = finder(mappings), machine.symbols.address
    for start, end, wanted in (("text_start", "text_end", "rx"), ("text_end", "rodata_end", "r"),
                               ("rodata_end", "kern.main_guard", "rw"), ("kern.main_stack", "kern.main_stack_top", "rw"),
                               ("page_tables", "image_end", "rw")):
        for va in sample(run, pages(at(start), at(end))):
            if holder_of_guard(machine, va):
                continue
            found = find(va)
            run.same(f"the page {va:#x}, between {start} and {end}", f"{wanted} at {va:#x}",
                     f"{rights(found)} at {found.pa + va - found.va:#x}" if found else "not mapped")
    both = [f"{each.va:#x} {each.letters}" for each in mappings if each.flags & W and each.flags & X]
    run.same("pages that can be written and executed", [], both)


def guards(machine, harts: int = 1) -> dict[str, int]:
    """Pages that should not be there, by name."""
    at = machine.symbols.address
    return {"main_guard": at("kern.main_guard"), "boot_guard": at("kern.boot_guard"),
            **{f"emergency_stacks[{i}]": at("kern.emergency_stacks") + EMERGENCY_STACK_STRIDE * i
               for i in range(harts)}}


def holder_of_guard(machine, va: int) -> str:
    return next((name for name, at in guards(machine).items() if at <= va < at + PAGE), "")


@lab_test("4.5", points=2, needs=("4.6", *STARTS))
def holes_in_the_map(run: Run) -> None:
    """Below each stack lies a page that is not mapped; the firmware is not mapped either."""
    for image, harts in (("fused", 1), ("fused-h2", 2)):
        machine, mappings = table_of(run, image)
        find = finder(mappings)
        for name, at in guards(machine, harts).items():
            run.same(f"the page below {name}, itself, the page above it; the image is for {harts} harts",
                     ["rw", "", "rw"], [rights(find(va)) for va in (at - PAGE, at, at + PAGE)])
        firmware = sample(run, pages(RAM, machine.symbols.address("text_start")))
        run.same("pages of the firmware that are mapped", [], [f"{va:#x}" for va in firmware if find(va)])


def wild(run: Run, what: str, address: int, cause: int) -> None:
    machine = boot(run, f"{what} {address:#x}", "fused", poison=True)
    ending = machine.finish(endings=("fault",))
    run.same(f"the report of {what} {address:#x}", {"cause": cause, "addr": f"{address:#x}"},
             {"cause": int(ending.report.get("cause", "-1")), "addr": ending.report.get("addr", "")})


@lab_test("4.5", points=2, needs=("4.6", *STARTS))
def wild_addresses_are_faults(run: Run) -> None:
    """The program writes to its own text, runs its own data, reads the firmware: each is reported."""
    draw, symbols = run.random, run.symbols("fused")
    text = draw.randrange(symbols.address("text_start"), symbols.address("text_end"))
    constant = draw.randrange(symbols.address("text_end"), symbols.address("rodata_end"))
    wild(run, "write", text, STORE)
    wild(run, "write", constant, STORE)
    wild(run, "jump", symbols.address("probe_large") + 4 * draw.randrange(1000), FETCH)
    wild(run, "jump", symbols.address("rodata_end") - 4 * draw.randrange(1, 4), FETCH)
    wild(run, "read", RAM + draw.randrange(0x80000), LOAD)


@lab_test("4.5", points=2, needs=("4.6", *STARTS))
def a_stack_without_end(run: Run) -> None:
    """A stack that overflows meets its guard page, and is called by its name."""
    machine = boot(run, "deep", "fused")
    machine.finish(endings=("fault",))
    found = re.search(r"^fault: stack overflow: sp is 0x([0-9a-f]+)", machine.output, re.M)
    run.check(found, "the report", "fault: stack overflow: sp is ...", machine.output.splitlines()[:3])
    guard, sp = machine.symbols.address("kern.main_guard"), int(found[1], 16)
    run.check(guard <= sp < guard + PAGE, "where sp was", f"on the guard page, {guard:#x}..{guard + PAGE:#x}", f"{sp:#x}")


SIZES = ((16, 512), (600, 1000), (1100, 1700), (2100, 2900))    # MiB: up to the third GiB of RAM


@lab_test("4.6", points=4, needs=("4.5", *STARTS))
def all_of_memory_is_there(run: Run) -> None:
    """All RAM is mapped where it is, in large pages where it can be, devices where the kernel looks; for each hart."""
    for low, high in run.random.sample(SIZES, 2):
        size = 2 * run.random.randint(low // 2, high // 2)
        machine, mappings = table_of(run, memory=f"{size}M")
        run.check("kern.kernel_satp" in machine.symbols.table, "kernel_satp, for the other harts", "is written",
                  "nobody does")
        run.same("kernel_satp, for the other harts: satp of this one", f"{machine.registers()['satp']:#x}",
                 f"{quad(machine, 'kern.kernel_satp'):#x}")
        find, image_end = finder(mappings), machine.symbols.address("image_end")
        behind = range(image_end, RAM + size * MiB, PAGE)
        for va in [behind[0], behind[-1], *run.random.choices(behind, k=20)]:
            found = find(va)
            run.same(f"memory at {va:#x}, of {size} MiB", f"rw at {va:#x}",
                     f"{rights(found)} at {found.pa + va - found.va:#x}" if found else "not mapped")
        window = 0xffff_ffc0_0000_0000
        for device in (0x1000_0000, 0x0c00_0000, 0x7fff_f000):
            found = find(window + device)
            run.same(f"the device at {device:#x}, at {window + device:#x}", f"rw at {device:#x}",
                     f"{rights(found)} at {found.pa + window + device - found.va:#x}" if found else "not mapped")
        small = sum(each.size == PAGE for each in mappings)
        most = -(-(image_end - RAM) // (2 * MiB)) * 512
        run.check(small <= most, "small pages", f"at most {most}, for the image alone", small)


@lab_test("4.6", points=3, needs=("4.5", *STARTS))
def nothing_else_is_there(run: Run) -> None:
    """Address 0, and whatever else a bad pointer holds, is mapped to nothing; nobody is a user."""
    machine, mappings = table_of(run, memory=f"{run.random.choice((128, 512, 1024))}M")
    find, draw = finder(mappings), run.random
    places = [0, 8, 0x1000_0000, RAM - PAGE, 0x1_8000_0000, 0x10_0000_0000, (1 << 38) - PAGE, 0xffff_ffc0_8000_0000,
              0xffff_ffff_ffff_f000, *(draw.randrange(6 * GiB, 1 << 38) for _ in range(20))]
    run.same("mapped, and should not be", [], [f"{va:#x}" for va in places if find(va)])
    image = (machine.symbols.address("text_start"), machine.symbols.address("image_end"))
    odd = sorted({each.letters for each in mappings if each.flags & (A | V) != A | V or each.flags & U
                  or each.flags & W and not each.flags & D or not each.flags & G})
    run.same(f"flags other than they should be (the image is {image[0]:#x}..{image[1]:#x}): A and G in all, D in what "
             "can be written, U in none", [], odd)
    wild(run, "read", draw.randrange(0, 1 << 20), LOAD)
    wild(run, "jump", draw.randrange(0, 1 << 20) & ~1, FETCH)


@lab_test("4.6", points=3, needs=("4.5", *ENDS))
def the_table_takes_the_same_time(run: Run) -> None:
    """With a machine of any size the table is made with the same number of instructions; fences stand around satp."""
    sizes = [f"{run.random.randint(*each)}M" for each in (SIZES[0], SIZES[2], SIZES[3])]
    counts = [boots(run, size) for size in sizes]
    run.same(f"instructions of paging_init, with {', '.join(sizes)}", [counts[0]] * len(counts), counts)
    fences, writes = fences_and_satp(run)
    for where, ways in (("before", [(fence, write) for fence in fences for write in writes]),
                        ("behind", [(write, fence) for fence in fences for write in writes])):
        machine = finished(run, "exit 0", "fused", regions=ways[:REGIONS])
        near = [count for region in machine.profile.regions for count in region.counts if count <= NEAR]
        run.check(near, f"sfence.vma right {where} the write of satp", "it is executed", "it is not")


NEAR, REGIONS = 50, 16          # instructions; the plugin takes no more regions


def boots(run: Run, memory: str) -> int:
    machine = boot(run, "exit 0", "fused", memory=memory,
                   regions=[("paging_init", behind_paging(run))])
    machine.finish()
    counts = machine.profile.regions[0].counts
    run.check(len(counts) == 1, "paging_init", "is called once, and returns", len(counts))
    return counts[0]


def fences_and_satp(run: Run) -> tuple[list[int], list[int]]:
    """Where the image has sfence.vma, and where it writes satp."""
    found = disassembly.instructions(run.symbols("fused").elf)
    return ([each.pc for each in found if each.name == "sfence.vma"],
            [each.pc for each in found if each.name in ("csrw", "csrrw", "csrs") and "satp" in each.operands])


def behind_paging(run: Run) -> int:
    """What runs when paging_init has returned: the next entry of the init table."""
    symbols = run.symbols("fused")
    return next(function.start for function in symbols.functions if function.name == "early")


# --- 4.7: a heap without a process ------------------------------------------------------------------

FIRST_BREAK = 100_000       # instructions; to clear the smallest arena here takes several times as many


def breaks(machine) -> list[tuple[int, int]]:
    """Asked for, and where it is then."""
    return [tuple(map(int, line.split(" = "))) for line in machine.lines("brk ")]


@lab_test("4.7", points=4, needs=ENDS)
def the_heap_grows_and_is_zero(run: Run) -> None:
    """The break moves where it is asked to, and the memory below it is there, and zero."""
    sizes, commands, total = [], [], 0
    for _ in range(5):
        size = run.random.choice((1, 24, 4095, 4096, 8192, run.random.randint(5000, 400_000)))
        commands += [f"brk {total + size}", f"sum {total} {size}", f"fill 0 {total + size}"]
        sizes.append((total, total + size))
        total += size
    machine = finished(run, " ".join(["brk 0", *commands, f"sum 0 {total}"]), poison=True)
    run.same("the break", [(0, 0)] + [(end, end) for _, end in sizes], breaks(machine))
    sums = [int(line) for line in machine.lines("sum ")]
    run.same("sums: of each piece that is new; of all, filled with ones", [0] * len(sizes) + [total], sums)


@lab_test("4.7", points=2, needs=ENDS)
def what_grows_again_is_zero_again(run: Run) -> None:
    """The break moves back, too; what was given back and is asked for again is zero."""
    large = run.random.randint(20_000, 200_000)
    small, again = run.random.randint(1, large - 1), large + run.random.randint(1, 5000)
    machine = finished(run, f"brk {large} fill 0 {large} brk {small} sum 0 {small} brk {again} sum {small} {again - small} "
                            f"brk 0 brk {large} sum 0 {large}", poison=True)
    run.same("the break", [(at, at) for at in (large, small, again, 0, large)], breaks(machine))
    run.same("sums: kept, new, all of it new", [small, 0, 0], [int(line) for line in machine.lines("sum ")])


@lab_test("4.7", points=2, needs=ENDS)
def what_cannot_be_is_refused(run: Run) -> None:
    """Below its beginning, beyond its end, far away: the break stays, and so does what is in the heap."""
    size = run.random.randint(100, 10_000)
    asked = [-1, -run.random.randint(1, 1 << 30), 1 << 40, (1 << 63) - 1, run.random.randint(65 << 20, 1 << 32)]
    machine = finished(run, f"brk {size} fill 0 {size} " + " ".join(f"brk {at}" for at in asked) + f" sum 0 {size}")
    run.same("the break", [(size, size)] + [(at, size) for at in asked], breaks(machine))
    run.same("what is in the heap", [size], [int(line) for line in machine.lines("sum ")])


@lab_test("4.7", points=2, needs=ENDS)
def the_heaps_share(run: Run) -> None:
    """The heap may take a quarter of what is free when first asked for, 64 MiB at most; it is not cleared at once."""
    for size in (run.random.randint(24, 200), run.random.randint(300, 900)):
        machine = finished(run, "heap most", memory=f"{size}M", budget=LONG)
        seen, heap = number(machine, "most", 10), number(machine, "heap")
        free = RAM + size * MiB - machine.symbols.address("image_end")
        expected = min(64 * MiB, free // 4)
        least = expected if expected == 64 * MiB else expected * 0.97
        run.check(least <= seen <= expected, f"the largest heap, with {size} MiB",
                  f"{expected}" if least == expected else f"just below {expected}, or that", seen)
        run.check(heap % PAGE == 0 and heap >= machine.symbols.address("image_end"), "where it begins",
                  "on a page that was free", f"{heap:#x}")
        cost = finished(run, "brk 100", memory=f"{size}M").executed() - \
            finished(run, "exit 0", memory=f"{size}M").executed()
        run.check(cost < FIRST_BREAK, f"instructions that the first 100 bytes take, with {size} MiB",
                  f"fewer than {FIRST_BREAK}: an arena is not cleared at once", cost)


# --- 4.8: the trap shim -----------------------------------------------------------------------------

GETPPID, GETRANDOM, MMAP, EXIT_GROUP = 173, 278, 222, 94
MAP_PRIVATE_ANONYMOUS, RW = 0x22, 3


def numbers_from(seed: int):
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        yield seed


@lab_test("4.8", points=3, needs=ENDS)
def registers_survive_a_trap(run: Run) -> None:
    """After the call a0 is its result; every other register is what it was."""
    seed, unknown = run.random.randrange(1 << 40), run.random.randint(500, 5000)
    for call, result in ((GETPPID, 0), (unknown, ENOSYS & MASK)):
        machine = finished(run, f"regs {seed} {call} 5", "shim")
        made = numbers_from(seed)
        expected = [next(made) for _ in range(31)]
        expected[1] = expected[2] = 0                   # how far sp moved; gp
        expected[9], expected[16] = result, call
        seen = [int(word, 16) for word in (machine.lines("regs ") or [""])[0].split()]
        names = "ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split()
        wrong = [i for i in range(31) if i >= len(seen) or seen[i] != expected[i]]
        run.same(f"registers after call {call}", [f"{names[i]} {expected[i]:x}" for i in wrong],
                 [f"{names[i]} {seen[i]:x}" for i in wrong if i < len(seen)])


def calls(machine) -> list[tuple[int, int]]:
    return [tuple(map(int, line.split(" = "))) for line in machine.lines("call ")]


def call(number: int, *arguments: int) -> str:
    return " ".join(map(str, ["call", number, *arguments, *[0] * (6 - len(arguments))]))


@lab_test("4.8", points=2, needs=ENDS)
def six_arguments_arrive(run: Run) -> None:
    """All six arguments of mmap arrive where the C function looks for them."""
    size = PAGE * run.random.randint(1, 50)
    good = [0, size, RW, MAP_PRIVATE_ANONYMOUS, -1, 0]
    spoilt = [(1, 0, EINVAL), (3, 0x20, EINVAL), (5, run.random.randint(1, 4095), EINVAL), (3, 0x2, -19),
              (1, 1 << 50, -12)]
    script, expected = [], []
    for place, value, error in run.random.sample(spoilt, len(spoilt)):
        words = [*good[:place], value, *good[place + 1:]]
        script.append(call(MMAP, *words))
        expected.append(error)
    machine = finished(run, " ".join([*script, call(MMAP, *good)]), "shim")
    seen = calls(machine)
    run.same("the answers of mmap", expected, [result for _, result in seen[:-1]])
    run.check(seen[-1][1] > RAM and seen[-1][1] % PAGE == 0, "the answer to a good one", "an address", seen[-1][1])


@lab_test("4.8", points=2, needs=ENDS)
def numbers_nobody_has(run: Run) -> None:
    """A number that no call has, however large, is answered with -ENOSYS."""
    length = run.symbols("shim").table.get("shim_table_len", 0)
    draw = run.random
    unknown = [length, length + 1, draw.randint(length, 1 << 20), 1 << 32 | GETPPID, -1, -(1 << 63),
               (1 << 61) + GETPPID, 1, 10]
    draw.shuffle(unknown)
    machine = finished(run, " ".join(f"number {each}" for each in [*unknown, GETPPID]), "shim")
    run.same("the answers", [*((each, ENOSYS) for each in unknown), (GETPPID, 0)], calls(machine))


@lab_test("4.8", points=3, needs=ENDS)
def interrupts_come_during_a_call(run: Run) -> None:
    """During a call interrupts are on if the caller had them on, and off if not; so they are afterwards."""
    size = run.random.randint(300_000, 900_000)
    machine = finished(run, f"long {size} 1 long {size} 0 long {size} 1 call {GETPPID} 0 0 0 0 0 0", "shim", budget=400_000_000)
    run.same("results of the calls", [f"{size}"] * 3, machine.lines("long = "))
    counts = [int(line) for line in machine.lines("interrupts ")]
    run.check(len(counts) == 3 and counts[0] > 3 and counts[2] > 3 and counts[1] == 0,
              "interrupts during the call, with interrupts on, off, on", "some, none, some", counts)
    run.same("interrupts on afterwards", ["1", "0", "1"], machine.lines("on after "))


@lab_test("4.8", points=2, needs=ENDS)
def other_traps_are_none_of_its_business(run: Run) -> None:
    """A fault is reported as ever, with the registers of whoever caused it."""
    address = run.random.randrange(0x20000, 0x100000)       # where this machine has nothing
    seed = run.random.randrange(1 << 30)
    machine = boot(run, f"regs {seed} {GETPPID} 0 read {address:#x}", "shim")
    ending = machine.finish(endings=("fault",))
    run.same("the report", {"cause": f"{NOT_THERE}", "addr": f"{address:#x}"},
             {key: ending.report.get(key) for key in ("cause", "addr")})
    where = machine.symbols.function(int(ending.report.get("pc", "0"), 16))
    run.same("where", "read_from", where and where.name)
    shown = dict(re.findall(r"\b(t0|tp)\s+([0-9a-f]{16})", machine.output))
    run.same("the program's registers in the report", {"t0": f"{MARK:016x}", "tp": f"{MARK:016x}"},
             {name: shown.get(name) for name in ("t0", "tp")})


# --- measures ---------------------------------------------------------------------------------------

LOOP = 3            # instructions of the probe's own around each call
SP = 2


def counts_of(run: Run, image: str, args: str):
    """Instructions by address: what a thousand calls more take, each a thousandth of it."""
    found = []
    for times in (1_000, 2_000):
        machine = boot(run, f"{args} {times}", image, stretches=True)
        machine.finish()
        found.append(machine.profile.pcs())
    few, many = found
    return machine, {pc: (many[pc] - few.get(pc, 0)) / 1_000 for pc in many}


def moves_registers(machine, pc: int) -> bool:
    """sd and ld with sp, or their short forms."""
    word = int.from_bytes(machine.read_physical(pc, 4), "little")
    if word & 3 == 3:
        return word & 0x7f in (0x03, 0x23) and word >> 12 & 7 == 3 and word >> 15 & 31 == SP
    return word & 3 == 2 and word >> 13 & 7 in (3, 7)


@measure("4.a")
def what_a_trap_costs(run: Run) -> tuple[int, dict[str, int]]:
    """getppid through the shim, part by part."""
    machine, each = counts_of(run, "shim", "getppid")
    parts = dict.fromkeys(("stub", "registers", "decide", "call"), 0.0)
    for pc, cost in each.items():
        line, function = machine.symbols.line(pc), machine.symbols.function(pc)
        if line and line.file == "kern/libos/shim.S":
            parts["registers" if moves_registers(machine, pc) else "decide"] += cost
        elif function and function.name == "k_sys_getppid":
            parts["call"] += cost
        elif function and function.name in ("raw_getppid", "getppid_stub"):
            parts["stub"] += cost
    parts["stub"] -= LOOP
    rounded = {name: round(cost) for name, cost in parts.items()}
    return sum(rounded.values()), rounded


USER_END = 0x8000_0000
PROBES_OWN = ("main", "many_writes", "run_command")


def cost_of_write(run: Run, image: str) -> int:
    """Without the program's own loop, and without the firmware."""
    machine, each = counts_of(run, image, "writes")
    symbols, total = machine.symbols, 0.0
    for pc, cost in each.items():
        function = symbols.function(pc)
        if pc >= USER_END and function and function.name not in PROBES_OWN:
            total += cost
    return round(total)


@measure("4.b")
def what_a_wall_costs(run: Run) -> int:
    """The same program, the same call, on both sides of the wall that is gone."""
    return cost_of_write(run, "process") - cost_of_write(run, "fused")

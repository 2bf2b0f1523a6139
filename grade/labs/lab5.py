"""Lab 5, just call it: what stands between a program and the functions of the kernel it is fused with.

Two probes do what a script in the bootargs says: user/probe-call with the small libc, user/probe-musl with
musl. The second one also runs as a process of lab 3's kernel, which must give the same answers.
"""

from __future__ import annotations

import re
import struct
from typing import Iterator

from elftools.elf.elffile import ELFFile

from grade.grader.api import Failed, Run, lab_test, measure
from grade.labs import disassembly
from grade.labs.probe import code, members, size_of

EXACT = "shift=0,sleep=off"     # sleep takes no time: ticks alone use up the budget of what hangs
MASK = (1 << 64) - 1
PATH_MAX = 1024
EBADF, EAGAIN, EINVAL, ENAMETOOLONG, ENOSYS, ESPIPE = -9, -11, -22, -36, -38, -29
LSEEK, WRITE, FUTEX, GETPID, CLOSE, GETTID = 62, 64, 98, 172, 57, 178
OPENAT, AT_FDCWD, O_RDWR_CREAT = 56, -100, 0o102
WAIT_BITSET = 9
PAGE = 4096
HEADER = "<IIQQQQQQ"    # Elf64_Phdr: type, flags, offset, vaddr, paddr, filesz, memsz, align
MISSING = ("mknodat", "symlinkat", "linkat", "statfs", "truncate", "fchdir", "sendfile", "fsync", "getsid",
           "prctl", "setitimer", "membarrier")

THREADS = ("5.3", "5.4")
MUSL = ("5.3", "5.5", "5.6", "5.7", "5.8")      # what it takes for a musl program to run


def script(run: Run, *commands: str, image: str = "calls", status: int = 0, **options):
    """The machine, after the probe has done all these."""
    machine = run.boot(image, args="'" + " ".join(commands) + "'", icount=EXACT, **options)
    machine.finish(status=status)
    return machine


def numbers(seed: int) -> Iterator[int]:
    """The numbers that the guest makes from a seed, too."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        yield seed


def name_of(run: Run) -> str:
    return "".join(run.random.choices("abcdefghijklmnopqrstuvwxyz", k=run.random.randint(3, 12)))


# --- 5.1: the call that is not there ----------------------------------------------------------------

REPORT = re.compile(r"libos: (\w+) is not in this image \(called from (0x[0-9a-f]+)\): ENOSYS")


def reports(run: Run):
    """Some missing calls; the machine after they were made; what was reported: (name, address)."""
    names = run.random.sample(MISSING, 4)
    machine = script(run, *(f"missing {name}" for name in names))
    return names, machine, REPORT.findall(machine.output)


@lab_test("5.1", points=4)
def a_missing_call_is_named(run: Run) -> None:
    """A call that is not in the image is reported by its name, and the program gets -ENOSYS."""
    names, machine, found = reports(run)
    run.same("the calls that were reported", names, [name for name, _ in found])
    run.same("their results", [f"{name} = {ENOSYS}" for name in names], machine.lines("missing "))


@lab_test("5.1", points=4)
def a_missing_call_names_its_caller(run: Run) -> None:
    """The report says where the program called from."""
    names, machine, found = reports(run)
    callers = [machine.symbols.function(int(address, 16) - 1) for _, address in found]
    run.same("the functions that called", [f"from_{name}" for name in names],
             [function.name if function else "?" for function in callers])


# --- 5.2: a string, without a user ------------------------------------------------------------------

@lab_test("5.2", points=2)
def strings_arrive(run: Run) -> None:
    """Folders get the names that the program says, the shorter ones after longer ones."""
    names = sorted({name_of(run) for _ in range(4)}, key=len, reverse=True)
    machine = script(run, *(f"mkdir /{name}" for name in names), "list /")
    run.same("the answers of mkdir", [f"/{name} = 0" for name in names], machine.lines("mkdir "))
    seen = machine.lines("list")[0].split()
    run.same("the folders in /", sorted(["dev", "tmp", *names]), sorted(seen))


@lab_test("5.2", points=3)
def a_string_at_the_edge(run: Run) -> None:
    """Nothing is read behind the end of a string."""
    lengths = run.random.sample(range(3, 900), 3)
    names = [f"e{i}" for i in range(3)]
    machine = script(run, *(f"edge {length} {name}" for length, name in zip(lengths, names)), "list /")
    run.same("the answers of mkdir", [f"{length} = 0" for length in lengths], machine.lines("edge "))
    run.same("the folders in /", sorted(["dev", "tmp", *names]),
             sorted(machine.lines("list")[0].split()))


@lab_test("5.2", points=3)
def a_string_may_be_so_long(run: Run) -> None:
    """The longest path there may be; one character more; many more."""
    lengths = [PATH_MAX - 1, PATH_MAX, PATH_MAX + run.random.randint(1, 3000), PATH_MAX - 2]
    machine = script(run, *(f"longmkdir {length} l{i}" for i, length in enumerate(lengths)), "list /")
    run.same("the answers of mkdir", [f"{length} = {0 if length < PATH_MAX else ENAMETOOLONG}"
                                      for length in lengths], machine.lines("longmkdir "))
    run.same("the folders in /", ["dev", "l0", "l3", "tmp"], sorted(machine.lines("list")[0].split()))


# --- 5.3: whose tp is it? ---------------------------------------------------------------------------

@lab_test("5.3", points=4)
def the_kernel_finds_the_thread_without_tp(run: Run) -> None:
    """A thread is known, whatever the program has in tp; and tp comes back as it was."""
    tps = [0, 1, 0x1000, run.random.randrange(1 << 64)]
    machine = script(run, *(f"number {tp:#x} 0" for tp in tps))
    run.same("this thread's number, and tp", ["1, tp kept, interrupts on"] * len(tps),
             machine.lines("number "))


@lab_test("5.3", points=4)
def interrupts_are_as_they_were(run: Run) -> None:
    """Who comes with interrupts off gets them back off, who comes with them on, on."""
    off = [run.random.randint(0, 1) for _ in range(3)] + [1, 0, 1, 1, 0]
    machine = script(run, *(f"number 0 {each}" for each in off))
    run.same("interrupts after the call", [f"1, tp kept, interrupts {'off' if each else 'on'}" for each in off],
             machine.lines("number "))
    check_interrupts_are_off(run)


def check_interrupts_are_off(run: Run) -> None:
    """Interrupts are off when gettid asks which hart this is, by reading sscratch."""
    asks = [each.pc for each in disassembly.instructions(run.symbols("calls").elf)
            if each.function in ("sys_gettid", "thread_current") and "sscratch" in each.operands]
    run.check(asks, "the running thread", "is asked of this_hart()", "is found without asking which hart this is")
    machine = run.boot("calls", args="'number 0 0'", icount=EXACT, gdb=True, frozen=True)
    said = machine.gdb("break *raw_gettid", "continue", *(f"break *{pc:#x}" for pc in asks), "continue",
                       "print $sstatus & 2", "delete")
    run.check(re.search(r"^\$1 = 0$", said, re.M), "interrupts, while the kernel asks which hart this is", "off",
              "on" if "$1 = 2" in said else said.splitlines()[-2:])


# --- 5.4: a thread is a function that returns twice -------------------------------------------------

def clone_line(machine) -> dict[str, str]:
    match = re.search(r"^clone: (?P<child>[\w ]+), same as mine (?P<mine>\d), tp (?P<tp>[0-9a-f]+), "
                      r"sp (?P<sp>\d), s (?P<s>[0-9a-f ]+)$", machine.output, re.M)
    if not match:
        raise Failed("the report on the child", "a line that begins with `clone:`", machine.output[-300:])
    return match.groupdict()


@lab_test("5.4", points=3)
def a_child_has_its_parents_registers(run: Run) -> None:
    """A new thread returns from the call with s0 to s11, on its own stack, whose bounds are known."""
    seed = run.random.randrange(1 << 31)
    found = clone_line(script(run, f"clone {seed} {run.random.randrange(1, 1 << 40):#x}"))
    made = numbers(seed)
    run.same("whether there was a child, and whether its sp was where its stack was",
             ("a child", "1"), (found["child"], found["sp"]))
    run.same("s0 to s11 of the child", [f"{next(made):x}" for _ in range(12)], found["s"].split())
    check_bounds_of_a_stack(run)


def check_bounds_of_a_stack(run: Run) -> None:
    """A child that uses up its stack is reported, with the stack that the program gave it."""
    machine = run.boot("calls", args=f"'overflow {run.random.randint(1, 9)}'", icount=EXACT)
    machine.finish(endings=("fault",), status=None)
    found = re.search(r"stack overflow: sp is \S+, the stack (\S+)", machine.output)
    run.same("the stack of a child that overflowed", machine.lines("overflow: "),
             [found[1]] if found else machine.output.splitlines()[-3:])


@lab_test("5.4", points=3)
def a_child_has_the_tp_it_was_given(run: Run) -> None:
    """tp is what the call says, or if it says nothing the parent's; the parent keeps its own."""
    tls = run.random.randrange(1, 1 << 62)
    machine = script(run, f"clone 1 {tls:#x}")
    run.same("tp of a child with a tp of its own; the parent's kept", (f"{tls:x}", "1"),
             (clone_line(machine)["tp"], clone_line(machine)["mine"]))
    found = clone_line(script(run, "clone 1 0"))
    run.same("tp of a child without, minus its parent's", "0", found["tp"])


def thread_lines(seeds: list[int], rounds: int, lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    """What the threads must say of their variables, what they say, and their numbers."""
    expected = []
    for seed in seeds:
        made, last = numbers(seed), seed
        for _ in range(rounds):
            last = next(made)
        expected.append(f"{seed}: 42, then {last}, errno {seed % 4000}, result 1")
    split = [re.split(r", number (\d+ \d+)", line) for line in lines]
    return expected, ["".join(each[::2]) for each in split], [each[1] for each in split if len(each) > 1]


def check_threads(run: Run, image: str = "calls", rounds: int = 0) -> list[str]:
    """Threads keep their variables and errno apart; their numbers, each twice."""
    seeds = run.random.sample(range(1, 1_000_000), run.random.randint(3, 7))
    rounds = rounds or run.random.randint(3, 20)
    machine = script(run, f"threads {rounds} {','.join(map(str, seeds))}", image=image)
    expected, seen, found = thread_lines(seeds, rounds, machine.lines("thread "))
    run.same("thread-local variable and errno of each thread", expected, seen)
    run.check(any(line.startswith("42, errno 77, number ") for line in machine.lines("main: ")),
              "the same of the first thread", "42, errno 77", machine.lines("main: "))
    return found


@lab_test("5.4", points=2)
def threads_have_variables_of_their_own(run: Run) -> None:
    """Each thread has its own thread-local variable and errno, however often they take turns."""
    check_threads(run)


@lab_test("5.4", points=1)
def numbers_of_threads_differ(run: Run) -> None:
    """Every thread has a number of its own, the same all its life."""
    found = check_threads(run)
    pairs = [line.split() for line in found]
    run.check(all(first == last for first, last in pairs) and
              len({first for first, _ in pairs} | {"1"}) == len(pairs) + 1,
              "each thread's number at its begin and its end", "different, and the same twice", found)


@lab_test("5.4", points=1)
def a_thread_that_spins_is_interrupted(run: Run) -> None:
    """A thread that waits without a call gives the hart to the one it waits for."""
    value = run.random.randrange(1, 1 << 40)
    machine = script(run, f"spin {value}", budget=200_000_000)
    run.same("what it found", [f"{value}, number 1"], machine.lines("spin "))


@lab_test("5.4", points=2)
def threads_by_the_shim(run: Run) -> None:
    """The same program works when its calls come by the trap shim."""
    check_threads(run)
    run.fact(by_calls="they work")
    check_threads(run, image="traps")
    seed = run.random.randrange(1 << 31)
    found = clone_line(script(run, f"clone {seed} 0x1000", image="traps"))
    made = numbers(seed)
    run.same("s0 to s11 of the child", [f"{next(made):x}" for _ in range(12)], found["s"].split())


# --- 5.5: a call by its number ----------------------------------------------------------------------

def by_number(run: Run, *calls: tuple) -> tuple[list[str], str]:
    """The results of calls (number, arguments...), and all that was printed."""
    words = [f"bynumber {' '.join(str(word) for word in (*call, *[0] * (7 - len(call))))}" for call in calls]
    machine = script(run, *words)
    return machine.lines("bynumber "), machine.output


@lab_test("5.5", points=3, needs=("5.3",))
def numbers_lead_to_their_calls(run: Run) -> None:
    """Each number is answered by its call, with its arguments in their order."""
    size = run.random.randint(3, 25)
    value = run.random.choice((99, 101, 7))
    calls = [(GETPID,), (WRITE, 1, "@4", size), (CLOSE, run.random.randint(20, 60)), (GETTID,),
             (FUTEX, "@", WAIT_BITSET, value, 0, 0, 1), (FUTEX, "@", WAIT_BITSET, value, 0, 0, 0)]
    results, output = by_number(run, *calls)
    run.same("the answers", [f"{GETPID} = 1", f"{WRITE} = {size}", f"{CLOSE} = {EBADF}", f"{GETTID} = 1",
                             f"{FUTEX} = {EAGAIN}", f"{FUTEX} = {EINVAL}"], results)
    text = "what the kernel shall read"[:size]
    run.check(text in output.splitlines(), "what write has written", text, output[-300:])


@lab_test("5.5", points=4, needs=("5.2",))
def arguments_by_number_have_their_types(run: Run) -> None:
    """An int is cut to 32 bits, a long and a pointer are not."""
    garbage = run.random.randrange(1, 1 << 31) << 32
    offset = run.random.randrange(1 << 33, 1 << 60)
    results, _ = by_number(run, (CLOSE, 77 | garbage), (WRITE, 1 | garbage, "@4", 3),
                           (OPENAT, AT_FDCWD, "@4", O_RDWR_CREAT | garbage, 0o644),
                           (LSEEK, 3 | garbage, offset, 0), (LSEEK, 3, -1, 2 | garbage))
    run.same("close, write, open, lseek far away, and from the end by -1",
             [f"{CLOSE} = {EBADF}", f"{WRITE} = 3", f"{OPENAT} = 3", f"{LSEEK} = {offset}", f"{LSEEK} = {EINVAL}"],
             results)


@lab_test("5.5", points=3)
def numbers_that_no_call_has(run: Run) -> None:
    """A number that is not in the table is answered by -ENOSYS."""
    draw = run.random
    unknown = [0, draw.randint(300, 400), draw.randint(500, 5000), -1, -GETPID, GETPID + (1 << 32),
               draw.randrange(1 << 40, 1 << 62)]
    draw.shuffle(unknown)
    results, _ = by_number(run, *((number,) for number in unknown))
    run.same("the answers", [f"{number} = {ENOSYS}" for number in unknown], results)


def jumps_to(run: Run, image: str, function: str) -> list[disassembly.Instruction]:
    """The instructions of a function of an image."""
    found = [each for each in disassembly.instructions(run.symbols(image).elf) if each.function == function]
    run.check(found, f"a function {function}", "is there", "is not")
    return found


@lab_test("5.5", points=2)
def a_constant_leaves_one_call(run: Run) -> None:
    """Where the number is a constant, nothing is looked up at run time."""
    for name, call in (("constant_getpid", "sys_getpid"), ("constant_lseek", "sys_lseek")):
        code = jumps_to(run, "calls", name)
        targets = [each.target for each in code if each.name in ("j", "jal", "call", "tail")]
        run.same(f"what {name} calls", [call], [target for target in targets if target != name])
        branches = [str(each) for each in code if each.name.startswith("b")]
        run.same(f"decisions in {name}", [], branches)
    script(run, f"constant {run.random.randrange(1 << 40)}")


# --- 5.6: one header for musl -----------------------------------------------------------------------

def musl(run: Run, *commands: str, status: int = 0, **options):
    return script(run, *commands, image="musl", status=status, **options)


@lab_test("5.6", points=3, needs=MUSL)
def a_musl_program_runs(run: Run) -> None:
    """A program written for musl runs, fused, and ends with its status."""
    status = run.random.randint(1, 120)
    before = run.random.randint(1, 130)
    machine = musl(run, f"errno {before} -1", f"exit {status}", status=status)
    run.same("errno after a call that works, and after one that fails", [f"{before}, close -1: 9"],
             machine.lines("errno "))


def both(run: Run, commands: list[str], prefix: str = "") -> tuple[list[str], list[str]]:
    """What the program says as a process of the kernel, and fused with it."""
    process = script(run, *commands, image="walled")
    fused = musl(run, *commands)
    return process.lines(prefix), fused.lines(prefix)


@lab_test("5.6", points=3, needs=(*MUSL, "5.2"))
def files_by_musl_are_files_of_the_kernel(run: Run) -> None:
    """Files give a fused program the same answers as a process."""
    text = name_of(run)
    commands = [f"files /tmp/{name_of(run)} {text * 3} {run.random.randint(0, 12)}",
                f"files /tmp/{name_of(run)}/x {text} 1", f"mkdir /tmp/{text}", f"mkdir /tmp/{text}",
                f"mkdir /tmp/{'n' * 300}", "list /tmp"]
    process, fused = both(run, commands)
    run.same("what it says fused (expected: what it says as a process)", process, fused)


@lab_test("5.6", points=3, needs=MUSL)
def numbers_by_musl(run: Run) -> None:
    """syscall() of a number that is not constant: results and errno as in a process."""
    draw = run.random
    known = [(GETPID, 0, 0, 0), (CLOSE, 99 + (draw.randrange(1 << 20) << 32), 0, 0), (LSEEK, 1, 5 << 33, 0),
             (GETTID, 0, 0, 0), (24, 0, 0, 0)]
    unknown = [(draw.randint(500, 5000), 1, 2, 3), (-draw.randint(1, 99), 0, 0, 0)]
    commands = ["number " + " ".join(map(str, call)) for call in draw.sample(known + unknown, 7)]
    process, fused = both(run, commands, "number ")
    run.same("what it says fused (expected: what it says as a process)", process, fused)


@lab_test("5.6", points=2, needs=MUSL)
def only_what_is_called_is_there(run: Run) -> None:
    """hello has those calls in its image that hello makes, and few others."""
    calls = {name for name in run.symbols("small").table if name.startswith("sys_")}
    run.check({"sys_writev", "sys_exit_group"} <= calls, "the calls of hello", "writev and exit_group among "
              "them", sorted(calls))
    run.check(len(calls) <= 12, "how many calls there are", "at most 12", f"{len(calls)}: {sorted(calls)}")


def executed(machine) -> list[disassembly.Instruction]:
    elf = machine.symbols.elf
    return [found for pc in machine.profile.pcs() if (found := disassembly.at(elf, pc))]


@lab_test("5.6", points=3, needs=MUSL)
def a_call_is_a_call(run: Run) -> None:
    """musl's getpid reaches the kernel by a call, with nothing in between."""
    times = run.random.randint(20, 60)
    machine = musl(run, f"getpid {times}", regions=[("libc_begins", "libc_ends")], stretches=True)
    counts = machine.profile.regions[0].counts
    run.same("how often it was called", times, len(counts))
    run.at_most("a getpid of musl", min(counts))
    code = jumps_to(run, "musl", "getpid")
    run.check("sys_getpid" in {each.target for each in code}, "what getpid of musl calls", "sys_getpid",
              [str(each) for each in code])
    traps = {each.function for each in executed(machine) if each.name in ("ecall", "ebreak")}
    firmware = {name for name in traps if "sbi" in name}
    run.same("functions that executed ecall or ebreak, but for calls of the firmware", set(), traps - firmware)


# --- 5.7: thread-local storage ----------------------------------------------------------------------

def initial_words(run: Run) -> tuple[list[int], dict[int | str, bytes]]:
    """Words drawn for tls_words, and where the image has its initial values."""
    with run.symbols("musl").elf.open("rb") as stream:
        elf = ELFFile(stream)
        start = elf.get_section_by_name(".tdata")["sh_addr"]
        offset = elf.get_section_by_name(".symtab").get_symbol_by_name("tls_words")[0]["st_value"]
    words = [run.random.randrange(1 << 64) for _ in range(8)]
    return words, {start + offset: struct.pack("<8Q", *words)}


@lab_test("5.7", points=4, needs=MUSL)
def variables_begin_as_the_linker_says(run: Run) -> None:
    """Thread-local variables begin with their values in the image, whatever those are."""
    words, load = initial_words(run)
    machine = musl(run, "tls", load=load)
    run.same("the first thread's variables", [" ".join(f"{word:x}" for word in words)],
             machine.lines("tls words "))


def drawn_header(run: Run) -> tuple[dict[int | str, bytes], int]:
    """The program's header with another size and alignment of the variables; the room they take at worst."""
    symbols = run.symbols("musl")
    start = symbols.address("app_phdr")
    *others, size, align = struct.unpack(HEADER, code(symbols, start, start + struct.calcsize(HEADER)))
    size += -size % 8 + 8 * run.random.randint(1, 24) + run.random.randint(2, 8)    # the sum is never round
    align <<= run.random.randint(0, 2)
    words = 2 * 8       # for one module
    return {start: struct.pack(HEADER, *others, size, align)}, \
        align - 1 + size_of(symbols, "__pthread") + size + words


def check_room(run: Run, machine, least: int) -> None:
    """What find_tls says of the room is enough, and not more than some alignment more."""
    symbols = machine.symbols
    at = symbols.address("__libc") + members(symbols, "__libc")["tls_size"]
    seen = machine.read_u64(at)
    run.check(least <= seen < least + PAGE and seen % 8 == 0, "libc.tls_size, for variables as they were drawn",
              f"{-(-least // 8) * 8}", f"{seen}")


@lab_test("5.7", points=3, needs=MUSL)
def the_rest_is_zero_and_aligned(run: Run) -> None:
    """Variables without a value are zero, and each lies as the program asks, wherever the stack begins."""
    for moved in run.random.sample(range(0, 12, 2), 2):     # more arguments move it down
        words = " ".join(["tls", "exit", "0", *["x"] * moved])
        load, least = drawn_header(run)
        machine = run.boot("musl", args=words, icount=EXACT, poison=True, load=load)
        machine.finish()
        run.same("zeros, and an aligned text", ["0 are not, 'aligned' at 0"], machine.lines("tls zeros: "))
        check_room(run, machine, least)


@lab_test("5.7", points=3, needs=(*MUSL, *THREADS, "5.9"))
def every_thread_has_a_copy(run: Run) -> None:
    """Threads of musl begin with copies of their own, and keep errno apart."""
    check_threads(run, image="musl")


# --- 5.8: before main -------------------------------------------------------------------------------

def shuffled(run: Run) -> tuple[str, dict[int | str, bytes]]:
    """Another order of constructors, written over the table in memory, and what they leave then."""
    symbols = run.symbols("musl")
    places = {symbols.address(f"make_{letter}"): letter for letter in "abcde"}
    start, end = symbols.address("__init_array_start"), symbols.address("__init_array_end")
    run.check(end - start == 8 * len(places), "constructors in the image", len(places), (end - start) // 8)
    order = run.random.sample(sorted(places), len(places))
    return "p" + "".join(places[at] for at in order), {start: struct.pack(f"<{len(order)}Q", *order)}


@lab_test("5.8", points=4, needs=MUSL)
def constructors_run_in_the_order_of_the_table(run: Run) -> None:
    """Every constructor runs once, in the order in which the table has them; the early ones first."""
    order, load = shuffled(run)
    machine = musl(run, "order", load=load)
    run.same("the constructors that ran", [order], [line.split(",")[0] for line in machine.lines("order ")][:1])
    run.same("the destructors", ["first", "last"], machine.lines("order at the end: "))


@lab_test("5.8", points=2, needs=MUSL)
def constructors_see_the_arguments(run: Run) -> None:
    """A constructor is called with the arguments of main."""
    machine = musl(run, "order")
    run.same("how many saw them", "6 saw the arguments",
             "".join(machine.lines("order ")[:1]).partition(", ")[2])


# --- 5.9: musl's threads ----------------------------------------------------------------------------

@lab_test("5.9", points=4, needs=MUSL)
def clone_starts_a_function(run: Run) -> None:
    """clone() calls a function with its argument, on an aligned stack, with its tp; what it returns is told."""
    value, offset = run.random.randrange(1, 1 << 40), run.random.randint(1, 15)
    commands = [f"clone {value} {offset}", f"clone {value + 1} 0"]
    process, fused = both(run, commands, "clone: ")
    expected = [f"child 1, value {each}, tp {each}, sp 0 off, ended 1" for each in (value, value + 1)]
    run.same("the report on the child, fused", expected, fused)
    run.same("the report on the child, in a process", expected, process)
    status = run.random.randint(1, 120)
    musl(run, f"last {status}", status=status)


@lab_test("5.9", points=3, needs=MUSL)
def musl_threads_are_threads_of_the_kernel(run: Run) -> None:
    """pthread_create and pthread_join of musl work, fused and in a process."""
    check_threads(run, image="musl")
    check_threads(run, image="walled")


@lab_test("5.9", points=3, needs=MUSL)
def threads_come_and_go(run: Run) -> None:
    """Many threads that nobody waits for leave nothing behind that would stop the next."""
    count, value = run.random.randint(150, 250), run.random.randint(1, 1000)
    machine = musl(run, f"detached {count} {value}", f"errno 5 -1", memory="16M", budget=200_000_000)
    run.same("threads made, and what they added up", [f"{count} of {count}, sum {count * value}"],
             machine.lines("detached "))


# --- measures ---------------------------------------------------------------------------------------

@measure("5.a")
def what_a_call_costs(run: Run) -> tuple[int, dict[str, int]]:
    """getpid of musl, fused, by who executes it."""
    few, many = ({each: count for each, count in _by_function(run, times).items()} for times in (100, 200))
    cost = {name: (many[name] - few.get(name, 0)) // 100 for name in many}
    parts = {"call": 1, "libc": cost.get("getpid", 0), "kernel": cost.get("sys_getpid", 0)}
    return sum(parts.values()), parts


def _by_function(run: Run, times: int) -> dict[str, int]:
    machine = musl(run, f"getpid {times}", stretches=True)
    return dict(machine.profile.functions(machine.symbols))


@measure("5.b")
def calls_in_hello(run: Run) -> int:
    """System calls in the image of hello."""
    return sum(name.startswith("sys_") for name in run.symbols("small").table)

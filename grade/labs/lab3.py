"""Lab 3, the wall: threads that take turns, a program in user mode, its calls and its pointers.

The probe (user/probe-wall) is the first process. It does what a script in the bootargs says, makes
system calls with whatever the host wants in the registers, and prints what came of them.
"""

from __future__ import annotations

import re
from collections import Counter
from statistics import median
from typing import Iterator

from grade.grader.api import Failed, Run, lab_test, measure
from grade.labs import lab3_box, lab3_duel  # noqa: F401: their tests are of this lab

RUNS = ("3.1", "3.2", "3.3", "3.4")         # what it takes for a program to run
SPEAKS = (*RUNS, "3.5", "3.6")              # and to print

GETPID, CLONE, SIGCHLD = 172, 220, 17
ENOSYS, EFAULT, EEXIST, ENAMETOOLONG = -38, -14, -17, -36
PAGE = 4096
AREA = 0x400000                             # where scripts have memory of their own
USER_END = 0x8000_0000
PATH_MAX = 1024
MASK = (1 << 64) - 1
MS = 1_000_000                              # in nanoseconds, which are instructions here
TURN = 20 * MS                              # how long a thread may keep others waiting


def numbers(seed: int) -> Iterator[int]:
    """The numbers that the guest makes from a seed, too."""
    while True:
        seed = (seed * 6364136223846793005 + 1442695040888963407) & MASK
        yield seed


def letters(seed: int, count: int) -> str:
    made = numbers(seed)
    return "".join(chr(ord("a") + (next(made) >> 33) % 26) for _ in range(count))


def boot(run: Run, args: str, image: str = "wall", **options):
    """On one hart, whose sleep takes no time: ticks alone soon use up the budget of a kernel that hangs."""
    return run.boot(image, args=args, icount="shift=0,sleep=off", **options)


def script(run: Run, *commands: str, **options):
    """The machine, after it has done all these; its lines are those of the probe."""
    machine = boot(run, "'" + " ".join(commands) + "'", **options)
    machine.finish()
    return machine


# --- 3.1: from one thread to another ----------------------------------------------------------------

def turns(run: Run) -> tuple[int, list[int], list[list[str]]]:
    """Rounds, seeds, and the words of each line that the threads print."""
    rounds = run.random.randint(2, 4)
    seeds = run.random.sample(range(1, 1_000_000), run.random.randint(3, 7))
    machine = boot(run, " ".join(map(str, [rounds, *seeds])), image="threads")
    machine.finish()
    return rounds, seeds, [line.split() for line in machine.lines("threads: ")]


@lab_test("3.1", points=5)
def threads_take_turns(run: Run) -> None:
    """Threads go on where they gave way, one after the other, to the end."""
    rounds, seeds, lines = turns(run)
    expected = [f"{len(seeds)} of them, {rounds} rounds"]
    for number in range(rounds):
        for seed in seeds:
            expected.append(f"{seed} round {number}")
            expected += [f"{seed} ends"] * (number == rounds - 1)
    expected.append("done")
    seen = [" ".join(line[:3] if line[1:2] == ["round"] else line) for line in lines]
    run.same("who was running, in order", expected, seen)


@lab_test("3.1", points=5)
def registers_survive_a_switch(run: Run) -> None:
    """What a thread had in s0 to s11 is there when its turn comes again."""
    rounds, seeds, lines = turns(run)
    found = {(line[0], line[2]): line[3:] for line in lines if line[1:2] == ["round"]}
    for seed in seeds:
        made = numbers(seed)
        for number in range(rounds):
            expected = {f"s{i}": f"{next(made):x}" for i in range(12)}
            seen = dict(zip(expected, found.get((str(seed), str(number)), [])))
            differ = [name for name in expected if seen.get(name) != expected[name]]
            run.same(f"thread {seed}, round {number}: registers that changed",
                     {name: expected[name] for name in differ},
                     {name: seen.get(name) for name in differ})


# --- 3.2: into user mode ----------------------------------------------------------------------------

@lab_test("3.2", points=2, needs=RUNS)
def a_program_starts(run: Run) -> None:
    """The first process runs, and ends with the status it was told."""
    status = run.random.randint(1, 120)
    machine = boot(run, f"exit {status}")
    machine.finish(status=status)


def registers_of(run: Run, seed: int, number: int, a0: int, result: int) -> list[str]:
    """What the registers must be after the call, x1 and x3 to x31."""
    made = numbers(seed)
    regs = [0, *(next(made) for _ in range(31))]
    regs[17], regs[11], regs[10] = number, 0, result & MASK
    return [f"x{i}={regs[i]:x}" for i in range(1, 32) if i != 2]


def same_registers(run: Run, who: str, expected: list[str], lines: list[str]) -> None:
    run.check(len(lines) == 1, f"how often {who} reports", expected=1, seen=len(lines))
    seen = [f"{want.split('=')[0]}={have}" for want, have in zip(expected, lines[0].split())]
    differ = [i for i, want in enumerate(expected) if seen[i:i + 1] != [want]]
    run.same(f"the registers of {who} that changed", [expected[i] for i in differ],
             [seen[i] for i in differ if i < len(seen)])


@lab_test("3.2", points=4, needs=SPEAKS)
def a_child_starts_with_every_register(run: Run) -> None:
    """A child begins with all its parent's registers, but for a0."""
    seed = run.random.randrange(1 << 31)
    machine = script(run, f"regs {seed} {CLONE} {SIGCHLD}")
    expected = registers_of(run, seed, CLONE, SIGCHLD, 0)
    same_registers(run, "the child", expected, machine.lines("regs child "))


# --- 3.3: back into the kernel ----------------------------------------------------------------------

def fold_of(seed: int, number: int, a0: int, result: int) -> int:
    """The exit status that the probe makes of its registers."""
    made, fold = numbers(seed), 0
    regs = [0, *(next(made) for _ in range(31))]
    regs[17], regs[11], regs[10] = number, 0, result & MASK
    for i in range(1, 32):
        if i != 2:
            fold = (((fold << 7 | fold >> 57) & MASK) ^ regs[i])
    return (fold ^ fold >> 8 ^ fold >> 16 ^ fold >> 24 ^ fold >> 32 ^ fold >> 40 ^ fold >> 48) & 0x7f


@lab_test("3.3", points=4, needs=RUNS)
def a_call_changes_nothing_but_a0(run: Run) -> None:
    """After a call, all registers but a0 are as before (told by the exit status alone)."""
    for _ in range(2):
        seed = run.random.randrange(1 << 31)
        machine = boot(run, f"fold {seed} {GETPID} 0")
        machine.finish(status=fold_of(seed, GETPID, 0, result=1))


@lab_test("3.3", points=3, needs=SPEAKS)
def registers_come_back(run: Run) -> None:
    """The same, register by register, in a parent and in its child's child."""
    seeds = [run.random.randrange(1 << 31) for _ in range(2)]
    machine = script(run, f"regs {seeds[0]} {GETPID} 0 {{ {{ regs {seeds[1]} 9999 0 }} }}")
    for seed, number, result, line in zip(seeds, (GETPID, 9999), (1, ENOSYS),
                                          machine.lines("regs caller ") + ["", ""]):
        same_registers(run, f"the caller of {number}", registers_of(run, seed, number, 0, result),
                       [line])


@lab_test("3.3", points=3, needs=SPEAKS)
def a_program_that_spins_is_interrupted(run: Run) -> None:
    """Two programs that wait for each other without a call both get on."""
    value = run.random.randrange(1, 1 << 60)
    machine = script(run, f"together {value:#x}")
    run.same("what each found of the other", [f"{value:x} {value + 1:x}"], machine.lines("together "))


@lab_test("3.3", points=2, needs=SPEAKS)
def any_stack_pointer_will_do(run: Run) -> None:
    """A call with nonsense in sp works, and a fault ends the child alone."""
    sps = [0, 3, MASK - 7, 0x8020_0000, run.random.randrange(1 << 64)]
    machine = script(run, *(f"stack {sp} {GETPID}" for sp in sps), "{ poke 0 }")
    run.same("getpid on these stacks", [f"{sp:x} = 1" for sp in sps], machine.lines("stack "))
    run.same("how a child ends that stores to address 0", ["3 ended 11"], machine.lines("child "))


# --- 3.4: which call? -------------------------------------------------------------------------------

def unknown_numbers(run: Run) -> list[int]:
    """Behind the table's end, in gaps of it, and what is a known number if bits are cut off."""
    draw = run.random
    found = [0, 279, 280, draw.randint(300, 5000), GETPID + (1 << 32), -1, -GETPID,
             GETPID - (1 << 63), draw.randrange(1 << 62, 1 << 63)]
    draw.shuffle(found)
    return found


@lab_test("3.4", points=2, needs=RUNS)
def the_answer_is_enosys(run: Run) -> None:
    """A number that no call has is answered by -ENOSYS (told by the exit status alone)."""
    for number in unknown_numbers(run)[:2]:
        seed = run.random.randrange(1 << 31)
        machine = boot(run, f"fold {seed} {number} 0")
        machine.finish(status=fold_of(seed, number & MASK, 0, result=ENOSYS))


@lab_test("3.4", points=2, needs=SPEAKS)
def calls_that_do_not_exist(run: Run) -> None:
    """The same for every such number, however large, and the calls around it work."""
    draw, unknown = run.random, unknown_numbers(run)
    calls = [*unknown[:5], GETPID, *unknown[5:]]
    machine = script(run, *(f"call {number} {draw.randrange(99)} 0 0" for number in calls))
    run.same("the answers", [f"{number} = {1 if number == GETPID else ENOSYS}" for number in calls],
             machine.lines("call "))


@lab_test("3.4", points=3, needs=SPEAKS)
def the_program_goes_on_behind_the_call(run: Run) -> None:
    """Parent and child go on behind the ecall that made them two: each once."""
    seed = run.random.randrange(1 << 31)
    machine = script(run, f"regs {seed} {CLONE} {SIGCHLD}", "{ call 172 0 0 0 }", "call 172 0 0 0")
    run.same("reports of parent and child", (1, 1),
             (len(machine.lines("regs caller ")), len(machine.lines("regs child "))))
    run.same("calls of child and parent, one each", ["172 = 4", "172 = 1"], machine.lines("call "))


@lab_test("3.4", points=3, needs=SPEAKS)
def a_long_call_can_be_interrupted(run: Run) -> None:
    """While one program is in a long call, another one that has slept enough goes on."""
    size = run.random.randint(3_500_000, 4_500_000)
    machine = script(run, f"late {size} 5", budget=400 * MS)
    found = re.fullmatch(r"made (\d+) in (\d+), woken late by (-?\d+)", "".join(machine.lines("late: ")))
    run.check(found and int(found[1]) == size, "the report", f"made {size} in ...",
              machine.lines("late: "))
    took, late = int(found[2]), int(found[3])
    run.check(took > 2 * TURN, "a call that takes long, in ns", f"more than {2 * TURN}", took)
    run.check(late < TURN, f"how late the other was, in ns, during a call of {took}",
              f"at most a turn: {TURN}", late)


@lab_test("3.4", points=2, needs=SPEAKS)
def errno_is_the_programs(run: Run) -> None:
    """A call that fails says so in a0 alone: errno is for the program's library to set."""
    before = run.random.randint(200, 4000)
    machine = script(run, f"errno {before} 9999")
    run.same("errno after the bare call; after close(-1) by the library",
             [f"{before} after {ENOSYS}; libc: -1 and 9"], machine.lines("errno "))


# --- the kernel at the moment it looks at user memory ----------------------------------------------

def page_of(machine, va: int) -> int:
    for each in machine.mappings():
        if each.va <= va < each.va + each.size:
            return each.pa + va - each.va
    raise Failed(f"a page at {va:#x}", "there is one", "none")


def stop_at_access(machine, go: int, call: str, va: int, command: str) -> str:
    """Let the waiting probe go on to a system call, and there to the kernel's first look at its byte at
    va, which is $at for the kernel. What gdb says to the command then."""
    machine.expect("waiting")
    with machine.frozen():
        at = page_of(machine, va)
    return machine.gdb(f"set *(char *){go:#x} = 1", f"break {call}", "continue", f"set $at = {at:#x}",
                       f"rwatch *(char *){at:#x}", "continue", command, "delete")


# --- 3.5: whose memory is it? -----------------------------------------------------------------------

def writes(machine) -> list[int]:
    return [int(line) for line in machine.lines("write = ")]


@lab_test("3.5", points=3, needs=SPEAKS)
def ranges_end_where_user_memory_ends(run: Run) -> None:
    """The last bytes of user memory can be read and written; with one byte more, none of them."""
    seed, size = run.random.randrange(1 << 20), run.random.randint(5, 60)
    last, at = USER_END - PAGE, USER_END - size
    machine = script(run, f"map {last:#x} 1 3 fill {last:#x} {PAGE} {seed}",
                     f"write {at:#x} {size} write {at:#x} {size + 1} write {at:#x} -1",
                     f"write {at:#x} {1 << 63} write {MASK - 7} 16 write {USER_END:#x} 1",
                     f"read {at:#x} {size + 1} {seed + 1} show {at:#x} {size}",
                     f"read {at:#x} {size} {seed + 1} show {at:#x} {size}")
    run.same("the answers of write", [size] + [EFAULT] * 5, writes(machine))
    run.check(letters(seed, PAGE)[-size:] in machine.output.splitlines(),
              "the text that was written", letters(seed, PAGE)[-size:], machine.output)
    run.same("the answers of read", [str(EFAULT), str(size)], machine.lines("read = "))
    run.same("memory after each read", [letters(seed, PAGE)[-size:], letters(seed + 1, size)],
             machine.lines("show "))


TRAP = 0x8600_0000      # free memory in the first GiB, which the kernel has mapped in pages of 2 MiB
PTE_RWU = 0x17          # valid, readable, writable, user's


@lab_test("3.5", points=2, needs=SPEAKS)
def the_kernels_memory_is_no_programs(run: Run) -> None:
    """What the kernel can reach, a program cannot, though memory be full of forged entries."""
    secret = letters(run.random.randrange(1 << 20), 16)
    index = run.random.randrange(512)
    forged = ((TRAP + PAGE >> 12) << 10 | PTE_RWU).to_bytes(8, "little")
    at = TRAP + index * PAGE        # a walk that takes the page of 2 MiB for a table finds the secret
    symbols = run.symbols("wall")
    addresses = [at, symbols.address("_start"), symbols.address("proc_lock"),
                 0xffff_ffff_8000_1000, 0xffff_ffff_c000_0000]
    words = [f"write {each:#x} 16 read {each:#x} 16 5" for each in addresses]
    machine = script(run, *words, "call 172 0 0 0",
                     load={TRAP + 8 * index: forged, TRAP + PAGE: secret.encode()})
    run.same("write out of the kernel", [EFAULT] * len(addresses), writes(machine))
    run.same("read into the kernel", [str(EFAULT)] * len(addresses), machine.lines("read = "))
    run.same("the secret at the end", secret, machine.read_physical(TRAP + PAGE, 16).decode())
    run.same("the kernel lives on", ["172 = 1"], machine.lines("call "))


@lab_test("3.5", points=3, needs=SPEAKS)
def the_space_is_locked_during_a_copy(run: Run) -> None:
    """At the moment at which the kernel reads the program's byte, it holds the space's lock."""
    seed, go = run.random.randrange(1 << 20), AREA + 0x800
    text = AREA + run.random.randrange(0x100, 0x700)
    before, after = f"map {AREA:#x} 1 3 fill {text:#x} 16 {seed}", f"write {text:#x} 16 " * 2
    run.same("the answers of write", [16, 16], writes(script(run, before, after)))
    machine = boot(run, f"{before} wait {go:#x} {after}", gdb=True)
    said = stop_at_access(machine, go, "sys_write if $a1 == %#x" % text, text,
                          "print ((struct thread *)$tp)->proc->space->lock.state")
    state = re.search(r"^\$\d+ = (\d+)$", said, re.M)
    run.check(state and state[1] != "0", "the state of the lock", "1 or 2: taken",
              "0: free" if state else "none: the kernel never read that byte")
    machine.finish()
    run.same("the answers of write: the lock was given back", [16, 16], writes(machine))


# --- 3.6: piece by piece ----------------------------------------------------------------------------

@lab_test("3.6", points=4, needs=SPEAKS)
def copies_cross_pages(run: Run) -> None:
    """What lies across pages, fetched or not, arrives whole and in order."""
    draw = run.random
    seed, size = draw.randrange(1 << 20), draw.randint(4200, 7000)
    offset = draw.randint(1, PAGE - 1)
    read_size, read_at = draw.randint(600, 3000), 5 * PAGE - draw.randint(1, 599)
    machine = script(run, f"map {AREA:#x} 8 3 fill {AREA + offset:#x} {size} {seed}",
                     f"write {AREA + offset:#x} {size}",
                     f"read {AREA + read_at:#x} {read_size} {seed + 1}",
                     f"show {AREA + read_at:#x} {read_size}")
    text = letters(seed, size)
    run.same("the answer of write", [size], writes(machine))
    run.check(text in machine.output.splitlines(), "the text on the console", text,
              max(machine.output.splitlines(), key=len))
    run.same("the answer of read", [str(read_size)], machine.lines("read = "))
    run.same("the text in memory", [letters(seed + 1, read_size)], machine.lines("show "))


@lab_test("3.6", points=2, needs=SPEAKS)
def only_what_was_asked_for(run: Run) -> None:
    """A read of n bytes changes these n bytes and no other."""
    draw = run.random
    seed, size, at = draw.randrange(1 << 20), draw.randint(20, 60), PAGE - draw.randint(5, 15)
    machine = script(run, f"map {AREA:#x} 2 3 fill {AREA + at - 40:#x} 200 {seed}",
                     f"read {AREA + at:#x} {size} {seed + 1}", f"show {AREA + at - 40:#x} 200")
    before = letters(seed, 200)
    run.same("memory around it", [before[:40] + letters(seed + 1, size) + before[40 + size:]],
             machine.lines("show "))


@lab_test("3.6", points=2, needs=SPEAKS)
def a_childs_read_is_its_own(run: Run) -> None:
    """What a child reads into a page it shares with its parent, the parent does not see."""
    draw = run.random
    seed, at = draw.randrange(1 << 20), PAGE - draw.randint(1, 29)
    where = f"{AREA + at:#x}"
    machine = script(run, f"map {AREA:#x} 3 3 fill {where} 30 {seed}",
                     f"{{ read {where} 30 {seed + 1} show {where} 30 }}", f"show {where} 30",
                     f"map {AREA:#x} 3 1 read {where} 30 5")
    run.same("what child and parent find", [letters(seed + 1, 30), letters(seed, 30)],
             machine.lines("show "))
    run.same("read into a page one may only read", str(EFAULT), machine.lines("read = ")[-1:] and
             machine.lines("read = ")[-1])


# --- 3.7: a string that may change ------------------------------------------------------------------

def name_of(run: Run) -> str:
    return "".join(run.random.choices("abcdefghijklmnopqrstuvwxyz", k=run.random.randint(4, 20)))


@lab_test("3.7", points=4, needs=SPEAKS)
def strings_may_end_with_their_page(run: Run) -> None:
    """A string across pages, and one whose NUL is the last byte of memory."""
    names = [f"{name_of(run)}-{i}" for i in range(2)]
    across = AREA + PAGE - run.random.randint(2, 7)
    last = AREA + 3 * PAGE - len(f"/tmp/{names[1]}") - 1
    machine = script(run, f"map {AREA:#x} 4 3 unmap {AREA + 3 * PAGE:#x} 1",
                     f"text {across:#x} /tmp/{names[0]} mkdir {across:#x}",
                     f"text {last:#x} /tmp/{names[1]} mkdir {last:#x}", "list")
    run.same("the answers of mkdir", ["0", "0"], machine.lines("mkdir = "))
    run.same("the folders in /tmp", sorted(names), sorted(machine.lines("list")[0].split()))


@lab_test("3.7", points=3, needs=SPEAKS)
def strings_that_do_not_end(run: Run) -> None:
    """The longest path there may be; one byte more; one that runs out of memory; one nowhere."""
    end = AREA + 2 * PAGE
    start = end - run.random.randint(3, 900)
    machine = script(run, f"map {AREA:#x} 2 3",
                     f"longtext {AREA:#x} {PATH_MAX - 1} mkdir {AREA:#x}",
                     f"longtext {AREA:#x} {PATH_MAX} mkdir {AREA:#x}",
                     f"longtext {AREA:#x} {PATH_MAX + 1000} mkdir {AREA:#x}",
                     f"fill {start:#x} {end - start} 1 mkdir {start:#x}",
                     f"mkdir {end:#x} mkdir {USER_END:#x} mkdir {MASK:#x}", "call 172 0 0 0")
    run.same("the answers of mkdir", [EEXIST, ENAMETOOLONG, ENAMETOOLONG] + [EFAULT] * 4,
             [int(line) for line in machine.lines("mkdir = ")])


@lab_test("3.7", points=3, needs=SPEAKS)
def a_string_that_changes_under_the_kernel(run: Run) -> None:
    """A byte is overwritten as soon as it was looked at: the kernel's copy is what it was, and ends."""
    name = name_of(run)
    text, go = AREA + 0x100, AREA + 0x800
    before = f"map {AREA:#x} 1 3 fill {text:#x} 400 1 text {text:#x} /tmp/{name}"
    after = f"mkdir {text:#x} list"
    script(run, before, after)              # if it cannot do even that, there is nothing to debug
    letter = run.random.randrange(1, len(name))
    for place, new in ((len(name), "'x'"), (letter, "0")):      # no end any more; an end too early
        machine = boot(run, f"{before} wait {go:#x} {after}", gdb=True)
        stop_at_access(machine, go, "sys_mkdirat", text + len("/tmp/") + place, f"set *(char *)$at = {new}")
        machine.finish()
        run.same("the answer of mkdir", ["0"], machine.lines("mkdir = "))
        run.same("the folders in /tmp", [name], machine.lines("list")[0].split())


# --- measures ---------------------------------------------------------------------------------------

LOOP = 3            # instructions of the probe's own around each call
PARTS = {
    "save": ("user_vector", "from_user", "save_registers"),
    "call": ("thunk_getpid", "sys_getpid"),
    "restore": ("restore_registers",),
}


def counts_of(run: Run, calls: int) -> tuple[Counter[str], int]:
    """Instructions of each function when the probe makes so many calls; and how many there are from one
    call to the next, ticks left out."""
    machine = boot(run, f"getpid {calls}", stretches=True, regions=[("user_vector", "user_vector")])
    machine.finish()
    by_function: Counter[str] = Counter()
    for pc, times in machine.profile.pcs().items():
        function = machine.symbols.function(pc)
        by_function["program" if pc < USER_END else function.name if function else "?"] += times
    return by_function, round(median(machine.profile.regions[0].counts))


@measure("3.a")
def what_a_call_costs(run: Run) -> tuple[int, dict[str, int]]:
    """getpid through the wall, part by part: what a thousand calls more take."""
    few, _ = counts_of(run, 1_000)
    many, each = counts_of(run, 2_000)
    cost = {name: round((many[name] - few[name]) / 1_000) for name in many}
    parts = {part: sum(cost.get(name, 0) for name in names) for part, names in PARTS.items()}
    parts["stub"] = cost["program"] - LOOP
    whole = each - LOOP
    parts["dispatch"] = whole - sum(parts.values())
    return whole, parts


CSR_SATP, CSR_OPCODE = 0x180, 0x73


def writes_satp(instruction: int) -> bool:
    """csrrw, csrrs, csrrc on satp; a csrr does not count."""
    kind, source = instruction >> 12 & 3, instruction >> 15 & 31
    return (instruction & 0x7f == CSR_OPCODE and instruction >> 20 == CSR_SATP
            and (kind == 1 or kind in (2, 3) and source != 0))


@measure("3.b")
def how_often_satp_is_written(run: Run) -> int:
    """The difference between a thousand calls and two thousand."""
    found = []
    for calls in (1_000, 2_000):
        machine = boot(run, f"getpid {calls}", stretches=True)
        machine.finish()
        places = (pc for pc in machine.profile.pcs() if pc >= USER_END)
        counts = machine.profile.pcs()
        found.append(sum(counts[pc] for pc in places if writes_satp(
            int.from_bytes(machine.read_physical(pc, 4), "little"))))
    run.check(found[0] > 0, "satp written at all, since the kernel has address spaces")
    return found[1] - found[0]

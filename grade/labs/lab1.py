"""The tests of lab 1, "First light".

Each draws its inputs here, hands them to the guest (bootargs, memory, the console) and judges what
comes back. The images spark and boot (kern/images/) are given; what they print are facts.
"""

from __future__ import annotations

import re
import struct
import time

from grade.grader.api import Run, lab_test, measure
from grade.host.flattree import Node, address, cells, flatten, texts
from grade.labs import probe

MIB = 1 << 20
EXACT = "shift=0,sleep=off"     # a sleeping hart skips to its next interrupt: times are exact
BOOT = ("1.2", "1.3", "1.4")    # what anything needs that is printed by `boot`
PANIC = "1.8"                   # what a panic needs: its report has a backtrace
PAGE = 4096


# --- 1.1 the firmware -------------------------------------------------------------------------------

SPARK_LIST = 0x80600000         # kern/images/spark.c
SPARK_MAGIC = 0x216B72617073
END, PUTCHAR, HART_START, SEND_IPI, SFENCE, PROBE, KEEP, MEMORY = range(8)
RFENCE, REMOTE_SFENCE_VMA = 0x52464E43, 1
INVALID, RUNNING = -3, -6       # SBI_ERR_INVALID_PARAM, SBI_ERR_ALREADY_AVAILABLE
MASK = (1 << 64) - 1


def calls(*wanted: tuple[int, ...]) -> dict[int, bytes]:
    """The list of calls that spark makes, as bytes to load."""
    words = [SPARK_MAGIC]
    for kind, *args in [*wanted, (END,)]:
        words += [kind, *args, *[0] * (4 - len(args))]
    return {SPARK_LIST: struct.pack(f"<{len(words)}Q", *(word & MASK for word in words))}


@lab_test("1.1", points=2)
def prints_what_the_host_asks_for(run: Run) -> None:
    """Characters reach the firmware's console, in their order."""
    text = "".join(run.random.choices("abcdefghijklmnopqrstuvwxyz0123456789 .,:;", k=70))
    machine = run.boot("spark", load=calls(*((PUTCHAR, ord(c)) for c in f">{text}<\n")))
    machine.finish()
    run.same("the console", [f">{text}<", "First light."], machine.output.splitlines()[:2])


@lab_test("1.1", points=2)
def firmware_receives_every_argument(run: Run) -> None:
    """The firmware finds extension, function and four arguments where it looks for them."""
    symbols = run.symbols("spark")
    places = probe.ecalls(symbols)
    run.check(places, "sbi_call contains no ecall", "an ecall", "none")
    wanted = [run.random.getrandbits(63) for _ in range(4)]
    machine = run.boot("spark", load=calls((SFENCE, *wanted))
                       | probe.jump_to_probe(symbols, *places))
    machine.finish()
    seen = probe.probed(machine)
    names = ("a7", "a6", "a0", "a1", "a2", "a3")
    run.same("the registers at the ecall of sbi_remote_sfence",
             in_hex(zip(names, (RFENCE, REMOTE_SFENCE_VMA, *wanted))),
             in_hex((name, seen[name]) for name in names))


@lab_test("1.1", points=2)
def answers_come_back(run: Run) -> None:
    """What the firmware answers is returned: 0, or the error."""
    nobody = run.random.randrange(100, 4000)
    wanted = [((HART_START, 0, 0x80200000, 0), RUNNING), ((HART_START, nobody, 0, 0), INVALID),
              ((SEND_IPI, 1, 0), 0), ((SEND_IPI, 1, nobody), INVALID)]
    run.random.shuffle(wanted)
    machine = run.boot("spark", load=calls(*(call for call, _ in wanted)))
    machine.finish()
    run.same("the answers of hart_start (kind 2) and send_ipi (kind 3)",
             [f"{call[0]}: {answer & MASK:016x}" for call, answer in wanted],
             [f"{call[0]}: {seen}" for (call, _), seen
              in zip(wanted, machine.lines("spark: answer "))])


@lab_test("1.1", points=2)
def callers_keep_what_is_theirs(run: Run) -> None:
    """The compiler knows what the firmware changes, and that it reads memory."""
    numbers = [run.random.getrandbits(62) for _ in range(2)]
    harts = [0b01, 0b10]        # the one that runs, and one that is not there
    run.random.shuffle(harts)
    machine = run.boot("spark", load=calls(*((KEEP, 0, number) for number in numbers),
                                           *((MEMORY, mask) for mask in harts)))
    machine.finish()
    seen = [int(answer, 16) for answer in machine.lines("spark: answer ")]
    run.same("what a caller still has that was in a1 when it called (kern/images/spark/keep.c)",
             [f"{number:#x}" for number in numbers], [f"{number:#x}" for number in seen[:2]])
    run.same("whether the firmware found the mask of harts in memory: was this hart interrupted?",
             [mask & 1 for mask in harts], seen[2:])


def in_hex(pairs) -> dict[str, str]:
    return {name: f"{value:#x}" for name, value in pairs}


# --- 1.2 from reset to C ----------------------------------------------------------------------------

def at_boot(run: Run, **options):
    """A machine that ended where C begins."""
    machine = run.boot("boot", load=probe.jump_to_probe(run.symbols("boot"), "boot"), **options)
    machine.finish()
    return machine


@lab_test("1.2", points=5)
def clears_poisoned_bss(run: Run) -> None:
    """Every byte of bss is zero when C begins, whatever RAM held."""
    machine = at_boot(run, poison=True)
    start, end = (machine.symbols.address(name) for name in ("bss_start", "bss_end"))
    dirty = [start + at for at, byte in enumerate(machine.read_physical(start, end - start)) if byte]
    seen = f"{len(dirty)} bytes are not, the first at bss_start + {dirty[0] - start:#x}, the last " \
        f"at bss_end - {end - dirty[-1]:#x}" if dirty else ""
    run.check(not dirty, f"bss, {start:#x} up to {end:#x}", "every byte is 0", seen)


@lab_test("1.2", points=5)
def hands_over_registers(run: Run) -> None:
    """boot() is called with stack, hart record, thread, hart id and device tree in place."""
    machine = at_boot(run, poison=True, harts=run.random.choice((1, 3)))
    firmware = machine.text
    hart = int(re.search(r"Boot HART ID +: (\d+)", firmware)[1])
    tree = int(re.search(r"Domain0 Next Arg1 +: (0x\w+)", firmware)[1], 16)
    symbol = machine.symbols.address
    wanted = {"sp": symbol("boot_stack_top"), "sscratch": symbol("harts"), "s0": 0,
              "tp": symbol("boot_thread"), "gp": symbol("__global_pointer$"),
              "a0": hart, "a1": tree}
    seen = probe.probed(machine)
    run.same("the registers at the first instruction of boot() (s0 is fp)",
             in_hex(wanted.items()), in_hex((name, seen[name]) for name in wanted))


@lab_test("1.2", points=4, needs=("1.3", "1.4"))
def boots_with_poisoned_memory_of_any_size(run: Run) -> None:
    """The image comes up with few and many harts, little and much memory, none of it zero."""
    for harts in (1, run.random.randrange(2, 9)):
        memory = run.random.randrange(16, 900)
        word = f"w{run.random.getrandbits(40):x}"
        machine = run.boot("boot", args=f"say {word}", memory=f"{memory}M", harts=harts, poison=True)
        machine.finish()
        lines = machine.lines("boot: ")
        run.same(f"the console with -m {memory}M -smp {harts}",
                 [f"of {harts}, {memory} MiB of memory", word, "done"],
                 [*re.findall(r"of \d+, \d+ MiB of memory", lines[0] if lines else ""), *lines[2:]])


# --- 1.3 reg ----------------------------------------------------------------------------------------

DEVICES = {"uart": (0x10000000, 0x100), "finisher": (0x100000, 0x1000), "rtc": (0x101000, 0x1000)}


@lab_test("1.3", points=4)
def finds_memory_of_any_size(run: Run) -> None:
    """Memory and devices of the machine are where its device tree says."""
    memory = run.random.choice((4096, 3072, run.random.randrange(16, 2000)))
    symbols = run.symbols("boot")
    machine = run.boot("boot", memory=f"{memory}M", load=probe.jump_to_probe(symbols, "init_run"))
    machine.finish()
    at = probe.members(symbols, "machine")
    seen = {name: struct.unpack("<QQ", machine.read_physical(symbols.address("machine") + at[name],
                                                             16))
            for name in ("ram", *DEVICES)}
    wanted = {"ram": (0x80000000, memory * MIB)} | DEVICES
    run.same(f"start and size in `machine`, with -m {memory}M",
             {name: tuple(map(hex, pair)) for name, pair in wanted.items()},
             {name: tuple(map(hex, pair)) for name, pair in seen.items()})


TREE = 0x84000000       # where the trees of these tests are put


def machine_tree(banks: bytes, root_cells: tuple[int, int], soc: Node) -> bytes:
    """The tree of a machine with one hart."""
    cpu = Node("cpu@0", {"reg": cells(0), "mmu-type": texts("riscv,sv39")})
    cpus = Node("cpus", {"#address-cells": cells(1), "#size-cells": cells(0),
                         "timebase-frequency": cells(10_000_000)}, [cpu])
    memory = Node("memory@80000000", {"reg": banks})
    return flatten(Node("", {"#address-cells": cells(root_cells[0]),
                             "#size-cells": cells(root_cells[1])}, [cpus, memory, soc]))


def bus(cells_of_bus: tuple[int, int], **devices: tuple[str, bytes]) -> Node:
    return Node("soc", {"#address-cells": cells(cells_of_bus[0]),
                        "#size-cells": cells(cells_of_bus[1])},
                [Node(name, {"compatible": texts(compatible), "reg": reg})
                 for name, (compatible, reg) in devices.items()])


def pair(start: int, size: int, widths: tuple[int, int]) -> bytes:
    return address(start, widths[0]) + address(size, widths[1])


def shown(what: str, start: int, size: int) -> str:
    return f"{what} at {start:#x}, {size:#x} bytes"


@lab_test("1.3", points=5, needs=("1.4",))
def reads_cells_of_any_width(run: Run) -> None:
    """Addresses and sizes of one or two cells are read, in lists, each by its parent's word."""
    draw = run.random
    for widths in ((1, 1), (2, 1), (1, 2), (2, 2)):
        uart = draw.randrange(1 << 20) << 12 | (draw.getrandbits(30) << 32 if widths[0] == 2 else 0)
        size = draw.randrange(1, 1 << 30)
        root = (draw.choice((1, 2)), draw.choice((1, 2)))
        elsewhere, ram = draw.randrange(1, 1 << 10) << 16, draw.randrange(8, 1000) * MIB
        banks = pair(elsewhere, 65536, root) + pair(0x80000000, ram, root)
        soc = bus(widths, serial=("ns16550a", pair(uart, size, widths) + bytes(4)))
        machine = run.boot("boot", args=f"tree {TREE:#x}",
                           load={TREE: machine_tree(banks, root, soc)})
        machine.finish()
        run.same(f"with {root} cells at the root and {widths} on the bus (address, size)",
                 [shown("ram", 0x80000000, ram), shown("uart", uart, size)],
                 machine.lines("boot: ")[2:4])


@lab_test("1.3", points=3, needs=("1.1", "1.4", PANIC))
def believes_no_broken_reg(run: Run) -> None:
    """A reg that is too short, too wide, empty or around the end of all addresses is refused."""
    banks, root, none = pair(0x80000000, 64 * MIB, (2, 2)), (2, 2), shown("uart", 0, 0)
    whole = pair(0x10000000, run.random.randrange(1, 4096), (2, 2))
    short = whole[:run.random.choice((4, 8, 12))]
    trees = {"a reg that ends too early": bus((2, 2), serial=("ns16550a", short)),
             "addresses of three cells": bus((3, 2), serial=("ns16550a", bytes(4) + whole)),
             "sizes of three cells": bus((2, 3), serial=("ns16550a", whole + bytes(4))),
             "addresses of three cells, sizes of one": bus((3, 1), serial=("ns16550a", whole)),
             "addresses of one cell, sizes of three": bus((1, 3), serial=("ns16550a", whole)),
             "pairs of no cells": bus((0, 0), serial=("ns16550a", whole))}
    for what, soc in trees.items():
        machine = run.boot("boot", args=f"tree {TREE:#x}",
                           load={TREE: machine_tree(banks, root, soc)})
        machine.finish()
        run.same(what, none, machine.lines("boot: ")[3])
    for what, size in {"a range to the very end": 4096, "a range around the end": 8192}.items():
        around = bus((2, 2), serial=("ns16550a", pair(MASK - 4095, size, (2, 2))))
        machine = run.boot("boot", args=f"tree {TREE:#x}",
                           load={TREE: machine_tree(banks, root, around)})
        machine.finish(endings=("panic", "power-off"), status=None)     # the finisher is not known yet
        run.check("panic: the device tree is damaged" in machine.output, what,
                  "panic: the device tree is damaged", machine.output.strip().splitlines()[-4:])


# --- 1.4 the serial port ----------------------------------------------------------------------------

@lab_test("1.4", points=4)
def prints_texts_of_any_length(run: Run) -> None:
    """Texts of every length around that of the FIFO arrive whole."""
    words = ["".join(run.random.choices("abcdefghijklmnopqrstuvwxyz", k=length))
             for length in (1, 9, 10, 15, 16, 17, 26, 31, 32, 33, run.random.randrange(50, 300))]
    machine = run.boot("boot", args=" ".join(f"say {word}" for word in words))
    machine.finish()
    run.same("the words", [*words, "done"], machine.lines("boot: ")[2:])


@lab_test("1.4", points=4)
def waits_for_a_slow_terminal(run: Run) -> None:
    """No byte is lost when the other end takes its time."""
    nlines = run.random.randrange(600, 1000)
    machine = run.boot("boot", args=f"flood {nlines}", hold_console=True, budget=20_000_000_000)
    wait_until_stuck(machine)
    machine.release_console()
    machine.finish()
    arrived = [line for line in machine.output.splitlines() if not line.startswith("boot: ")]
    wanted = [f"flood {number}: abcdefghijklmnopqrstuvwxyz0123456789"
              for number in range(1, nlines + 1)]
    at = next((n for n, (one, other) in enumerate(zip(wanted, arrived)) if one != other),
              min(len(wanted), len(arrived)))
    run.check(arrived == wanted, f"{nlines} lines, sent while nobody read",
              f"line {at + 1} is {wanted[min(at, nlines - 1)]!r}, of {nlines}",
              f"{arrived[at]!r}, of {len(arrived)}" if at < len(arrived) else "it is not there")


def wait_until_stuck(machine) -> None:
    """Until the guest sends no more: a million instructions and not one byte; or it has ended."""
    sent, executed = 0, 0
    while machine.alive:
        waiting = machine.console.waiting
        if waiting != sent:
            sent, executed = waiting, machine.executed()
        elif sent and machine.executed() > executed + 1_000_000:
            return
        time.sleep(0.002)       # leaves the processor to the guest; nothing depends on it


# --- 1.5 the trap vector ----------------------------------------------------------------------------

SEED_BITS = 48
UNTOUCHED = [*range(5, 32), 4, 1]       # x0 is no register; sp and gp are the kernel's


def drawn_registers(seed: int) -> dict[int, int]:
    """The values command_registers gives to x1 .. x31 (kern/images/boot/traps.c)."""
    values = {}
    for number in range(1, 32):
        seed = seed * 6364136223846793005 + 1442695040888963407 & MASK
        values[number] = seed
    return values


def named(values: dict[int, int]) -> dict[str, str]:
    return {probe.NAMES[number]: f"{value:#x}" for number, value in values.items()}


def same_registers(run: Run, what: str, wanted: dict[int, int], seen: dict[int, int]) -> None:
    """Only those that differ are worth showing."""
    wrong = [number for number in wanted if wanted[number] != seen.get(number)]
    run.same(what, named({number: wanted[number] for number in wrong}),
             named({number: seen.get(number, 0) for number in wrong}))


@lab_test("1.5", points=6)
def saves_every_register(run: Run) -> None:
    """At the door of trap_kernel the frame holds all registers and the reason of the trap."""
    seed = run.random.getrandbits(SEED_BITS)
    symbols = run.symbols("boot")
    machine = run.boot("boot", args=f"registers {seed}",
                       load=probe.jump_to_probe(symbols, "trap_kernel"))
    machine.finish()
    now = probe.probed(machine)
    frame = struct.unpack("<36Q", machine.read_physical(now["a0"], 288))
    values = drawn_registers(seed)
    wanted = {number: values[number] for number in UNTOUCHED}
    wanted |= {2: now["sp"] + 288, 3: symbols.address("__global_pointer$")}
    same_registers(run, "the registers in the frame", wanted, dict(enumerate(frame[:32])))
    run.same("pc and cause in the frame", in_hex((("pc", symbols.address("registers_break")),
                                                  ("cause", 3))),
             in_hex((("pc", frame[32]), ("cause", frame[34]))))
    run.same("sstatus in the frame", f"{now['sstatus']:#x}", f"{frame[33]:#x}")
    symbol = symbols.address
    run.same("the kernel's own registers, as trap_kernel is called",
             in_hex((("sscratch", symbol("harts")), ("tp", symbol("boot_thread")), ("fp", 0),
                     ("a0", now["sp"]))),
             in_hex((("sscratch", now["sscratch"]), ("tp", now["tp"]), ("fp", now["s0"]),
                     ("a0", now["a0"]))))
    kept = {n: values[n] for n in (9, *range(18, 28))}
    same_registers(run, "s1 to s11, which the way back does not load", kept,
                   {n: now[probe.NAMES[n]] for n in kept})


@lab_test("1.5", points=6, needs=("1.6",))
def registers_survive_traps_twice(run: Run) -> None:
    """After a trap, and after the next, every register is as it was."""
    seeds = [run.random.getrandbits(SEED_BITS) for _ in range(2)]
    machine = run.boot("boot", args=" ".join(f"registers {seed}" for seed in seeds))
    machine.finish()
    lines = re.findall(r"x(\d+) saved (\w+) after (\w+)", machine.output)
    run.same("registers shown", 62, len(lines))
    for number, seed in enumerate(seeds):
        shown_now = lines[31 * number:31 * number + 31]
        values = drawn_registers(seed)
        after = {int(register): int(value, 16) for register, _, value in shown_now}
        same_registers(run, f"after trap {number + 1}", {n: values[n] for n in UNTOUCHED}, after)


@lab_test("1.5", points=4, needs=("1.6", PANIC))
def traps_may_be_nested(run: Run) -> None:
    """A trap in the handler of a trap comes back, from any depth; then a fault's address is kept."""
    depth = run.random.randrange(3, 9)
    where = run.random.randrange(8, 2048, 8)
    machine = run.boot("boot", args=f"nest {depth} nest {depth} fault load {where:#x}")
    ending = machine.finish(endings=("panic",))
    lines = machine.lines("boot: ")[2:]
    run.same("breakpoints and returns", ["breakpoint"] * depth + ["back from the depth"],
             [re.sub(" at .*", "", line) for line in lines[:depth + 1]])
    run.same("breakpoints and returns, again", 2 * depth + 2, len(lines))
    run.same("the fault", (5, where),
             (int(ending.report["cause"]), int(ending.report["addr"], 16)))


# --- 1.6 the dispatcher -----------------------------------------------------------------------------

@lab_test("1.6", points=3)
def breakpoints_reach_their_handler(run: Run) -> None:
    """An exception that somebody handles is handled, once each, and the program goes on."""
    count, word = run.random.randrange(2, 12), f"w{run.random.getrandbits(32):x}"
    machine = run.boot("boot", args=f"break {count} say {word}")
    machine.finish()
    lines = machine.lines("boot: ")[2:]
    run.same("the console", ["breakpoint"] * count + [word, "done"],
             [re.sub(" at .*", "", line) for line in lines])
    places = {function.name if (function := machine.symbols.function(int(line.split()[-1], 16)))
              else line for line in lines[:count]}
    run.same("where the breakpoints were", {"command_break"}, places)


@lab_test("1.6", points=2, needs=(PANIC,))
def what_nobody_handles_is_reported(run: Run) -> None:
    """A fault, and an instruction that there is not, end in a report with cause and address."""
    for _ in range(2):
        kind, cause = run.random.choice((("load", 5), ("store", 7), ("fetch", 1)))
        where = run.random.randrange(16, 4096, 16)
        machine = run.boot("boot", args=f"fault {kind} {where:#x}")
        ending = machine.finish(endings=("panic",))
        run.same(f"the report of a {kind} at {where:#x}", (cause, where),
                 (int(ending.report["cause"]), int(ending.report["addr"], 16)))
    machine = run.boot("boot", args="illegal")
    ending = machine.finish(endings=("panic",))
    run.same("the report of an illegal instruction", "2", ending.report["cause"])


@lab_test("1.6", points=2, needs=(PANIC,))
def a_bad_stack_is_reported(run: Run) -> None:
    """A trap with sp below the stack ends in a report that says so."""
    overrun(run, "trap")


@lab_test("1.6", points=1, needs=("1.7", PANIC))
def an_interrupt_on_a_bad_stack_is_reported(run: Run) -> None:
    """So does an interrupt, before its handler runs on the emergency stack and goes back."""
    overrun(run, "tick")


def overrun(run: Run, what: str) -> None:
    machine = run.boot("boot", args=f"break {run.random.randrange(1, 4)} overrun {what}",
                       icount=EXACT)
    ending = machine.finish(endings=("panic",))
    run.check(ending.remark.startswith("stack overflow: sp is"), "the sentence of the panic",
              "stack overflow: sp is ...", ending.remark)


@lab_test("1.6", points=2, needs=("1.7",))
def gives_way_when_asked(run: Run) -> None:
    """After an interrupt the thread gives way if somebody asked for it, and only then."""
    count = run.random.randrange(4, 10)
    machine = run.boot("boot", args=f"ticks {count} break 1", icount=EXACT)
    machine.finish()
    run.same(f"every second of {count} ticks asks", [f"gave way {count // 2} times"],
             [line for line in machine.lines("boot: ") if line.startswith("gave way")])


# --- 1.7 the tick -----------------------------------------------------------------------------------

TICK = 10_000       # microseconds
SOON = 100          # within so many an interrupt's work is done


def events(machine, name: str) -> list[int]:
    """When each came, in microseconds."""
    return [int(when) for when in re.findall(rf"^boot: {name} \d+ after (\d+) us$", machine.output,
                                             re.M)]


def near(run: Run, what: str, wanted: list[int], seen: list[int]) -> None:
    fits = len(wanted) == len(seen) and all(0 <= late - due < SOON
                                            for due, late in zip(wanted, seen))
    run.check(fits, what, [f"{due} us" for due in wanted], [f"{late} us" for late in seen])


@lab_test("1.7", points=4)
def ticks_come_and_do_not_drift(run: Run) -> None:
    """A tick comes every 10 ms; after many, none is later than after one."""
    count = run.random.randrange(15, 40)
    machine = run.boot("boot", args=f"ticks {count}", icount=EXACT)
    machine.finish()
    near(run, f"{count} ticks", [TICK * n for n in range(1, count + 1)], events(machine, "tick"))
    late = run.random.randrange(1000, 4000)
    machine = run.boot("boot", args=f"lazy 5 {late}", icount=EXACT, budget=200_000_000)
    machine.finish()
    near(run, f"ticks that are each taken {late} us late", [TICK * n + late for n in range(1, 6)],
         events(machine, "tick"))


@lab_test("1.7", points=3)
def a_late_tick_is_not_made_up_for(run: Run) -> None:
    """After interrupts were off for long, one tick comes at once and the next when it should."""
    for late in (10 * run.random.randrange(2, 4) + 3, 10 * run.random.randrange(2, 4) + 7):
        machine = run.boot("boot", args=f"late {late}", icount=EXACT, budget=200_000_000)
        machine.finish()
        at_once, *then = events(machine, "tick")
        near(run, f"the tick after {late} ms without interrupts", [1000 * late], [at_once])
        run.check(len(then) == 3 and then[0] - at_once >= TICK // 2 - SOON
                  and all(TICK // 2 - SOON <= after - before <= TICK + SOON
                          for before, after in zip(then, then[1:])),
                  "the ticks after it", "5 to 10 ms from one to the next",
                  [f"{when} us" for when in [at_once, *then]])


@lab_test("1.7", points=3)
def timers_and_ticks_share_the_comparator(run: Run) -> None:
    """Timers expire in the order of their times, each once, beside the ticks."""
    times = run.random.sample(range(1, 60), 6)
    first = run.random.randrange(2, 5)
    words = ",".join(map(str, times))
    machine = run.boot("boot", args=f"timers {words} ticks {first} timers {words}", icount=EXACT)
    machine.finish()
    wanted = [1000 * ms for ms in sorted(times)]
    seen = events(machine, "timer")
    near(run, f"timers of {words} ms", wanted, seen[:6])
    run.check(len(seen) == 12, "timers that expired", 12, len(seen))
    count = run.random.randrange(2, 6)
    machine = run.boot("boot", args=f"chimes {count}", icount=EXACT)
    machine.finish()
    near(run, f"timers of 1 ms that {count} ticks start", [TICK * n + 1000 for n in range(1, count + 1)],
         events(machine, "chime"))


# --- 1.8 the backtrace ------------------------------------------------------------------------------

BACKTRACE_MAX = 24


def backtrace(machine, ending) -> list[str]:
    """The functions of the report's backtrace, named by the host."""
    trace = [int(word, 16) for word in ending.report["bt"].split(",")]
    pc = int(ending.report["pc"], 16)
    exact = pc if ending.report["cause"] != "0" else None
    return [place_of(machine.symbols, at if at == exact else at - 1) for at in trace]


def place_of(symbols, at: int) -> str:
    """The function; in entry.S, where everybody has labels of their own, the file."""
    line, function = symbols.line(at), symbols.function(at)
    if line and line.file.endswith("entry.S"):
        return "entry.S"
    return function.name if function else "?"


def letters(run: Run, count: int) -> str:
    return "".join(run.random.choices("abcdefgh", k=count))


def way(chain: str) -> list[str]:
    """Who is on the stack at the end of a chain, innermost first."""
    links = [f"link_{letter}" for letter in reversed(chain)]
    return [*links, "command_chain", "commands_run", "image_main", "boot", "entry.S"]


def frame_at(symbols, fp: int) -> dict[int, bytes]:
    """What to load so that a frame that looks right is there."""
    return {fp - 16: struct.pack("<QQ", 0, symbols.address("link_a") + 4)}


@lab_test("1.8", points=4)
def names_the_chain_of_calls(run: Run) -> None:
    """The backtrace of a panic is the chain of calls the host chose, to its very end."""
    for _ in range(2):
        chain = letters(run, run.random.randrange(2, 16))
        machine = run.boot("boot", args=f"chain {chain} panic")
        ending = machine.finish(endings=("panic",))
        run.same(f"the backtrace of {chain}", way(chain), backtrace(machine, ending))


@lab_test("1.8", points=2, needs=("1.5", "1.6"))
def names_the_chain_to_a_fault(run: Run) -> None:
    """So is that of a fault, beginning with the instruction that did it: alone, if fp is no frame's."""
    chain = letters(run, run.random.randrange(2, 12))
    machine = run.boot("boot", args=f"chain {chain} fault")
    ending = machine.finish(endings=("panic",))
    run.same(f"the backtrace of {chain}", way(chain), backtrace(machine, ending))
    symbols = run.symbols("boot")
    low = symbols.address("boot_stack")
    for fp in (low, low + 8):       # both words below the stack, and one of them
        machine = run.boot("boot", args=f"adrift {fp:#x}", load=frame_at(symbols, fp))
        ending = machine.finish(endings=("panic",))
        run.same(f"the backtrace of a fault with fp at {fp:#x}; the stack begins at {low:#x}",
                 ["command_adrift"], backtrace(machine, ending))


@lab_test("1.8", points=1)
def a_long_chain_is_cut(run: Run) -> None:
    """A chain longer than the list fills it, and nothing behind it."""
    chain = letters(run, run.random.randrange(30, 60))
    machine = run.boot("boot", args=f"chain {chain} panic")
    ending = machine.finish(endings=("panic",))
    run.same(f"the backtrace of {chain}", way(chain)[:BACKTRACE_MAX], backtrace(machine, ending))


@lab_test("1.8", points=3)
def a_bent_frame_ends_the_trace(run: Run) -> None:
    """Frame pointers that lead nowhere, downwards or in a circle do not mislead it."""
    symbols = run.symbols("boot")
    low, high = (symbols.address(name) for name in ("boot_stack", "boot_stack_top"))
    for where in ("self", "below", "odd", "outside", "0", hex(low + 8), hex(high + 8),
                  hex(run.random.getrandbits(44) << 16), hex(MASK - 7)):
        machine = run.boot("boot", args=f"bend {where}", load=frame_at(symbols, high + 8))
        ending = machine.finish(endings=("panic",))
        run.same(f"the backtrace, with a caller's frame at {where}",
                 ["end_bent", "command_bend", "link_a"], backtrace(machine, ending))


# --- measures ---------------------------------------------------------------------------------------

@measure("1.a")
def cost_of_a_character(run: Run):
    """From the call of sbi_putchar to its return; the firmware's part between ecall and return."""
    symbols = run.symbols("spark")
    inside = [(place, place + 4) for place in probe.ecalls(symbols)]
    machine = run.boot("spark", regions=[("spark_before", "spark_after"), *inside])
    machine.finish()
    whole = machine.profile.regions[0].counts[1]
    firmware = max((region.counts[1] - 1 for region in machine.profile.regions[1:]
                    if region.times > 1), default=0)
    return whole, {"kernel": whole - firmware, "firmware": firmware}


@measure("1.b")
def cost_of_memory(run: Run) -> int:
    """From _start to image_main, with 4 GiB against 64 MiB."""
    counts = []
    for memory in ("64M", "4096M"):
        machine = run.boot("boot", memory=memory, args="say x",
                           regions=[("_start", "image_main")])
        machine.finish()
        counts.append(machine.profile.regions[0].counts[0])
    return counts[1] - counts[0]


@measure("1.c")
def work_of_a_tick(run: Run) -> int:
    """From one tick to the next, sleep excluded."""
    machine = run.boot("boot", args="ticks 5", icount=EXACT, regions=[("on_tick", "on_tick")])
    machine.finish()
    return machine.profile.regions[0].counts[1]

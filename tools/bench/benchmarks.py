"""What is measured, how, and the bar for each.

All counts are guest instructions on one hart under `-icount shift=0`: the same on every host and at
every load, so one run says it all. There are three ways to get a number:

    guest   user/bench reads the hart's counter around each run of a workload and prints the
            median: a timer tick (every 10 million instructions) cannot be in it
    plugin  tools/plugin counts from one program counter to another, from outside
    size    the section headers of an ELF file

Each benchmark boots a machine of its own, so none depends on what ran before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Callable

from elftools.elf.elffile import ELFFile

from grade import images
from grade.errors import HarnessError
from grade.images import Image
from grade.machine import Machine
from grade.profile import Plugin

DEADLINE = 60.0         # seconds a machine may run; none needs more than a few
BOOTS_WITHIN = 10.0     # seconds hello has to say something, or it does not boot
MEMORY_FLOOR = 3        # QEMU's own: with less it refuses to start
MEMORY_TRIES = 16       # MiB; what needs more has missed the bar by far
SIZED = (".text", ".rodata", ".tdata", ".data")
INIT = "build/user/bin/init"

_REPORT = r"^{}: median (\d+) min \d+ mean [\d.]+ max \d+ of \d+$"


@dataclass(frozen=True)
class Benchmark:
    """One line of the table."""

    name: str
    bar: int
    measure: Callable[[], int]
    unit: str = "instructions"
    others: str = ""        # what is known of other systems, measured on the same QEMU


# --- images -------------------------------------------------------------------------------------

def kernel() -> Image:
    """The kernel shape with its root file system, as a user gets it."""
    return images.build(SHAPE="kernel")


def fused(app: str, **choices: str) -> Image:
    """`app` as a unikernel."""
    return images.build(APP=app, **choices)


# --- ways to get a number -----------------------------------------------------------------------

def run(image: Image, args: str, **options) -> Machine:
    """Boots, waits until the machine powers off and gives it back, closed; an error if its exit
    status is not 0."""
    options.setdefault("deadline", DEADLINE)
    with Machine(image.elf, initrd=image.initrd, args=args, icount=True, **options) as machine:
        status = machine.wait()
    if status != 0:
        raise HarnessError(f"the machine ended with status {status}:\n{tail(machine)}")
    return machine


def tail(machine: Machine) -> str:
    """What it printed last, addresses explained: behind the firmware's page there is not much."""
    return "\n".join("    " + line for line in machine.transcript().splitlines()[-12:])


def init_args(command: str) -> str:
    """Bootargs of the kernel shape: run one command, then power off with its status."""
    return f"-c '{command}'"


def by_guest(image: Callable[[], Image], workload: str, in_shell: bool = True) -> int:
    """The median which user/bench prints for a workload."""
    machine = run(image(), init_args(f"bench {workload}") if in_shell else workload)
    found = re.search(_REPORT.format(workload), machine.text, re.M)
    if not found:
        raise HarnessError(f"bench {workload} printed no result:\n{tail(machine)}")
    return int(found[1])


def by_plugin(image: Callable[[], Image], to: Callable[[], int | str], args: str,
              **hardware) -> int:
    """Instructions from the first of the kernel to the first time `to` is reached."""
    machine = run(image(), args, plugin=Plugin([("_start", to())], ring=False), **hardware)
    region = machine.profile.regions[0]
    if region.times != 1:
        raise HarnessError(f"the way from _start to {to()} was gone {region.times} times:\n"
                           f"{tail(machine)}")
    return region.min


def size(image: Callable[[], Image]) -> int:
    """Bytes of code, constants and initialised data; an embedded root is none of them."""
    with image().elf.open("rb") as stream:
        sections = {section.name: section["sh_size"] for section in
                    ELFFile(stream).iter_sections()}
    if ".text" not in sections:
        raise HarnessError(f"{image().elf} has no .text")
    return sum(sections.get(name, 0) for name in SIZED)


def memory_needed(image: Callable[[], Image], args: str, says: str) -> int:
    """The smallest memory in MiB with which a fused program says what it says with plenty."""
    elf = image()
    run(elf, args)
    for mebibytes in range(MEMORY_FLOOR, MEMORY_TRIES + 1):
        try:
            machine = run(elf, args, memory=f"{mebibytes}M", deadline=BOOTS_WITHIN)
        except HarnessError:
            continue
        if says in machine.text:
            return mebibytes
    raise HarnessError(f"{elf.elf} does not boot in {MEMORY_TRIES} MiB")


# --- the particular -----------------------------------------------------------------------------

def first_of_init() -> int:
    """The program counter of the first instruction in user mode."""
    kernel()
    with (images.ROOT / INIT).open("rb") as stream:
        return ELFFile(stream)["e_entry"]


def main_reached() -> str:
    return "main"


def hello_to_main(memory: str, **choices: str) -> int:
    return by_plugin(partial(fused, "hello", **choices), main_reached, "", memory=memory)


def everything(**choices: str) -> Image:
    """A program that uses files, heap and threads."""
    return fused("wild", ROOTFS="ramfs", **choices)


def hello_memory_matters() -> int:
    """By how much the two counts of hello differ."""
    return abs(hello_to_main("4G") - hello_to_main("64M"))


# --- the table ----------------------------------------------------------------------------------

def _kernel_shape(name: str, workload: str, bar: int, others: str) -> Benchmark:
    return Benchmark(name, bar, partial(by_guest, kernel, workload), others=others)


def _fused_shape(name: str, workload: str, bar: int, others: str = "",
                 **choices: str) -> Benchmark:
    return Benchmark(name, bar, partial(by_guest, partial(fused, "bench", **choices), workload,
                                        in_shell=False), others=others)


KERNEL_SHAPE = [
    _kernel_shape("getpid, ecall", "getpid", 130, "xv6 1,076; Linux 167; Nanos 1,345"),
    _kernel_shape("write 1 byte to /dev/null, ecall", "devnull", 220, ""),
    _kernel_shape("pipe ping-pong, 1 byte", "pipe", 2_500, "xv6 90,300"),
    _kernel_shape("fork+exit+wait", "fork", 50_000, "xv6 560,600"),
    _kernel_shape("fork+exec+wait", "exec", 120_000, "xv6 1,551,000"),
    _kernel_shape("write 1 MiB to ramfs, 8 KiB pieces", "write", 1_200_000,
                  "xv6, on its disk: 840,000,000"),
    _kernel_shape("read 1 MiB from ramfs, 8 KiB pieces", "read", 800_000,
                  "xv6, on its disk: 131,000,000"),
    Benchmark("boot: _start to init", 600_000,
              partial(by_plugin, kernel, first_of_init, init_args("true")),
              others="xv6 422,980,000"),
    Benchmark("kernel: text+rodata+data", 80 << 10, partial(size, kernel), unit="bytes"),
]

FUSED_SHAPE = [
    _fused_shape("getpid, function call", "getpid", 10, "Unikraft paper: 4 cycles"),
    _fused_shape("getpid, trap shim", "getpid", 100, "Unikraft paper: 84 cycles",
                 SYSCALL="trap"),
    _fused_shape("write 1 byte to /dev/null, function call", "devnull", 60, ROOTFS="ramfs"),
    Benchmark("hello: _start to main, -m 64M", 30_000, partial(hello_to_main, "64M"),
              others="Nanos 1.2 M; Unikraft 8.7 M; Linux 14.2 M"),
    Benchmark("hello: _start to main, -m 4G", 30_000, partial(hello_to_main, "4G")),
    Benchmark("hello: _start to main, 4G against 64M", 0, hello_memory_matters),
    Benchmark("hello without protection (PAGING=bare): to main", 30_000,
              partial(hello_to_main, "64M", PAGING="bare")),
    Benchmark("ramfs, heap, scheduler, 4 harts: _start to main", 120_000,
              partial(by_plugin, partial(everything, HARTS="4"), main_reached, "", harts=4)),
    Benchmark("hello: text+rodata+data", 12 << 10, partial(size, partial(fused, "hello")),
              unit="bytes", others="Unikraft 80-113 KB"),
    Benchmark("hello without protection: text+rodata+data", 12 << 10,
              partial(size, partial(fused, "hello", PAGING="bare")), unit="bytes"),
    Benchmark("printf, heap, a file in ramfs: text+rodata+data", 32 << 10,
              partial(size, partial(fused, "notes", ROOTFS="ramfs")), unit="bytes"),
    Benchmark("hello: smallest -m", 3,
              partial(memory_needed, partial(fused, "hello"), "", "hello, world"),
              unit="MiB", others="Unikraft 5; Linux 6; Nanos 11"),
]

# Needs Debian's source packages of musl and Lua, fetched when they are first built.
PORTED = [
    Benchmark("musl, puts: text+rodata+data", 20 << 10,
              partial(size, partial(fused, "hello", LIBC="musl")), unit="bytes"),
    Benchmark("musl, printf: text+rodata+data", 40 << 10,
              partial(size, partial(fused, "guest-printf", LIBC="musl")), unit="bytes"),
    Benchmark("Lua: text+rodata+data", 400 << 10, partial(size, partial(fused, "lua")),
              unit="bytes"),
    Benchmark("Lua, a script: smallest -m", 8,
              partial(memory_needed, partial(fused, "lua"), "-e \"print('it runs')\"", "it runs"),
              unit="MiB"),
]

ALL = KERNEL_SHAPE + FUSED_SHAPE + PORTED

"""The numbers of the report, taken from the tree's own build.

A call is followed instruction by instruction, by QEMU's own trace, from before the program's
`call sys_getpid` to behind it (user/probe-call/raw.S has the labels). Boots are counted by the plugin. Sizes come from the
linker's map.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grade import images
from grade.errors import HarnessError
from grade.images import Image
from grade.labs import disassembly
from grade.machine import Machine
from grade.symbols import Symbols
from tools.image import components, lto, size

USER_END = 0x8000_0000      # below it lies a process's own memory
PROGRAM = images.ROOT / "build/user/bin/probe-call"

# QEMU writes down every instruction but the firmware's, each a block of its own.
TRACE = ("-singlestep", "-d", "exec,nochain", "-dfilter", "0x10000..0x7fffffff,0x80080000..0x88000000")
_TRACED = re.compile(r"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)


@dataclass(frozen=True)
class Step:
    """An instruction on the way of a call."""

    function: str
    text: str


@dataclass(frozen=True)
class Way:
    """One way into the kernel and back."""

    title: str
    image: str          # how it is made
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Sized:
    """An image, and the bytes of its components that are stored."""

    title: str
    parts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.parts.values())


@dataclass(frozen=True)
class Boot:
    """Instructions from the kernel's first to the program's."""

    title: str
    count: int


# --- a call -----------------------------------------------------------------------------------------

def follow(title: str, words: dict[str, str], goal: str = "print-image", program: Path | None = None) -> Way:
    """getpid, once, in the image that make builds from these words."""
    image = images.build(goal, **words)
    own = program or image.elf
    symbols = Symbols(own)
    begin, end = symbols.address("call_begins"), symbols.address("call_ends")
    pcs = trace(image)
    if end not in pcs:
        raise HarnessError(f"{title}: the call was not seen to come back")
    last = len(pcs) - 1 - pcs[::-1].index(end)
    first = last - 1 - pcs[:last][::-1].index(begin)
    pcs = pcs[first:last]
    return Way(title, " ".join(f"{name}={value}" for name, value in words.items()),
               tuple(_step(pc, own, image.elf) for pc in pcs))


def trace(image: Image) -> list[int]:
    """Every instruction of a run in which the probe calls getpid three times."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "trace"
        with Machine(image.elf, initrd=image.initrd, args="'getpid 3'", icount=True,
                     devices=(*TRACE, "-D", str(log))) as machine:
            machine.wait()
        return [int(pc, 16) for pc in _TRACED.findall(log.read_text())]


def _step(pc: int, program: Path, kernel: Path) -> Step:
    found = disassembly.at(program if pc < USER_END else kernel, pc)
    if not found:
        return Step("?", f"{pc:#x}")
    text = re.sub(r"\s*#.*$", "", found.operands)
    return Step(re.sub(r"^kern\.|^k_(?=sys_)", "", found.function), f"{found.name} {text}".strip())


def ways() -> list[Way]:
    """Before, half way, and after."""
    return [follow("ecall: a process and its kernel", {"SHAPE": "kernel"}, "called", PROGRAM),
            follow("trap shim: one address space, still a trap",
                   {"APP": "probe-call", "ROOTFS": "ramfs", "SYSCALL": "trap"}),
            follow("call: the linker has done it", {"APP": "probe-call", "ROOTFS": "ramfs"})]


# --- an image ---------------------------------------------------------------------------------------

def sized(title: str, image: Image, program: Path | None = None) -> Sized:
    """By component, smallest last; with the program that the kernel would load."""
    pieces = lto.pieces(image.elf.with_suffix(".map"), image.elf)
    parts = {name: size.stored(row) for name, row in size.table(pieces, components.component).items()}
    if program:
        parts["program and libc"] = _stored_in(program)
    return Sized(title, dict(sorted(parts.items(), key=lambda item: -item[1])))


def _stored_in(program: Path) -> int:
    from tools.bench.benchmarks import size as size_of
    return size_of(lambda: Image(program))


def sizes(musl: bool) -> list[Sized]:
    hello = images.ROOT / "build/user/bin/hello"
    found = [sized("kernel, and hello as a process", images.build(SHAPE="kernel"), hello),
             sized("hello, fused, by the trap shim", images.build(APP="hello", SYSCALL="trap")),
             sized("hello, fused, by calls", images.build(APP="hello"))]
    if musl:
        found.append(sized("hello with musl, fused, by calls", images.build(APP="hello", LIBC="musl")))
    return found


# --- a boot -----------------------------------------------------------------------------------------

def boots(musl: bool) -> list[Boot]:
    from tools.bench.benchmarks import by_plugin, first_of_init, fused, init_args, kernel
    found = [Boot("kernel, to the first instruction of init",
                  by_plugin(kernel, first_of_init, init_args("true"))),
             Boot("hello by the trap shim, to main",
                  by_plugin(lambda: fused("hello", SYSCALL="trap"), lambda: "main", "")),
             Boot("hello by calls, to main", by_plugin(lambda: fused("hello"), lambda: "main", ""))]
    if musl:
        found.append(Boot("hello with musl by calls, to main",
                          by_plugin(lambda: fused("hello", LIBC="musl"), lambda: "main", "")))
    return found



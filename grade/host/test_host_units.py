"""Parts of the kernel, compiled for the host with sanitizers and tried there: seconds instead of
minutes, millions of operations, and the exact step at which something went wrong.

A test that uses random numbers prints its seed; UNIT_SEED=n repeats that run.
"""

from __future__ import annotations

import os
import random
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import pytest

from grade.elf import ROOT
from grade.host.flattree import Node, address, cells, flatten, texts

HERE = Path(__file__).parent
KERNEL_START = 0x80200000
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

HEAPS = sorted(path.relative_to(ROOT) for path in (ROOT / "kern/alloc").glob("*.c")
               if path.name not in ("kmalloc.c", "watch.c"))

Run = Callable[..., str]


def compiler() -> str:
    found = shutil.which("gcc") or shutil.which("cc")
    assert found, "no C compiler for this machine: apt-get install gcc"
    return found


def compile_unit(binary: Path, name: str, *sources: str | Path, sanitize: bool = True) -> None:
    subprocess.run(
        [compiler(), "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-pie", "-no-pie",
         *(SANITIZE if sanitize else []), "-I", HERE / "shim", "-I", ROOT / "kern/alloc/quiet", "-I", HERE, "-I", ROOT,
         f"-Wl,--defsym,image_start={KERNEL_START:#x}", "-o", binary,
         HERE / f"{name}.c", HERE / "unit.c", *(ROOT / source for source in sources)],
        check=True)


def compile_with_prefix(source: str, prefix: str, folder: Path) -> Path:
    """An object whose functions do not collide with those of the C library."""
    result = folder / Path(source).with_suffix(".o").name
    subprocess.run([compiler(), "-std=gnu11", "-g", "-O2", "-ffreestanding", "-fno-pie", "-I", ROOT,
                    "-fno-tree-loop-distribute-patterns", "-fsanitize=alignment",
                    "-fsanitize-undefined-trap-on-error", "-c", ROOT / source, "-o", result],
                   check=True)
    subprocess.run(["objcopy", f"--prefix-symbols={prefix}", result], check=True)
    return result


@pytest.fixture(scope="session")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """unit("test_pages", "kern/..."): compiles, once, and returns a function that runs it."""
    folder = tmp_path_factory.mktemp("units")

    def prepare(name: str, *sources: str | Path, sanitize: bool = True,
                binary_name: str | None = None) -> Run:
        binary = folder / (binary_name or name)
        if not binary.exists():
            compile_unit(binary, name, *sources, sanitize=sanitize)

        def run(*arguments: object) -> str:
            done = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True,
                                  timeout=600)
            assert done.returncode == 0, f"{name} {arguments}\n{done.stdout}{done.stderr}"
            return done.stdout
        return run
    return prepare


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("UNIT_SEED", random.randrange(1 << 32)))
    print(f"UNIT_SEED={chosen}")
    return chosen


def test_string_functions_agree_with_the_c_library(unit, seed, tmp_path):
    functions = compile_with_prefix("kern/core/string.c", "kern_", tmp_path)
    unit("test_string", functions, sanitize=False)(seed)


def test_formatter_agrees_with_the_c_library(unit, seed):
    unit("test_format", "kern/core/format.c")(seed)


def test_page_allocator_keeps_its_promises(unit, seed):
    unit("test_pages")(seed)


def test_kernel_stacks_are_safe_from_what_harts_remember(unit, seed):
    unit("test_kstack", "kern/riscv/sv39.c")(seed)


def test_heap_back_ends_keep_their_promises(unit, seed):
    unit("test_heap", *HEAPS)(seed)


def test_heap_back_ends_under_a_million_operations(unit, seed):
    """Each; with the full campaign ten million. Against a model, no block lost and no overlap."""
    operations = 10_000_000 if os.environ.get("GRADE_FULL") else 1_000_000
    unit("test_heap", *HEAPS, sanitize=False, binary_name="heap_campaign")(seed, operations)


# --- boot arguments ---------------------------------------------------------------------------------

def test_boot_arguments_split_as_in_a_shell(unit, seed):
    rng = random.Random(seed)
    lines, expected = [], []
    while len(lines) < 400:
        line = "".join(rng.choice("ab'\"\\ \t-") for _ in range(rng.randrange(24)))
        try:
            words = shlex.split(line)
        except ValueError:      # an open quote: not a question for the shell
            continue
        lines.append(line)
        expected.append([word.encode().hex() for word in words])
    printed = unit("test_bootargs", "kern/dev/bootargs.c")(*lines)
    found = [block.split("\n")[:-1] for block in printed.split("--\n")[:-1]]
    for line, words, wanted in zip(lines, found, expected, strict=True):
        assert words == wanted, f"bootargs {line!r}"


# --- device trees -----------------------------------------------------------------------------------

@pytest.fixture
def machine(unit) -> Run:
    return unit("test_machine", "kern/dev/machine.c")


def qemu_tree(path: Path, *options: str) -> Path:
    """The tree of QEMU's virt machine, without the room QEMU leaves at its end."""
    raw = path.with_suffix(".raw")
    subprocess.run(["qemu-system-riscv64", "-M", f"virt,dumpdtb={raw}", *options], check=True,
                   capture_output=True)
    subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dtb", "-o", path, raw], check=True)
    return path


def facts_of(machine: Run, tree: bytes, path: Path) -> list[str]:
    path.write_bytes(tree)
    return machine("facts", path).splitlines()


def test_qemu_tree_is_understood(machine, tmp_path):
    (tmp_path / "kernel").write_bytes(bytes(4))
    path = qemu_tree(tmp_path / "tree", "-smp", "3", "-m", "256M", "-append", "a 'b c'",
                     "-kernel", str(tmp_path / "kernel"))
    facts = machine("facts", path).splitlines()
    wanted = ["ram 0x80000000 0x10000000", "timebase 10000000", "hart 0 1", "hart 1 3", "hart 2 5",
              "uart 0x10000000 0x100 10", "plic 0xc000000 0x600000 0",
              "finisher 0x100000 0x1000 0", "rtc 0x101000 0x1000 11",
              *(f"virtio {0x10000000 + 0x1000 * i:#x} 0x1000 {i}" for i in range(1, 9)),
              "bootargs a 'b c'"]
    assert [line for line in facts if line in wanted] == wanted


# Devices of which there is one: the first in the tree that is not disabled.
SINGLES = {"ns16550a": "uart", "sifive,test0": "finisher", "google,goldfish-rtc": "rtc"}


class RandomMachine:
    """A tree with one of everything, in random order, among decoys; and what is true of it."""

    def __init__(self, rng: random.Random):
        self.rng = rng
        self.address_cells = rng.choice([1, 2])
        self.size_cells = rng.choice([1, 2])
        self.phandle = 0
        self.harts: list[tuple[int, int]] = []          # (hartid, phandle of its controller)
        self.virtio: list[tuple[int, int, int]] = []
        self.facts: list[str] = []
        root = Node("", {"#address-cells": cells(self.address_cells),
                         "#size-cells": cells(self.size_cells), "model": texts("random")})
        cpus = self.cpus()
        root.children = [self.chosen(), self.memory(), cpus, self.reserved_memory(), self.soc(),
                         self.decoy("decoy"), self.device("virtio,mmio", self.root_cells)]
        rng.shuffle(root.children)
        self.root = root

    @property
    def root_cells(self) -> tuple[int, int]:
        return self.address_cells, self.size_cells

    def new_phandle(self) -> int:
        self.phandle += self.rng.randrange(1, 400)
        return self.phandle

    def reg(self, start: int, size: int, ncells: tuple[int, int]) -> bytes:
        return address(start, ncells[0]) + address(size, ncells[1])

    def decoy(self, name: str, depth: int = 0) -> Node:
        """Looks like something, is nothing; with children down to where nobody looks."""
        node = Node(name, {"reg-names": texts("reg"), "compatible": texts("virtio,mmi", "ns16550"),
                           "statu": texts("okay"), "memory": b"", "long": bytes(300)})
        if depth < 9:
            node.children = [self.decoy(self.rng.choice(["memory@0", "cpus", "chosen", "x"]),
                                        depth + 1)]
        return node

    def chosen(self) -> Node:
        rng = self.rng
        node = Node(rng.choice(["chosen", "chosen@0"]))
        bootargs, seed = rng.choice(["", "x", "init -c 'echo hi'"]), rng.randbytes(rng.randrange(50))
        initrd = rng.choice([None, (KERNEL_START + 0x100000, 0x1234)])
        if bootargs:
            node.properties["bootargs"] = texts(bootargs)
        if seed:
            node.properties["rng-seed"] = seed
        if initrd:
            width = rng.choice([1, 2])
            node.properties["linux,initrd-start"] = address(initrd[0], width)
            node.properties["linux,initrd-end"] = address(sum(initrd), width)
        self.facts += [f"bootargs {bootargs}".strip(), f"seed {seed[:32].hex()}".strip(),
                       f"initrd {initrd[0]:#x} {initrd[1]:#x}" if initrd else "initrd 0 0"]
        return node

    def memory(self) -> Node:
        """Several banks; the kernel is in one of them."""
        size = self.rng.choice([16, 128, 1024]) << 20
        banks = [(0x1000, 0x1000), (0x80000000, size), (0xF0000000, 0x10000)]
        self.rng.shuffle(banks)
        self.facts.append(f"ram 0x80000000 {size:#x}")
        return Node("memory@80000000", {
            "device_type": texts("memory"),
            "reg": b"".join(self.reg(*bank, self.root_cells) for bank in banks)})

    def cpus(self) -> Node:
        cpus = Node("cpus", {"#address-cells": cells(1), "#size-cells": cells(0),
                             "timebase-frequency": cells(self.rng.choice([10_000_000, 77]))})
        for hartid in self.rng.sample(range(1000), self.rng.randrange(1, 110)):
            cpu = Node(f"cpu@{hartid:x}", {"device_type": texts("cpu"), "reg": cells(hartid)})
            usable = self.rng.random() < 0.8 or not self.harts
            if usable:
                cpu.properties["mmu-type"] = texts("riscv,sv48")
                if self.rng.random() < 0.5:
                    cpu.properties["status"] = texts("okay")
            elif self.rng.random() < 0.5:
                cpu.properties |= {"mmu-type": texts("riscv,sv48"), "status": texts("disabled")}
            phandle = self.new_phandle()
            cpu.children = [Node("interrupt-controller", {"compatible": texts("riscv,cpu-intc"),
                                                          "phandle": cells(phandle)}),
                            Node("l2-cache", {"phandle": cells(self.new_phandle())})]
            self.rng.shuffle(cpu.children)
            cpus.children.append(cpu)
            if usable and len(self.harts) < 64:
                self.harts.append((hartid, phandle))
        cpus.children.append(Node("cpu-map", {}, [Node("cluster0")]))
        self.facts.append(f"timebase {int.from_bytes(cpus.properties['timebase-frequency'], 'big')}")
        return cpus

    def reserved_memory(self) -> Node:
        node = Node("reserved-memory", {"#address-cells": cells(2), "#size-cells": cells(2),
                                        "ranges": b""})
        self.reserved = [(0x80000000 + 0x1000 * i, 0x800 * i) for i in range(1, 4)]
        for start, size in self.reserved:
            node.children.append(Node(f"x@{start:x}", {"reg": self.reg(start, size, (2, 2)),
                                                       "no-map": b""}))
        return node

    def device(self, compatible: str, ncells: tuple[int, int]) -> Node:
        """Any device; a virtio one counts if it has an interrupt and there are not yet eight."""
        base, irq = 0x1000 * self.rng.randrange(0x1000, 0x80000), self.rng.randrange(60)
        node = Node(f"dev@{base:x}", {
            "compatible": texts("acme,best", compatible, "acme,generic"),
            "reg": self.reg(base, 0x1000, ncells), "interrupt-parent": cells(3)})
        if irq:
            node.properties["interrupts"] = cells(irq)
        if self.rng.random() < 0.2:
            node.properties["status"] = texts("disabled")
        else:
            node.counts = (compatible, base, irq)   # perhaps: the order in the tree decides
        return node

    def soc(self) -> Node:
        rng, ncells = self.rng, (self.rng.choice([1, 2]), self.rng.choice([1, 2]))
        soc = Node("soc", {"#address-cells": cells(ncells[0]), "#size-cells": cells(ncells[1]),
                           "compatible": texts("simple-bus"), "ranges": b""})
        soc.children = [self.device(compatible, ncells) for compatible in (*SINGLES, *SINGLES)]
        soc.children += [self.device("virtio,mmio", ncells) for _ in range(rng.randrange(14))]
        soc.children += [self.decoy("decoy"), self.plic(ncells), self.pci()]
        rng.shuffle(soc.children)
        return soc

    def pci(self) -> Node:
        """A bus with addresses of three cells: what is on it has no address in memory."""
        return Node("pci", {"#address-cells": cells(3), "#size-cells": cells(2)}, [
            Node("serial", {"compatible": texts("ns16550a"), "reg": cells(0, 0, 0x1000, 0, 8)})])

    def plic(self, ncells: tuple[int, int]) -> Node:
        """Contexts of machine mode (11), of supervisor mode (9), of nobody, in any order."""
        contexts = [(phandle, mode) for _, phandle in self.harts for mode in (11, 9)]
        contexts += [(self.new_phandle(), 9), (self.harts[0][1], 0xFFFFFFFF)]
        self.rng.shuffle(contexts)
        del contexts[:self.rng.choice([0, 0, 1])]       # perhaps a hart without
        for hartid, phandle in self.harts:
            context = contexts.index((phandle, 9)) if (phandle, 9) in contexts else -1
            self.facts.append(f"hart {hartid} {context}")
        self.facts.append("plic 0xc000000 0x600000 0")
        return Node("plic@c000000", {
            "compatible": texts(self.rng.choice(["riscv,plic0", "sifive,plic-1.0.0"])),
            "reg": self.reg(0xC000000, 0x600000, ncells),
            "interrupts-extended": b"".join(cells(*pair) for pair in contexts)})

    def expected(self, reserved: list[tuple[int, int]]) -> list[str]:
        def devices(node: Node) -> Iterator[tuple[str, int, int]]:
            if hasattr(node, "counts"):
                yield node.counts
            for child in node.children:
                yield from devices(child)
        virtio, singles = [], {compatible: "0 0 0" for compatible in SINGLES}
        for compatible, base, irq in devices(self.root):
            if compatible != "virtio,mmio" and singles[compatible] == "0 0 0":
                singles[compatible] = f"{base:#x} 0x1000 {irq}"
            elif compatible == "virtio,mmio" and irq and len(virtio) < 8:
                virtio.append(f"virtio {base:#x} 0x1000 {irq}")
        return sorted(self.facts + virtio
                      + [f"{SINGLES[compatible]} {fact}" for compatible, fact in singles.items()]
                      + [f"reserved {start:#x} {size:#x}" for start, size in
                         reserved + self.reserved])


def test_random_trees_are_understood(machine, seed, tmp_path):
    rng = random.Random(seed)
    for _ in range(60):
        tree = RandomMachine(rng)
        reserved = [(0x90000000, 0x1000)] * rng.randrange(3)
        image = flatten(tree.root, reserved, chaos=rng)
        facts = facts_of(machine, image, tmp_path / "tree")
        virtio = [int(line.split()[1], 16) for line in facts if line.startswith("virtio")]
        assert virtio == sorted(virtio)
        assert sorted(line.strip() for line in facts) == tree.expected(reserved)


def minimal_tree() -> Node:
    cpu = Node("cpu@0", {"mmu-type": texts("riscv,sv39"), "reg": cells(0)})
    return Node("", {}, [
        Node("memory@80000000", {"reg": address(0x80000000, 2) + address(1 << 27, 1)}),
        Node("cpus", {"#address-cells": cells(1), "#size-cells": cells(0),
                      "timebase-frequency": cells(1000)}, [cpu])])


def test_what_is_missing_gets_a_sentence(machine, tmp_path):
    def panic_without(change: Callable[[Node], object], reserved=[]) -> str:
        root = minimal_tree()
        change(root)
        return facts_of(machine, flatten(root, reserved), tmp_path / "tree")[0]

    assert panic_without(lambda root: None).startswith("ram 0x80000000 0x8000000")
    sentence = "panic the device tree "
    assert panic_without(lambda root: root.children.pop(0)) == \
        sentence + "lists no memory where the kernel is"
    assert panic_without(lambda root: root.children.pop(1)) == sentence + "lists no hart"
    assert panic_without(lambda root: root.children[1].properties.pop("timebase-frequency")) == \
        sentence + "lacks the timebase-frequency"
    assert panic_without(lambda root: root.children.append(Node("chosen", {
        "linux,initrd-start": cells(0x70000000), "linux,initrd-end": cells(0x70001000)}))) == \
        sentence + "puts the initrd outside of memory"
    assert panic_without(lambda root: None, [(4096, 4096)] * 9) == \
        sentence + "reserves too many ranges"
    assert panic_without(lambda root: None, [(4096, 4096)] * 8).startswith("ram")


def nested(depth: int) -> Node:
    return Node("x", {}, [nested(depth - 1)] if depth > 1 else [])


def test_foolish_trees_are_refused(machine, tmp_path):
    def first_line(root: Node, end: bytes = b"") -> str:
        tree = flatten(root) + end
        tree = tree[:4] + cells(len(tree)) + tree[8:]
        return facts_of(machine, tree, tmp_path / "tree")[0]

    damaged = "panic the device tree is damaged"
    root = minimal_tree()
    root.children[0].properties["reg"] = address((1 << 64) - 4096, 2) + address(8192, 1)
    assert first_line(root) == damaged              # a range that wraps around
    root = minimal_tree()
    root.children.append(nested(12))
    assert first_line(root).startswith("ram")
    root.children.append(nested(200))
    assert first_line(root) == damaged
    assert first_line(minimal_tree(), bytes(1 << 18)).startswith("ram")
    assert first_line(minimal_tree(), bytes(1 << 20)) == damaged    # no tree is as large


def test_text_without_an_end_is_no_text(machine, tmp_path):
    root = minimal_tree()
    root.children.append(Node("chosen", {"bootargs": b"never ends"}))
    assert "bootargs " in facts_of(machine, flatten(root), tmp_path / "tree")


def test_damaged_trees_do_no_harm(machine, seed, tmp_path):
    trees = [qemu_tree(tmp_path / f"qemu-{harts}", "-smp", str(harts)) for harts in (1, 7)]
    rng = random.Random(seed)
    for last in ("strings", "structure", "reservations"):
        trees.append(tmp_path / last)
        trees[-1].write_bytes(flatten(RandomMachine(rng).root, [(1, 2)], rng, last))
    machine("fuzz", seed, *trees)

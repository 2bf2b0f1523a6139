"""Every heap serves: as malloc of programs (ALLOC=) in both shapes, as the kernel's own (KALLOC=), and
watched. What the heaps promise one by one is tried on the host, in grade/host/test_heap.c.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from grade.errors import BuildFailed
from grade.images import make
from grade.tests import archive, musl
from grade.tests.campaign import FULL
from grade.tests.fused import said, sentence
from tools.heaps import bars, bench, boots

HEAPS = ["bump", "buddy", "firstfit", "slab", "tlsf"]
NAMES = {"malloc", "calloc", "realloc", "free", "memalign", "aligned_alloc", "posix_memalign",
         "malloc_usable_size", "reallocarray"}
DEADLINE = 240

WORK = """local t = {}
for round = 1, 4 do
  for i = 1, 3000 do t[i] = {i, tostring(i), ("x"):rep(i % 200)} end
  for i = 1, 3000, 2 do t[i] = nil end
  collectgarbage()
end
print("kept", #t[3000][2], t[2][1])
"""


# --- malloc of programs ------------------------------------------------------------------------------

@pytest.mark.parametrize("alloc", HEAPS)
@pytest.mark.parametrize("harts", [1, 4])
def test_malloc_of_a_fused_image(boot, build, alloc, harts):
    machine = boot(build(APP="t-heap", ALLOC=alloc, HARTS=harts), harts=harts, deadline=DEADLINE)
    assert machine.wait() == 0
    assert re.fullmatch(r"t-heap: \d+ checks ok\n", said(machine))


@pytest.mark.parametrize("alloc", HEAPS)
def test_malloc_of_a_process(boot, build, alloc):
    machine = boot(build(SHAPE="kernel", ALLOC=alloc), args="-c /tests/t-heap", harts=2,
                   deadline=DEADLINE)
    assert machine.wait() == 0
    assert re.fullmatch(r"t-heap: \d+ checks ok\n", said(machine))


@pytest.mark.parametrize("alloc", [*HEAPS, "libc", "picolibc"])
def test_lua_runs_on_every_heap(boot, alloc):
    image = musl.build(APP="lua", ALLOC=alloc)
    root = image.initrd.with_name(f"{image.initrd.stem}-work.cpio")
    root.write_bytes(archive.extended(image.initrd, archive.entry("work.lua", WORK.encode())))
    machine = boot(image.elf, initrd=root, args="/work.lua", deadline=DEADLINE)
    assert machine.wait() == 0
    assert said(machine) == "kept\t4\t2\n"


def test_no_malloc_of_musl_is_linked_beside_ours():
    image = musl.build(APP="lua")
    linked = (image.elf.with_suffix(".map")).read_text()
    members = set(re.findall(r"^\S*libc\.a\((\S+?\.l?o)\)", linked, re.M))
    assert members and not members & {"malloc.o", "lite_malloc.o", "free.o", "realloc.o", "calloc.o",
                                      "memalign.o", "aligned_alloc.o", "libc_calloc.o"}


def test_one_object_has_all_names(cross_nm):
    for place in ("lib/alloc/process.c", "kern/libos/malloc.c"):
        assert NAMES <= cross_nm(place)


@pytest.fixture
def cross_nm(build):
    def names(source: str) -> set[str]:
        build(APP="t-heap")
        build(SHAPE="kernel")
        obj = {"lib": "build/user/", "kern": "build/kern-libos-h1/"}[source.split("/")[0]]
        listing = subprocess.run(["riscv64-unknown-elf-nm", "--defined-only", "-g",
                                  f"{obj}{source[:-2]}.o"], capture_output=True, text=True, check=True)
        return {line.split()[-1] for line in listing.stdout.splitlines()}
    return names


# --- the kernel's own --------------------------------------------------------------------------------

@pytest.mark.parametrize("kalloc", [name for name in HEAPS if name not in ("bump", "firstfit")])
def test_kernel_runs_on_every_heap(boot, build, kalloc):
    """The whole suite with the full campaign, the tests that make and end most without."""
    tests = "" if FULL else " t-fork t-pipe t-fs t-threads"
    machine = boot(build(SHAPE="kernel", KALLOC=kalloc), args=f"-c 'sh /tests/run-all{tests}'",
                   harts=4, deadline=600)
    assert machine.wait() == 0
    assert re.search(r"^run-all: \d+ tests ok$", said(machine), re.M)


@pytest.mark.parametrize("words,sentence", [
    (("KALLOC=bump",), "KALLOC=bump: it takes back no memory but the last block"),
    (("ALLOC=none",), "ALLOC=none: there is no such choice. ALLOC is one of: buddy bump firstfit slab"),
    (("ALLOC=libc", "APP=hello"), "ALLOC=libc: that is for LIBC=musl. LIBC=tiny has no malloc of its own"),
    (("ALLOC=picolibc", "APP=lua", "PICOLIBC=/nowhere"),
     "ALLOC=picolibc: /nowhere is not there. Install picolibc-riscv64-unknown-elf"),
    (("HEAP_CHECK=2",), "HEAP_CHECK=2: there is no such choice. HEAP_CHECK is one of: 0 1"),
])
def test_bad_choices_are_refused(words, sentence):
    with pytest.raises(BuildFailed) as refusal:
        make(*words)
    assert sentence in str(refusal.value)


# --- watched -----------------------------------------------------------------------------------------

@pytest.mark.parametrize("alloc", HEAPS)
@pytest.mark.parametrize("fault,report", [
    ("twice", "freed twice"), ("wild", "not the address of a block"),
    ("behind", "something wrote behind its end"),
])
def test_misuse_ends_the_program_with_the_block_named(boot, build, alloc, fault, report):
    machine = boot(build(APP="misuse", ALLOC=alloc, HEAP_CHECK=1), args=fault)
    assert machine.wait() == 134
    block = re.search(r"^block (0x[0-9a-f]+)$", said(machine), re.M)[1]
    assert re.search(rf"malloc: block {block}: {report}", sentence(machine, "panic"))


def test_statistics_are_printed_at_the_end(boot, build):
    machine = boot(build(APP="misuse", ALLOC="tlsf", HEAP_STATS=1), args="none")
    assert machine.wait() == 0
    assert re.search(r"^heap tlsf: live bytes \d+ in blocks 1, peak bytes \d+, requests \d+, failed 1, "
                     r"largest free \d+, fragmentation % \d+$", said(machine), re.M)


# --- measured ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("alloc", ["tlsf", "picolibc"])
def test_what_a_heap_adds_to_a_boot(alloc):
    musl.build(APP="firstblock", ALLOC=alloc, LIBC="musl")      # or the test is skipped
    boot = boots.measure(alloc)
    heap = [block - main for main, block in zip(boot.to_main, boot.to_block)]
    assert all(number > 100 for number in heap)
    if alloc == "tlsf":
        assert heap[0] == heap[1] < 3000        # whatever the memory


# --- traces ------------------------------------------------------------------------------------------

def test_a_recorded_trace_replays_on_a_heap(monkeypatch, tmp_path):
    """What the trace says of the peak is true of the replay, and no operation is lost."""
    musl.build(APP="replay", LIBC="musl", ROOTFS="cpio", ALLOC="slab")     # or the test is skipped
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    ops = bench.trace("larson")
    found = bench.replay("slab", "larson", ops)
    assert len(ops) > 200_000 and found.failures == 0
    assert found.peak < found.taken < 3 * found.peak
    assert 0 < found.refused < 1000         # with a quarter more than the peak, slab has too little


# What alignment to 16 bytes, 8 bytes before a block, and whole pages leave no room for (docs/allocators.md).
OUT_OF_REACH = {f"{name}: tlsf, taken over live bytes, %" for name in ("lua", "scripts", "shell", "kv")}


@pytest.mark.parametrize("name", list(bench.TRACES) if FULL else ["cache", "larson"])
def test_the_bars_are_held_on_a_trace(monkeypatch, tmp_path, name):
    musl.build(APP="replay", LIBC="musl", ROOTFS="cpio", ALLOC="tlsf")
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    ops = bench.trace(name)
    heaps = {alloc: bench.replay_once(alloc, name, ops, "/trace") for alloc in ("tlsf", "slab", "libc")}
    held = list(bars.of_trace(name, heaps))
    assert len(held) >= 4 and [bar for bar in held if not bar.ok and bar.what not in OUT_OF_REACH] == []
    assert heaps["tlsf"].taken < 1.45 * heaps["tlsf"].peak


def test_making_a_heap_is_short_and_the_same_with_all_memory():
    musl.build(APP="firstblock", LIBC="musl", ALLOC="tlsf")
    booted = {alloc: boots.measure(alloc) for alloc in ("bump", "tlsf")}
    assert all(len(set(boot.to_block)) == 1 for boot in booted.values())
    held = list(bars.of_boots(booted))
    assert len(held) == 3 and [bar for bar in held if not bar.ok] == []


def test_a_bar_that_is_missed_says_no():
    lines = bars.table([bars.Bar("this", 160, 160), bars.Bar("that", 160.1, 160)]).splitlines()
    assert lines[1].endswith("ok") and lines[2].endswith("no")

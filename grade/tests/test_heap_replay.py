"""make heap-replay: a trace on any heap, under a checker that finds what a heap does wrong."""

from __future__ import annotations

import random
import re
import struct
import subprocess
from pathlib import Path

import pytest

from grade import images
from tools.heaps.record import FREE, MALLOC, REALLOC

HEAPS = ["buddy", "bump", "firstfit", "slab", "tlsf"]
ALWAYS_LIVE, OPERATIONS = 200, 20_000


def trace(path: Path, sizes: int = 300) -> int:
    """A trace that fills, mixes and empties; the most bytes that are live in it."""
    rng, ops, live, total, peak = random.Random(5), [], {}, 0, 0
    for step in range(OPERATIONS):
        slot = rng.randrange(ALWAYS_LIVE)
        kind = MALLOC if slot not in live else rng.choice([FREE, FREE, REALLOC])
        size = 0 if kind == FREE else rng.randrange(1, sizes) * (40 if step % 50 == 0 else 1)
        ops.append(struct.pack("<II", slot << 2 | kind, size))
        total += size - live.pop(slot, 0)
        if kind != FREE:
            live[slot] = size
        peak = max(peak, total)
    path.write_bytes(struct.pack("<IIII", ALWAYS_LIVE, OPERATIONS, peak, 0) + b"".join(ops))
    return peak


def replay(*words: str) -> subprocess.CompletedProcess[str]:
    with images.lock("build"):
        return subprocess.run(["make", "-s", "--no-print-directory", "heap-replay", *words], cwd=images.ROOT,
                              env=images.clean_environment(), capture_output=True, text=True, timeout=300)


def rows(printed: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.replace(",", "").split()[1:] for line in printed.splitlines()[2:]
            if line.split()[0] in HEAPS}


def test_every_heap_does_a_trace(tmp_path):
    peak = trace(tmp_path / "mixed.trace")
    done = replay(f"TRACE={tmp_path}/mixed.trace")
    assert done.returncode == 0, done.stderr
    found = rows(re.sub(r"^  HOSTCC.*\n", "", done.stdout, flags=re.M))
    assert sorted(found) == HEAPS
    for alloc, (failed, live, taken, overhead, _) in found.items():
        assert (int(failed), int(live)) == (0, peak) and int(taken) % 4096 == 0
        assert float(overhead) == pytest.approx(int(taken) / peak, abs=0.006)
        assert 1 < float(overhead) < (200 if alloc == "bump" else 4)


def test_with_little_memory_requests_fail_and_nothing_else(tmp_path):
    peak = trace(tmp_path / "mixed.trace")
    done = replay(f"TRACE={tmp_path}/mixed.trace", "ALLOC=tlsf", f"LIMIT={peak // 2048}K")
    assert done.returncode == 0, done.stderr
    failed, live, taken, *_ = rows(re.sub(r"^  HOSTCC.*\n", "", done.stdout, flags=re.M))["tlsf"]
    assert int(failed) > 10 and int(live) < peak and int(taken) <= peak // 2048 * 1024


@pytest.mark.parametrize("words,says", [
    ((), "heap-replay: say which: make heap-replay TRACE=lua"),
    (("TRACE=nowhere",), "heap-replay: TRACE=nowhere: there is no such trace"),
    (("TRACE=README.md",), "README.md is not a trace"),
    (("TRACE=README.md", "LIMIT=much"), "heap-replay: LIMIT=much: say how many bytes"),
    (("TRACE=README.md", "ALLOC=best"), "ALLOC=best: there is no such choice"),
])
def test_what_cannot_be_replayed_is_said_in_a_sentence(words, says):
    done = replay(*words)
    assert done.returncode != 0 and says in done.stderr
    assert "Traceback" not in done.stderr


# --- the checker is right ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def replay_with_fault(tmp_path_factory):
    """Compiles the checker with a heap that has this fault, and runs it."""
    folder = tmp_path_factory.mktemp("faults")
    trace(folder / "mixed.trace")
    heaps = [path for path in (images.ROOT / "kern/alloc").glob("*.c") if path.name not in ("kmalloc.c", "watch.c")]

    def run(fault: str) -> subprocess.CompletedProcess[str]:
        subprocess.run(["cc", "-std=gnu11", "-g", "-O1", "-I", images.ROOT, "-I", images.ROOT / "kern/alloc/quiet",
                        "-DBACK_END=heap_with_fault", f"-DFAULT={fault}", "-o", folder / fault,
                        images.ROOT / "tools/heaps/replay.c", images.ROOT / "grade/host/heap_with_fault.c", *heaps],
                       check=True)
        return subprocess.run([folder / fault, folder / "mixed.trace"], capture_output=True, text=True, timeout=60)
    return run


@pytest.mark.parametrize("fault,says", [
    ("overlap", "overlaps a live block"),
    ("outside", "is in no region|reaches out of its region"),
    ("crooked", "is not aligned"),
    ("scribble", "was written over"),
    ("copy", "was written over"),
    ("keep", "did not come back"),
])
def test_a_heap_with_a_fault_is_found_out(replay_with_fault, fault, says):
    done = replay_with_fault(fault)
    assert done.returncode == 1 and re.search(rf"^with_fault: operation \d+: .*({says})", done.stderr), done.stderr


def test_the_same_heap_without_a_fault_passes(replay_with_fault):
    done = replay_with_fault("-1")
    assert done.returncode == 0, done.stderr

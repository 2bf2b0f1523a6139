"""make bench-alloc: what an operation costs on each heap, on traces recorded from real runs.

Guest instructions under -icount: the same on every machine. Each number of an operation is the whole
call, with growing and locking in it. Beside our heaps stand two that others wrote, linked in place of
ours: musl's own malloc (ALLOC=libc) and picolibc's (ALLOC=picolibc).
"""

from __future__ import annotations

import json
import re
import struct
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from grade import images
from grade.errors import BuildFailed, HarnessError
from grade.images import Image
from grade.machine import Machine
from grade.tests import archive

from . import bars, boots
from .record import MEMORY, compiled, record

HEAPS = re.findall(r"^const struct heap_ops heap_(\w+) = ", "".join(
    path.read_text() for path in sorted((images.ROOT / "kern/alloc").glob("*.c"))), re.M)
OTHERS = ["libc", "picolibc"]
NAMES = {"libc": "musl"}        # the others are called as ALLOC= calls them
HEADER = struct.Struct("<IIII")     # of a trace: slots, operations, peak, nothing
BOUND, BOUND_MORE = 1.25, 64 << 10      # memory for the replay that is short of it: times the peak, and bytes
FOLDER = images.ROOT / "build" / "traces"
JSON = images.ROOT / "build" / "bench-alloc.json"

LUA = """local words = {}
for i = 1, 4000 do words[i] = ("w" .. i % 700):rep(1 + i % 9) end
local count = {}
for _, word in ipairs(words) do count[word] = (count[word] or 0) + 1 end
local tree = nil
for word, n in pairs(count) do tree = {word = word, n = n, next = tree} end
local text = {}
for i = 1, 300 do text[#text + 1] = string.format("%d:%s", i, words[i]) end
print(#table.concat(text, ","))
"""
SCRIPTS = ["strings", "tables", "closures", "coroutines", "numbers"]
SHELL = "for i in 1 2 3 4 5 6 7 8; do ls /bin | wc -l; cat /tests/run-all > /tmp/a; grep test /tmp/a | wc; done"


@dataclass(frozen=True)
class Result:
    """What one heap did with one trace."""

    mean: float
    pair: float         # a malloc and a free
    worst: int          # malloc and free, of the calls that the page allocator has no part in
    moves: int          # how many calls it has, and
    worst_move: int     # the worst of those
    first: int          # what making the heap adds to the first call
    failures: int
    taken: int
    peak: int
    refused: int = 0    # requests that failed when memory was short


def with_files(image: Image, name: str, files: dict[str, bytes]) -> Image:
    root = FOLDER / f"{name}.cpio"
    root.write_bytes(archive.extended(image.initrd, *(archive.entry(path, text)
                                                      for path, text in files.items())))
    return Image(image.elf, root)


def record_lua() -> bytes:
    image = images.build(APP="lua", LIBC="musl", HEAP_TRACE=1)
    return compiled(record(with_files(image, "lua", {"work.lua": LUA.encode()}), "/work.lua"))


def record_scripts() -> bytes:
    """Some of the scripts with which Lua itself is tested here."""
    image = images.build(APP="lua", LIBC="musl", HEAP_TRACE=1)
    files = {f"{name}.lua": (images.ROOT / f"grade/guests/lua/{name}.lua").read_bytes() for name in SCRIPTS}
    files["scripts.lua"] = b"".join(b'dofile("/%s.lua")\n' % name.encode() for name in SCRIPTS)
    return compiled(record(with_files(image, "scripts", files), "/scripts.lua"))


def record_shell() -> bytes:
    """The kernel's own heap, while a shell works."""
    image = images.build(SHAPE="kernel", HEAP_TRACE=1)
    return compiled(record(image, f"-c '{SHELL}'", heap="kernel_heap"))


def record_workload(kind: str) -> bytes:
    image = images.build(APP="workload", ALLOC="tlsf", HEAP_TRACE=1)
    return compiled(record(image, kind))


TRACES = {
    "lua": record_lua,
    "scripts": record_scripts,
    "shell": record_shell,
    "kv": lambda: record_workload("kv"),
    "cache": lambda: record_workload("cache"),
    "larson": lambda: record_workload("larson"),
}


def trace(name: str) -> bytes:
    """The trace of this name, recorded now; or that of a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if name not in TRACES:
        return Path(name).read_bytes()
    made = TRACES[name]()
    (FOLDER / f"{name}.trace").write_bytes(made)
    return made


def replay(alloc: str, name: str, ops: bytes) -> Result:
    """With all the memory there is, and once more with little."""
    peak = HEADER.unpack_from(ops)[2]
    bound = int(peak * BOUND) + BOUND_MORE
    short = replay_once(alloc, name, ops, f"/trace {bound}")
    return replace(replay_once(alloc, name, ops, "/trace"), refused=short.failures)


def replay_once(alloc: str, name: str, ops: bytes, args: str) -> Result:
    """In a fused image whose malloc is this heap; all of them with musl, so that only malloc differs."""
    image = images.build(APP="replay", ALLOC=alloc, LIBC="musl", ROOTFS="cpio")
    image = with_files(image, f"replay-{Path(name).stem}", {"trace": ops})
    with Machine(image.elf, initrd=image.initrd, args=args, icount=True, memory=MEMORY,
                 deadline=300) as machine:
        status = machine.wait()
    if status != 0:
        raise HarnessError(f"replay of {name} on {alloc} ended with status {status}:\n{machine.text[-600:]}")
    return result(machine.text)


def result(text: str) -> Result:
    ops = {int(kind): tuple(map(int, numbers)) for kind, *numbers in
           re.findall(r"op (\d) count (\d+) total (\d+) worst (\d+)", text)}
    facts = {name: int(number) for name, number in re.findall(r"^(first|failures|taken|peak) (-?\d+)", text, re.M)}
    calls, total = sum(op[0] for op in ops.values()), sum(op[1] for op in ops.values())
    pair = sum(ops[kind][1] / ops[kind][0] for kind in (0, 1) if ops[kind][0])
    moves, worst_move = map(int, re.search(r"^moves (\d+) worst (\d+)", text, re.M).groups())
    return Result(total / calls, pair, ops[0][2] + ops[1][2], moves, worst_move, facts["first"],
                  facts["failures"], facts["taken"], facts["peak"])


def table(results: dict[str, dict[str, Result]]) -> str:
    lines = [f"{'trace':8} {'heap':9} {'mean':>7} {'pair':>7} {'worst':>7} {'moves':>6} {'worst':>7} "
             f"{'failed':>6} {'taken/peak':>10}"]
    for name, heaps in results.items():
        for alloc, found in heaps.items():
            lines.append(f"{Path(name).stem:8} {NAMES.get(alloc, alloc):9} {found.mean:7.1f} {found.pair:7.1f} {found.worst:7,} {found.moves:6,} "
                         f"{found.worst_move:7,} {found.refused:6,} {found.taken / found.peak:10.2f}")
    return "\n".join(lines)


def others() -> list[str]:
    """The foreign heaps that are to be had here."""
    there = []
    for alloc in OTHERS:
        try:
            images.build(APP="firstblock", ALLOC=alloc, LIBC="musl")
            there.append(alloc)
        except BuildFailed as error:
            if f"ALLOC={alloc}:" not in str(error):
                raise
            print(f"bench-alloc: left out: {re.search(rf'ALLOC={alloc}:.*', str(error))[0]}", file=sys.stderr)
    return there


def measure(names: list[str]) -> None:
    """Prints the tables and keeps the numbers."""
    heaps = HEAPS + others()
    results: dict[str, dict[str, Result]] = {}
    for name in names:
        ops = trace(name)
        results[name] = {alloc: replay(alloc, name, ops) for alloc in heaps}
    print(table(results))
    booted = {NAMES.get(alloc, alloc): boots.measure(alloc) for alloc in heaps}
    print("\n" + boots.table(booted))
    held = bars.found(results, booted)
    print("\n" + bars.table(held))
    JSON.write_text(json.dumps({"traces": {name: {alloc: vars(found) for alloc, found in by_heap.items()}
                                           for name, by_heap in results.items()},
                                "boots": {alloc: vars(boot) for alloc, boot in booted.items()},
                                "bars": [{**vars(bar), "ok": bar.ok} for bar in held]}, indent=2) + "\n")


def main(words: list[str]) -> int:
    for name in words:
        if name not in TRACES and not Path(name).is_file():
            print(f"bench-alloc: T={name}: there is no such trace. T is a file, or one of: {' '.join(TRACES)}",
                  file=sys.stderr)
            return 2
    try:
        measure(words or list(TRACES))
    except HarnessError as error:
        print(f"bench-alloc: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Records what an image does to its heap: the records of kern/alloc/watch.c, out of the guest's memory.

The machine's memory is a file on this side, so nothing has to be sent: when the machine is off, the
chunks of the trace are read where the guest left them.
"""

from __future__ import annotations

import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from grade import images
from grade.errors import HarnessError
from grade.images import Image

RAM = 0x80000000
CHUNK = struct.Struct("<QQQ")           # older, heap, nrecords; the records begin behind it
RECORD = struct.Struct("<QQQII")        # time, address and kind, other, size, site
MADE, FREED, RESIZED, REFUSED = 1, 2, 3, 4
MALLOC, FREE, REALLOC = 0, 1, 2
MEMORY = "256M"


@dataclass(frozen=True)
class Event:
    """One operation on a heap."""

    time: int
    kind: int
    address: int
    other: int
    size: int
    site: int


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def record(image: Image, args: str, heap: str = "program_heap", harts: int = 1) -> list[Event]:
    """Runs the image to its end; what happened to the heap of this name, in order."""
    with tempfile.NamedTemporaryFile(prefix="ram-") as ram:
        line = [images.ROOT / "tools/qemu", "--elf", image.elf, "--memory", MEMORY, "--harts", str(harts),
                "--icount", "--args", args]
        line += ["--initrd", image.initrd] if image.initrd else []
        line += ["--", "-machine", "memory-backend=ram", "-object",
                 f"memory-backend-file,id=ram,size={MEMORY},mem-path={ram.name},share=on"]
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise HarnessError(f"the machine to be recorded ended with status {done.returncode}:\n"
                               f"{done.stdout[-800:]}{done.stderr[-400:]}")
        return events(Path(ram.name).read_bytes(), symbols(image.elf), heap)


def events(memory: bytes, places: dict[str, int], heap: str) -> list[Event]:
    first = places.get("kern.heap_trace", places.get("heap_trace"))
    if first is None:
        raise HarnessError("the image records nothing: build it with HEAP_TRACE=1")
    found: list[list[Event]] = []
    at = struct.unpack_from("<Q", memory, first - RAM)[0]
    while at:
        older, owner, nrecords = CHUNK.unpack_from(memory, at - RAM)
        if owner == places[heap]:
            start = at - RAM + CHUNK.size
            found.append([Event(time, address & 7, address & ~7, other, size, site)
                          for time, address, other, size, site in
                          RECORD.iter_unpack(memory[start:start + nrecords * RECORD.size])])
        at = older
    return [event for chunk in reversed(found) for event in chunk]


def compiled(trace: list[Event]) -> bytes:
    """For user/fused/replay.c: addresses become slots, each used again when its block is gone."""
    slots: dict[int, tuple[int, int]] = {}
    free_slots: list[int] = []
    ops, live, peak, nslots = [], 0, 0, 0
    for event in trace:
        if event.kind == MADE:
            if free_slots:
                slot = free_slots.pop()
            else:
                slot, nslots = nslots, nslots + 1
            slots[event.address] = (slot, event.size)
            ops.append((slot << 2 | MALLOC, event.size))
            live += event.size
        elif event.kind == FREED and event.address in slots:
            slot, size = slots.pop(event.address)
            free_slots.append(slot)
            ops.append((slot << 2 | FREE, 0))
            live -= size
        elif event.kind == RESIZED and event.other in slots:
            slot, size = slots.pop(event.other)
            slots[event.address] = (slot, event.size)
            ops.append((slot << 2 | REALLOC, event.size))
            live += event.size - size
        peak = max(peak, live)
    return (struct.pack("<IIII", max(nslots, 1), len(ops), peak, 0) +
            b"".join(struct.pack("<II", *op) for op in ops))

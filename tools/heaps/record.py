"""Records what an image does to its heap: the records of kern/alloc/watch.c, out of the guest's memory.

The machine's memory is a file on this side, so nothing has to be sent: when the machine is off, the
chunks of the trace are read where the guest left them.
"""

from __future__ import annotations

import mmap
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
CHUNK = struct.Struct("<QQQQ")          # older, heap, nrecords, room; the records begin behind it
RECORD = struct.Struct("<QQQII")        # time, address and kind, other, size, site
MADE, FREED, RESIZED, REFUSED, REGION_TAKEN, REGION_GIVEN_BACK = 1, 2, 3, 4, 5, 6
MALLOC, FREE, REALLOC = 0, 1, 2
MEMORY = "256M"
DEADLINE = 300      # seconds, if nobody sits at the console


@dataclass(frozen=True)
class Event:
    """One operation on a heap."""

    time: int
    kind: int
    address: int
    other: int
    size: int
    site: int


@dataclass(frozen=True)
class Recording:
    """What a machine did to a heap until it went off."""

    events: list[Event]
    lost: int           # operations there was no memory to write down
    status: int         # the exit status
    console: str        # what it printed, unless somebody sat at the console


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def record(image: Image, args: str, heap: str = "program_heap", harts: int = 1) -> list[Event]:
    """Runs the image to its end; what happened to the heap of this name, in order."""
    done = run(image, args, heap, harts)
    if done.status:
        raise HarnessError(f"the machine to be recorded ended with status {done.status}:\n{done.console[-1200:]}")
    if done.lost:
        raise HarnessError(f"{done.lost} operations were not recorded: the memory was full")
    return done.events


def in_memory_file(path: str, memory: str) -> list[str]:
    """What tells QEMU that the machine's memory is this file."""
    return ["-machine", "memory-backend=ram", "-object",
            f"memory-backend-file,id=ram,size={memory},mem-path={path},share=on"]


def run(image: Image, args: str, heap: str, harts: int = 1, memory: str = MEMORY,
        at_console: bool = False) -> Recording:
    """Runs the image to its end, whatever that is; `at_console`, in this terminal."""
    place_of_heap(image.elf, heap)
    with tempfile.NamedTemporaryFile(prefix="ram-") as ram:
        line = [images.ROOT / "tools/qemu", "--elf", image.elf, "--memory", memory, "--harts", str(harts),
                f"--args={args}"]
        line += ["--icount"] if harts == 1 else []
        line += ["--initrd", image.initrd] if image.initrd else []
        line += ["--", *in_memory_file(ram.name, memory)]
        if at_console:
            status, console = subprocess.run(line).returncode, ""
        else:
            done = subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, errors="replace", timeout=DEADLINE)
            status, console = done.returncode, done.stdout
        return Recording(*read(ram.name, image.elf, heap), status, console)


def place_of_heap(elf: Path, heap: str) -> tuple[int, int, int]:
    """Where the image has the newest chunk, the number of lost records, and this heap."""
    places = symbols(elf)
    found = [places.get(name, places.get(f"kern.{name}")) for name in ("heap_trace", "heap_trace_lost")]
    if heap not in places:
        raise HarnessError(f"the image has no {heap}: nothing in it asks that heap for memory")
    if None in found:
        raise HarnessError("the image records nothing: build it with HEAP_TRACE=1")
    return found[0], found[1], places[heap]


def read(memory: str, elf: Path, heap: str) -> tuple[list[Event], int]:
    """The records in the file that was the machine's memory, and how many are missing."""
    newest, lost, owner = place_of_heap(elf, heap)
    with open(memory, "rb") as file:
        size = file.seek(0, 2)
        if size == 0:       # QEMU did not even start
            return [], 0
        with mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as ram:
            return list(events(ram, newest, owner)), struct.unpack_from("<Q", ram, lost - RAM)[0]


def events(ram: mmap.mmap, newest: int, owner: int):
    """The operations on the heap at `owner`, oldest first."""
    chunks = []
    at = struct.unpack_from("<Q", ram, newest - RAM)[0]
    while at:
        older, heap, nrecords, _ = CHUNK.unpack_from(ram, at - RAM)
        if heap == owner:
            chunks.append((at - RAM + CHUNK.size, nrecords))
        at = older
    for start, nrecords in reversed(chunks):
        for time, address, other, size, site in RECORD.iter_unpack(ram[start:start + nrecords * RECORD.size]):
            yield Event(time, address & 7, address & ~7, other, size, site)


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

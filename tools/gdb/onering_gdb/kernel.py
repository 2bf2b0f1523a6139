"""What the kernel knows, read out of its memory: harts, threads, processes.

    with guest.physical():          # all of it lies where it physically is
        kernel = snapshot()
    kernel.threads, kernel.harts    # plain Python from here on

Types are found by way of variables and their fields, never by name: a program whose symbols are
loaded as well may have a `struct thread` of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Iterator

import gdb

from . import guest

STATES = ("new", "ready", "running", "parked", "dead")     # enum thread_state
NEW, READY, RUNNING, PARKED, DEAD = range(5)
PROC_ZOMBIE = 1                                             # enum proc_state

KERNEL, FUSED, COURSE = "kernel", "fused", "course"         # kinds of images


@dataclass(frozen=True)
class Thread:
    """struct thread."""

    address: int
    tid: int
    name: str
    state: int
    hart: int               # index of the hart it runs or last ran on; -1: none yet
    proc: int               # address of its process; 0: none
    tf: int                 # address of its user registers; 0: none
    stack_lo: int
    stack_hi: int
    ra: int                 # from here on: struct context
    sp: int
    tp: int
    s: tuple[int, ...]

    @property
    def title(self) -> str:
        return f"thread {self.tid} ({self.name})"


@dataclass(frozen=True)
class Hart:
    """struct hart."""

    index: int
    hartid: int
    current: int            # address of the thread it runs
    idle: int               # address of its idle thread; 0: it has none


@dataclass(frozen=True)
class Proc:
    """struct proc."""

    address: int
    pid: int
    ppid: int
    name: str
    zombie: bool
    root: int               # root table of its address space; 0: it has none
    pages: int              # of its own, mapped
    space: int              # address of struct vmspace


@dataclass(frozen=True)
class Kernel:
    """The kernel at the moment the machine stopped."""

    harts: list[Hart]
    threads: list[Thread]
    procs: list[Proc]

    @cached_property
    def _threads_by_address(self) -> dict[int, Thread]:
        return {thread.address: thread for thread in self.threads}

    @cached_property
    def _procs_by_address(self) -> dict[int, Proc]:
        return {proc.address: proc for proc in self.procs}

    def thread_at(self, address: int) -> Thread | None:
        return self._threads_by_address.get(address)

    def proc_of(self, thread: Thread) -> Proc | None:
        return self._procs_by_address.get(thread.proc)

    def threads_of(self, proc: Proc) -> list[Thread]:
        return [thread for thread in self.threads if thread.proc == proc.address]

    def proc(self, pid: int) -> Proc:
        for proc in self.procs:
            if proc.pid == pid:
                return proc
        raise gdb.GdbError(f"there is no process {pid}; `procs` lists those there are")

    def hart_running(self, thread: Thread) -> Hart | None:
        for hart in self.harts:
            if hart.current == thread.address:
                return hart
        return None

    def selected_hart(self) -> Hart:
        """The one gdb looks through."""
        hartid = guest.selected_hartid()
        for hart in self.harts:
            if hart.hartid == hartid:
                return hart
        raise gdb.GdbError(f"hart {hartid} is parked in the firmware: this kernel does not use "
                           "it; `harts` lists those it does")

    def selected_thread(self) -> Thread:
        return self.thread_at(self.selected_hart().current)


# --- finding things ----------------------------------------------------------------------------

def variable(file: str, name: str) -> gdb.Value | None:
    """A variable of the kernel, static or not; None: not in this image."""
    try:
        return gdb.parse_and_eval(f"'{file}'::{name}")
    except gdb.error:
        return None


def label(name: str) -> int | None:
    """The address of a label of assembly. In a fused image its name begins with `kern.`."""
    for known_as in (name, f"kern.{name}"):
        try:
            return int(gdb.parse_and_eval(f"(unsigned long) &'{known_as}'")) & guest.MASK
        except gdb.error:
            continue
    return None


def kind() -> str:
    """Which kind of image this is."""
    if variable("kern/riscv/hart.c", "harts") is None:
        raise gdb.GdbError("there are no symbols of the kernel: start gdb by `make gdb`, or name "
                           "the image with `file build/.../onering.elf`")
    if variable("kern/proc/proc.c", "procs") is not None:
        return KERNEL
    return FUSED if label("app_start") is not None else COURSE


def require_procs() -> None:
    """This image has processes, or a sentence."""
    found = kind()
    if found == FUSED:
        raise gdb.GdbError("a fused image has no processes: application and kernel are one "
                           "program. `threads` lists its threads")
    if found == COURSE:
        raise gdb.GdbError("this image has no processes")


# --- reading structures ------------------------------------------------------------------------

def pointer(value: gdb.Value) -> int:
    return int(value) & guest.MASK


def text(value: gdb.Value) -> str:
    """A char array, up to its NUL."""
    size = value.type.sizeof
    raw = bytes(int(value[i]) & 0xff for i in range(size))
    return raw.split(b"\0")[0].decode(errors="replace")


def _fetched(value: gdb.Value) -> gdb.Value:
    """The whole structure in one piece from the machine, not field by field."""
    value.fetch_lazy()
    return value


def entries(head: gdb.Value, container: gdb.Type, member: str) -> Iterator[gdb.Value]:
    """The structures on a list (kern/core/list.h)."""
    offset = next(field.bitpos // 8 for field in container.fields() if field.name == member)
    end, node = pointer(head.address), pointer(head["next"])
    for _ in range(100_000):        # a broken list must not hold us for ever
        if node in (end, 0):
            return
        entry = gdb.Value(node - offset).cast(container.pointer()).dereference()
        yield _fetched(entry)
        node = pointer(entry[member]["next"])
    raise gdb.GdbError(f"the list at {end:#x} has no end: it is broken")


def snapshot() -> Kernel:
    """Everything, by physical address. A sentence if the kernel is not there yet."""
    kind()
    table = variable("kern/riscv/hart.c", "harts")
    if not pointer(table[0]["current"]):
        raise gdb.GdbError("the kernel has not come up yet: `tbreak image_main`, `continue`, and "
                           "try again")
    harts = [_hart(_fetched(table[i]), i) for i in range(_online(table))]
    return Kernel(harts, list(_threads(table, harts)), list(_procs()))


def find_thread(found: Kernel, words: str) -> Thread:
    """A thread by its number, or by the address an expression yields; a sentence if none."""
    value = gdb.parse_and_eval(words)
    number = pointer(value)
    for thread in found.threads:
        if number == (thread.address if number >= guest.RAM_BASE else thread.tid):
            return thread
    raise gdb.GdbError(f"there is no thread {words}; `threads` lists those there are")


def _online(table: gdb.Value) -> int:
    """How many harts came up. An image for one hart does not count them."""
    count = variable("kern/riscv/hart.c", "harts_online")
    return min(int(count), table.type.range()[1] + 1) if count is not None else 1


def running_thread(hartid: int) -> gdb.Value | None:
    """The struct thread that a hart runs, without a snapshot of everything."""
    table = variable("kern/riscv/hart.c", "harts")
    if table is None:
        return None
    for index in range(_online(table)):
        if int(table[index]["hartid"]) == hartid and table[index]["current"]:
            return table[index]["current"].dereference()
    return None


def _hart(value: gdb.Value, index: int) -> Hart:
    return Hart(index, int(value["hartid"]), pointer(value["current"]), pointer(value["idle"]))


def _threads(table: gdb.Value, harts: list[Hart]) -> Iterator[Thread]:
    """Those on the list, and the one that booted, which is on no list."""
    first = table[0]
    kind_of_thread = first["current"].type.target().strip_typedefs()
    values = {hart.current: table[hart.index]["current"].dereference() for hart in harts}
    boot_thread = variable("kern/core/boot.c", "boot_thread")
    if boot_thread is not None and int(boot_thread["state"]) != DEAD:
        values[pointer(boot_thread.address)] = boot_thread
    everybody = variable("kern/sched/thread.c", "all_threads")
    if everybody is not None:
        values.update((pointer(value.address), value)
                      for value in entries(everybody, kind_of_thread, "all_node"))
    for value in values.values():
        yield _thread(_fetched(value), pointer(first.address), first.type.sizeof)


def _thread(value: gdb.Value, first_hart: int, hart_size: int) -> Thread:
    context, hart = value["context"], pointer(value["hart"])
    index = (hart - first_hart) // hart_size if hart else -1
    return Thread(pointer(value.address), int(value["tid"]), text(value["name"]),
                  int(value["state"]), index, pointer(value["proc"]), pointer(value["tf"]),
                  pointer(value["stack_lo"]), pointer(value["stack_hi"]), pointer(context["ra"]),
                  pointer(context["sp"]), pointer(context["tp"]),
                  tuple(pointer(context["s"][i]) for i in range(12)))


def _procs() -> Iterator[Proc]:
    head = variable("kern/proc/proc.c", "procs")
    if head is None:
        return
    kind_of_proc = variable("kern/riscv/hart.c", "harts")[0]["current"]["proc"].type.target()
    for value in entries(head, kind_of_proc.strip_typedefs(), "all"):
        yield _proc(value)


def _proc(value: gdb.Value) -> Proc:
    parent, space = pointer(value["parent"]), pointer(value["space"])
    root = pages = 0
    if space:
        record = _fetched(value["space"].dereference())
        root, pages = pointer(record["root"]), int(record["resident"])
    return Proc(pointer(value.address), int(value["pid"]),
                int(value["parent"]["pid"]) if parent else 0, text(value["name"]),
                int(value["state"]) == PROC_ZOMBIE, root, pages, space)


def areas(proc: Proc) -> list[tuple[int, int, int]]:
    """The areas of a process's address space: (start, end, VM_* flags)."""
    if not proc.space:
        return []
    with guest.physical():
        kind_of_proc = variable("kern/riscv/hart.c", "harts")[0]["current"]["proc"].type.target()
        value = gdb.Value(proc.address).cast(kind_of_proc.pointer())["space"].dereference()
        head = value["areas"]
        kind_of_area = _type_of("kern/mem/vmspace_areas.c", "vm_area")
        return [(pointer(area["start"]), pointer(area["end"]), int(area["flags"]))
                for area in entries(head, kind_of_area, "node")]


def _type_of(file: str, name: str) -> gdb.Type:
    """A structure that no variable leads to, as this file of the kernel knows it."""
    _rest, places = gdb.decode_line(f"{file}:1")
    block = places[0].symtab.static_block()
    return gdb.lookup_type(f"struct {name}", block)


def kernel_root() -> int | None:
    """The kernel's own root table; None: this image does not translate, or not yet."""
    for file in ("kern/mem/kmap.c", "kern/libos/paging_static.c"):
        found = variable(file, "kmap_root")
        if found is not None:
            with guest.physical():
                return pointer(found) or None
    return None

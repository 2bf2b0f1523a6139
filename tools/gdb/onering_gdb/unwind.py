"""Lets `bt` go on through a trap: from the kernel into the code that was interrupted.

The vectors in kern/riscv/vector.S and kern/proc/user_vector.S (and in a fused image with
SYSCALL=trap that of the shim) are assembly which no debug information describes. Where one has
called a C function, or is about to give the registers back, sp is the address of the trapframe (the
shim's frame): all registers of the interrupted code are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator

import gdb
import gdb.unwinder

from . import guest, kernel, traps

_SHIM_RA, _SHIM_PC, _SHIM_SIZE = 0, 120, 144    # the picture above kern/libos/shim.S
_SHIM_KEPT = ("tp", "gp", *guest.SAVED)

_CALL = re.compile(r"jalr?\b")
_SETS_SP = re.compile(r"\w+\s+sp,")
_LEAVES = re.compile(r"(j|jr|ret|sret)\b")


@dataclass(frozen=True)
class Vector:
    """The addresses at which the frame of a trap lies at sp."""

    trap: frozenset[int]        # struct trapframe
    shim: frozenset[int]        # the shim's frame


_NOTHING = Vector(frozenset(), frozenset())
_vector = _NOTHING


# --- where the vector is -----------------------------------------------------------------------

def _instructions(start: int, end: int) -> list[tuple[int, str]]:
    """(address, text) of each, read from the image's file: the machine may not be there, or in
    user mode, where it does not show the kernel."""
    said = gdb.execute(f"with trust-readonly-sections on -- disassemble {start:#x},{end:#x}",
                       to_string=True)
    lines = said.splitlines()
    found = (re.match(r"(?:=>)?\s*0x([0-9a-f]+)\s*(?:<[^>]*>)?:\s*(.*)", line) for line in lines)
    return [(int(match[1], 16), match[2]) for match in found if match]


def _frame_addresses(start: str, end: str, restore: str) -> frozenset[int]:
    """Where sp is the address of the frame: behind each call, and from the label `restore` on,
    until sp changes or the code goes elsewhere."""
    first, last, restoring = map(kernel.label, (start, end, restore))
    if first is None or last is None:
        return frozenset()
    found, at_frame = set(), False
    for address, words in _instructions(first, last):
        at_frame |= address == restoring
        if at_frame:
            found.add(address)
        if _CALL.match(words):
            at_frame = True
        elif _SETS_SP.match(words) or _LEAVES.match(words):
            at_frame = False
    return frozenset(found)


def refresh(*_event) -> None:
    """The image may be another one."""
    global _vector
    _vector = _NOTHING          # while we look for symbols, gdb may ask for frames
    try:
        _vector = Vector(
            _frame_addresses("trap_vector", "save_registers", "restore_registers")
            | _frame_addresses("user_vector", "user_vector_end", "restore_registers"),
            _frame_addresses("shim_vector", "no_such_call", "return_to_caller"))
    except gdb.error:
        pass


# --- frames ------------------------------------------------------------------------------------

class _FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class TrapUnwinder(gdb.unwinder.Unwinder):
    """Knows the frames of the trap vector."""

    def __init__(self) -> None:
        super().__init__("onering-trap")

    def __call__(self, pending):
        pc, sp = pending.read_register("pc"), pending.read_register("sp")
        if int(pc) in _vector.trap:
            return self._trap(pending, sp, pc)
        if int(pc) in _vector.shim:
            return self._shim(pending, sp, pc)
        return None

    @staticmethod
    def _trap(pending, sp, pc):
        info = pending.create_unwind_info(_FrameId(sp, pc))
        words = _words(sp)
        for number, name in enumerate(traps.NAMES):
            if number > 0:
                info.add_saved_register(guest.GDB_NAMES.get(name, name), words[number])
        info.add_saved_register("pc", words[traps.PC // 8])
        return info

    @staticmethod
    def _shim(pending, sp, pc):
        info = pending.create_unwind_info(_FrameId(sp, pc))
        words = _words(sp)
        info.add_saved_register("ra", words[_SHIM_RA // 8])
        info.add_saved_register("pc", words[_SHIM_PC // 8])
        info.add_saved_register("sp", words[0].address.cast(words[0].type) + _SHIM_SIZE)
        for name in _SHIM_KEPT:
            info.add_saved_register(name, pending.read_register(name))
        return info


def trap_frames() -> Iterator[tuple[int, int]]:
    """The traps the selected hart is in, innermost first: (level of the vector's frame, address
    of the trapframe)."""
    frame = gdb.newest_frame()
    while frame:
        if frame.pc() in _vector.trap:
            yield frame.level(), int(frame.read_register("sp")) & guest.MASK
        frame = frame.older()


def _words(sp: gdb.Value) -> gdb.Value:
    word = gdb.lookup_type("unsigned long")
    return sp.cast(word.pointer())


def install() -> None:
    gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
    gdb.events.new_objfile.connect(refresh)
    refresh()

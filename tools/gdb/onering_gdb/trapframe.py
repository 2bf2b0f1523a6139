"""trapframe: the registers that a trap has saved, with the reason for it."""

from __future__ import annotations

import gdb

from . import guest, kernel, places, unwind
from .command import Command
from .kernel import Kernel, Thread
from .traps import A0, A7, FS_SHIFT, NAMES, SPIE, Trapframe

_ECALL_USER = 8
_INTERRUPT = 1 << 63
_WITHOUT_ADDRESS = (2, 3)
_FS = ("off", "initial", "clean", "dirty")

CAUSES = {0: "misaligned fetch", 1: "fetch access fault", 2: "illegal instruction",
          3: "breakpoint", 4: "misaligned load", 5: "load access fault", 6: "misaligned store",
          7: "store access fault", 8: "system call", 9: "ecall from supervisor mode",
          12: "fetch page fault", 13: "load page fault", 15: "store page fault"}
INTERRUPTS = {1: "software interrupt", 5: "timer interrupt", 9: "external interrupt"}


def reason(frame: Trapframe) -> str:
    """Why the trap came, in words."""
    if frame.is_start:
        return "none yet: the program is about to start"
    code = frame.cause & ~_INTERRUPT
    if frame.cause & _INTERRUPT:
        return INTERRUPTS.get(code, f"interrupt {code}")
    if code == _ECALL_USER:
        return f"system call {frame.regs[A7]}, {_call(frame)}"
    name = CAUSES.get(code, f"exception {code}, which has no meaning here")
    return name if code in _WITHOUT_ADDRESS else f"{name} at address {frame.addr:#x}"


def _text(frame: Trapframe) -> str:
    came = "user mode" if frame.from_user else "the kernel"
    on = "on" if frame.status & SPIE else "off"
    fp = _FS[frame.status >> FS_SHIFT & 3]
    lines = [f"  from {came}, interrupts {on} there, floating point {fp}",
             f"  pc  {frame.pc:016x}  status {frame.status:016x}  cause {frame.cause:x}  "
             f"addr {frame.addr:x}"]
    cells = [f"{name:<3} {value:016x}" for name, value in zip(NAMES[1:], frame.regs[1:])]
    lines += ["  " + "  ".join(cells[i:i + 4]) for i in range(0, len(cells), 4)]
    return "\n".join(lines) + "\n"


# --- system calls ------------------------------------------------------------------------------

def _call(frame: Trapframe) -> str:
    """`write(fd=1, buf=0x1c978, size=2)`, from the table the kernel itself goes by."""
    name = _call_name(frame.regs[A7])
    if name is None:
        return "which does not exist"
    symbol = gdb.lookup_global_symbol(f"sys_{name}")
    if symbol is None or not symbol.symtab:
        return f"{name}(...)"
    block = gdb.current_progspace().block_for_pc(int(symbol.value().address))
    arguments = [each for each in _own_block(block) if each.is_argument]
    values = frame.regs[A0:A0 + len(arguments)]
    return f"{name}({', '.join(map(_argument, arguments, values))})"


def _own_block(block: gdb.Block) -> gdb.Block:
    """The outermost block of the function: the one with its arguments."""
    while block.superblock and not block.function:
        block = block.superblock
    return block


def _call_name(number: int) -> str | None:
    table = kernel.variable("build/gen/dispatch.c", "syscall_table")
    if table is None or number > table.type.range()[1]:
        return None
    with guest.physical():
        thunk = kernel.pointer(table[number])
    name = places.function(thunk) if thunk else None
    return name.replace("thunk_", "", 1) if name else None


def _argument(symbol: gdb.Symbol, value: int) -> str:
    kind = symbol.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_PTR:
        return f"{symbol.name}={value:#x}"
    value &= (1 << 8 * kind.sizeof) - 1
    if kind.is_signed and value >> (8 * kind.sizeof - 1):
        value -= 1 << 8 * kind.sizeof
    return f"{symbol.name}={value}"


# --- the command -------------------------------------------------------------------------------

class ShowTrapframe(Command):
    """Show the registers that a trap has saved, and why the trap came.

    trapframe       the innermost trap that the selected hart is in; if it is in none, the last
                    one of the thread it runs
    trapframe TID   the last trap from user mode of that thread

    A thread's registers in user mode lie on top of its kernel stack from the moment it enters the
    kernel. While it is in user mode they are those of the trap before: `info registers` has the
    present ones. `up` and `info locals` go from the kernel into the program, across the trap."""

    name = "trapframe"
    summary = "show the registers that a trap has saved"

    def run(self, words: list[str]) -> None:
        if len(words) > 1:
            raise self.usage()
        guest.require()
        with guest.physical():
            found = kernel.snapshot()
        if words:
            self._of_thread(found, kernel.find_thread(found, words[0]))
        elif not self._innermost():
            self._of_thread(found, found.selected_thread())

    @staticmethod
    def _innermost() -> bool:
        """The frame of the vector nearest to where the hart is; False: it is in no trap."""
        root = guest.root_of(guest.register("satp"))
        for _level, sp in unwind.trap_frames():
            frame = Trapframe.read(root, sp)
            gdb.write(f"Trap at {places.describe(frame.pc)}: {reason(frame)}\n{_text(frame)}")
            return True
        return False

    @staticmethod
    def _of_thread(found: Kernel, thread: Thread) -> None:
        if not thread.tf:
            raise gdb.GdbError(f"{thread.title} never was in user mode and is in no trap now: it "
                               "has no trapframe. `trapframe TID` shows that of another thread")
        frame = Trapframe.read(kernel.kernel_root(), thread.tf)
        gdb.write(f"{thread.title[0].upper()}{thread.title[1:]}: {reason(frame)}\n{_text(frame)}")
        if _is_in_user_mode(found, thread):
            gdb.write("It is in user mode right now: this is its trap before; `info registers` "
                      "on its hart has the present values.\n")


def _is_in_user_mode(found: Kernel, thread: Thread) -> bool:
    hart = found.hart_running(thread)
    if not hart:
        return False
    with guest.looking_through(hart.hartid):
        return guest.register("priv") == guest.USER


def install() -> None:
    ShowTrapframe()

"""struct trapframe of kern/riscv/trap.h, as it lies in memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from . import guest

PC = 256                        # TF_PC, TF_SIZE of kern/riscv/offsets.h
SIZE = 288
SPP, SPIE = 1 << 8, 1 << 5      # of sstatus: where the trap came from, interrupts there
FS_SHIFT = 13

NAMES = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
         "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6").split()
S0, A0, A7 = 8, 10, 17


@dataclass(frozen=True)
class Trapframe:
    """The registers that a trap has saved."""

    regs: tuple[int, ...]
    pc: int
    status: int
    cause: int
    addr: int

    @classmethod
    def read(cls, root: int | None, address: int) -> Trapframe:
        words = struct.unpack("<36Q", guest.read_virtual(root, address, SIZE))
        return cls(words[:32], *words[32:])

    @property
    def from_user(self) -> bool:
        return not self.status & SPP

    @property
    def is_start(self) -> bool:
        """No trap: exec has made these for a program to start with."""
        return self.cause == 0 and not any(self.regs[:2] + self.regs[3:])

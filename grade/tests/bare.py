"""Tiny kernels in assembly, to test the harness without the kernel it is there to test."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path

from grade import images

_FOLDER = images.STATE / "bare"

# What every one of them may use. The finisher's word is code << 16 | 0x3333 for a failure.
_PRELUDE = r"""
        .equ    UART, 0x10000000
        .equ    FINISHER, 0x100000

        .macro  putc reg                # prints a register's low byte; t5, t6
        li      t6, UART
1:      lbu     t5, 5(t6)
        andi    t5, t5, 0x20
        beqz    t5, 1b
        sb      \reg, 0(t6)
        .endm

        .macro  getc reg                # waits for a byte; t5, t6
        li      t6, UART
1:      lbu     t5, 5(t6)
        andi    t5, t5, 1
        beqz    t5, 1b
        lbu     \reg, 0(t6)
        .endm

        .macro  print label             # prints a string; t3, t4
        la      t3, \label
3:      lbu     t4, 0(t3)
        beqz    t4, 4f
        putc    t4
        addi    t3, t3, 1
        j       3b
4:
        .endm

        .macro  finish code             # leaves QEMU with an exit status
        li      t6, FINISHER
        .if     \code
        li      t5, (\code << 16) | 0x3333
        .else
        li      t5, 0x5555
        .endif
        sw      t5, 0(t6)
5:      j       5b
        .endm

        .option norelax                 # every la is two instructions, here to stay
        .text
        .balign 8
        .global _start
_start:
"""


@cache
def toolchain() -> str:
    """The prefix of the cross tools."""
    return subprocess.run([images.ROOT / "tools" / "toolchain"], check=True, capture_output=True,
                          text=True).stdout.strip()


def assemble(source: str) -> Path:
    """The ELF file of a kernel whose _start runs `source`. Made once for each source."""
    text = _PRELUDE + source
    name = hashlib.sha256(text.encode()).hexdigest()[:16]
    elf = _FOLDER / f"{name}.elf"
    with images.lock("bare"):
        if not elf.exists():
            _assemble(text, elf)
    return elf


def _assemble(text: str, elf: Path) -> None:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    code, part = elf.with_suffix(".S"), elf.with_suffix(".part")
    code.write_text(text)
    subprocess.run([f"{toolchain()}gcc", "-march=rv64gc", "-mabi=lp64d", "-nostdlib", "-static",
                    "-g", "-Wl,-Ttext=0x80200000,--nmagic,--build-id=none", "-o", part, code],
                   check=True)
    part.replace(elf)

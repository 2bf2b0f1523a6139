"""make qemu in a student's tree: a machine that runs into an open hole is ended with its name."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from grade import hole_watch
from grade.elf import ROOT
from grade.tests.bare import assemble

HOLE = "li t6, 0x401e0102; j ."
IN_A_TRAP = f"""
        la t0, vector
        csrw stvec, t0
        unimp
        .balign 4
vector: {HOLE}
"""
IN_USER_MODE = f"""
        la t0, user
        csrw sepc, t0
        li t0, 0x100
        csrc sstatus, t0
        sret
user:   {HOLE}
"""
OTHER_T6 = "li t6, 0x401e0102\nnop\nfinish 5"


@pytest.fixture
def student(tmp_path):
    """A tree in which a lab has begun, as far as tools/qemu looks at it."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools/qemu", tmp_path / "tools/qemu")
    for folder in ("grade", "labs", "kern"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / ".lab").mkdir()
    (tmp_path / ".lab/state.json").write_text("{}")
    return tmp_path


def qemu(root, elf, *more):
    return subprocess.run(["/usr/bin/python3", root / "tools/qemu", "--elf", elf, *more],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("source", [HOLE, IN_A_TRAP, IN_USER_MODE])
def test_a_hole_ends_the_machine_with_a_sentence(student, source):
    done = qemu(student, assemble(source))
    assert done.returncode == 1
    assert "hole 1.2 is not written yet: From reset to C, kern/riscv/entry.S:" in done.stderr
    assert "(labs/1-first-light/README.md#task-2-from-reset-to-c)" in done.stderr


def test_a_hole_on_another_hart_counts_too(student):
    source = f"la t0, first\nli t1, 1\namoswap.w t1, t1, (t0)\nbeqz t1, wait\n{HOLE}\n" \
             "wait: li a7, 0x48534d; li a6, 0; xori a0, a0, 1; la a1, _start; li a2, 0; ecall\n" \
             "again: wfi\nj again\n.balign 4\nfirst: .word 0"
    done = qemu(student, assemble(source), "--harts", "2")
    assert done.returncode == 1 and "hole 1.2 is not written yet" in done.stderr


def test_the_exit_status_of_a_machine_is_handed_on(student):
    done = qemu(student, assemble(OTHER_T6))
    assert done.returncode == 5 and "hole" not in done.stderr


def test_a_tree_without_labs_is_not_watched(student):
    shutil.rmtree(student / ".lab")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["/usr/bin/python3", student / "tools/qemu", "--elf", assemble(HOLE)],
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=3)


def test_numbers_that_are_no_hole():
    assert hole_watch.hole_of(0x401e0102) == "1.2"
    assert hole_watch.hole_of(0x401e0d10) == "13.16"
    assert [hole_watch.hole_of(t6) for t6 in (0, 0x401e0000, 0x401e0100, 0x401f0102)] == [""] * 4

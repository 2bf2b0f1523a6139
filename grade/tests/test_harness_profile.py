"""The plugin counts exactly: against counts known beforehand and against rdinstret."""

import time

import pytest

from grade.errors import DeadlineExpired, MachineEnded
from grade.profile import Plugin
from grade.tests.bare import assemble

# `a` to `b`: 1 + 2 * 1000 instructions, five times.
LOOPS = """
        li s0, 5
a:      li a0, 1000
again:  addi a0, a0, -1
        bnez a0, again
b:      addi s0, s0, -1
        bnez s0, a
        finish 0
"""

# Loads and stores, jumps and compressed code between two readings of the hart's own counter.
MIXED = """
        la s0, buffer
        li s1, 300
first:  rdinstret s2
a:      ld a0, (s0)
        addi a0, a0, 1
        sd a0, (s0)
        lw a1, 4(s0)
        mul a2, a0, a1
        amoadd.d a3, a2, (s0)
        fence
        call helper
        addi s1, s1, -1
        bnez s1, a
second: rdinstret s3
        sub s3, s3, s2
        la a0, counted
        sd s3, (a0)
        print done
hang:   j hang
helper: c.addi sp, -16
        c.ld a0, (s0)
        c.sd a0, (s0)
        c.addi sp, 16
        ret
done:   .asciz "done"
        .balign 8
buffer: .dword 0, 0
counted: .dword 0
"""

# Reads the console's status register: under -icount QEMU restarts such blocks in the middle.
DEVICE = """
        li s0, UART
first:  rdinstret s2
        li s1, 50
a:      lbu a0, 5(s0)
        lbu a1, 5(s0)
        add a2, a0, a1
        lbu a1, 5(s0)
        addi s1, s1, -1
        bnez s1, a
second: rdinstret s3
        sub s3, s3, s2
        la a0, counted
        sd s3, (a0)
        print done
hang:   j hang
done:   .asciz "done"
        .balign 8
counted: .dword 0
"""

# A load that faults in the middle of a block. From a to b: addi, ld, the handler's four, add, add.
FAULT = """
        la a0, root
        li a1, (0x80000000 >> 2) | 0xcf # RAM, and the devices, but nothing at 0x40000000
        sd a1, 16(a0)
        li a1, 0xcf
        sd a1, (a0)
        srli a0, a0, 12
        li a1, 8 << 60
        or a0, a0, a1
        csrw satp, a0
        sfence.vma
        la t0, handler
        csrw stvec, t0
        li a1, 0x40000000
        li s0, 10
        j a
        .balign 4
handler:
        csrr t0, sepc
        addi t0, t0, 4
        csrw sepc, t0
        sret
a:      addi a2, zero, 1
        .option push
        .option norvc
        ld a0, (a1)
        .option pop
        add a2, a2, a2
        add a2, a2, a2
b:      addi s0, s0, -1
        bnez s0, a
        finish 0
        .balign 4096
root:   .skip 4096
"""

# Hart-wise counts: every hart started by the firmware runs `work` its own number of times.
HARTS = """
        mv s0, a0
        li s1, 0
start:  li a7, 0x48534D                 # start hart s1 by SBI's hart state management
        li a6, 0
        mv a0, s1
        la a1, other
        ecall
        addi s1, s1, 1
        li t0, 4
        bltu s1, t0, start
        mv a0, s0
other:  addi a0, a0, 1
        slli a0, a0, 4                  # (hart + 1) * 16 rounds
a:      addi a0, a0, -1
        bnez a0, a
b:      la t0, finished
        li t1, 1
        amoadd.w t1, t1, (t0)
        li t2, 2
        bne t1, t2, sleep
        finish 0
sleep:  wfi
        j sleep
        .balign 8
finished: .word 0
"""


@pytest.mark.parametrize("icount", [False, True])
def test_counts_are_those_of_the_program(boot, icount):
    machine = boot(assemble(LOOPS), icount=icount, plugin=Plugin([("a", "b")]))
    machine.wait()
    machine.close()
    region = machine.profile.regions[0]
    assert region.counts == [2001] * 5
    assert (region.times, region.min, region.mean, region.max) == (5, 2001, 2001.0, 2001)


def test_a_region_may_begin_in_the_middle_of_a_block(boot):
    machine = boot(assemble("nop\nnop\na: nop\nnop\nnop\nb: nop\nnop\nfinish 0"),
                   plugin=Plugin([("a", "b"), ("_start", "b"), ("a", "a")]))
    machine.wait()
    machine.close()
    assert [region.counts for region in machine.profile.regions] == [[3], [5], []]


def test_a_region_may_end_where_it_begins(boot):
    machine = boot(assemble(LOOPS), plugin=Plugin([("a", "a")]))
    machine.wait()
    machine.close()
    assert machine.profile.regions[0].counts == [2003] * 4


@pytest.mark.parametrize("source", [MIXED, DEVICE], ids=["memory", "device"])
def test_counts_agree_with_the_guests_own_counter(boot, source):
    machine = boot(assemble(source), icount=True, plugin=Plugin([("first", "second")]))
    machine.expect("done")
    by_guest = machine.read_u64("counted")
    machine.close()
    assert machine.profile.regions[0].counts == [by_guest]


@pytest.mark.parametrize("icount", [False, True])
def test_what_stands_behind_a_fault_is_not_counted_twice(boot, icount):
    machine = boot(assemble(FAULT), icount=icount, plugin=Plugin([("a", "b")]))
    machine.wait()
    machine.close()
    assert machine.profile.regions[0].counts == [8] * 10


@pytest.mark.parametrize("icount", [False, True])
def test_each_hart_is_counted_by_itself(boot, icount):
    machine = boot(assemble(HARTS), harts=3, icount=icount, plugin=Plugin([("a", "b")]))
    machine.wait()
    machine.close()
    assert sorted(machine.profile.regions[0].crossings) == [(0, 2), (1, 2), (2, 2)]


@pytest.mark.parametrize("icount", [False, True])
def test_profile_gives_every_instruction_to_its_function(boot, icount):
    machine = boot(assemble(MIXED), icount=icount, plugin=Plugin(stretches=True))
    machine.expect("done")
    machine.close()
    counts = machine.profile.functions(machine.symbols)
    assert counts["helper"] == 300 * 5
    assert counts["a"] == 300 * 11
    assert sum(counts.values()) == sum(machine.profile.executed)


def test_coverage_is_the_lines_that_ran(boot):
    machine = boot(assemble("j over\nnop\nover: nop\nfinish 0"), plugin=Plugin(stretches=True))
    machine.wait()
    machine.close()
    ran = machine.profile.pcs()
    start, over = (machine.symbols.address(name) for name in ("_start", "over"))
    lines = {line.number for line in machine.profile.lines(machine.symbols)}
    first = machine.symbols.line(start).number
    assert ran[start] == ran[over] == 1 and start + 2 not in ran
    assert {first, first + 2} <= lines and first + 1 not in lines


def test_idle_time_is_not_counted(boot):
    machine = boot(assemble("a: wfi\nj a"), plugin=Plugin())
    while machine.recorder.harts[0].pc != machine.symbols.address("a"):
        time.sleep(0.01)
    with machine.frozen():
        before = machine.recorder.harts[0].executed
    time.sleep(0.3)
    assert machine.recorder.harts[0].executed - before < 1000


def test_where_a_hang_is_can_be_seen_while_it_hangs(boot):
    machine = boot(assemble("call lost\nlost: nop\nhere: j here"), plugin=Plugin(), deadline=1)
    with pytest.raises(DeadlineExpired, match="hart 0 ran last: .*_start > lost > here"):
        machine.wait()
    assert machine.recorder.harts[0].functions(machine.symbols)[-1] == "here"


def test_a_region_that_is_no_symbol_is_refused(boot):
    with pytest.raises(KeyError, match="nowhere"):
        boot(assemble(LOOPS), plugin=Plugin([("a", "nowhere")]))


def test_a_plugin_that_cannot_write_is_reported(boot, monkeypatch):
    monkeypatch.setattr("grade.profile._RING", "no/such/folder")
    with pytest.raises(MachineEnded, match="no/such/folder"):
        boot(assemble(LOOPS), plugin=Plugin())

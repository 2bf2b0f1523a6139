"""Attacks from user mode: the programs of user/tests on many machines, and what they leave behind.

A program says what failed; here it is judged that it ended well, that the kernel is still in order
afterwards, and that all memory came back.
"""

from __future__ import annotations

import re

import pytest

from grade import images
from grade.machine import Machine
from grade.tests.campaign import FULL, MACHINES, name
from grade.tests.memory import SLACK_KIB, free_kib

PROGRAMS = sorted(path.stem for path in (images.ROOT / "user" / "tests").glob("t-*.c"))
PANIC = 134
MOST_RUNS = 5       # on one machine, to see whether memory is lost
PAGE, STACK = 4096, 12 * 1024       # of the kernel: a stack has a page below it that is not mapped


def run_program(machine: Machine, program: str) -> None:
    """Run one, at the prompt; it says how many checks it made."""
    result = machine.run(f"/tests/{program}", timeout=120)
    assert result.status == 0, result.output[-3000:]
    assert re.search(rf"^{program}: [1-9]\d* checks ok$", result.output, re.M), result.output


def processes(machine: Machine) -> list[str]:
    """The names of all processes, zombies included."""
    return sorted(row.split()[-1] for row in machine.run("ps").output.splitlines()[1:])


SLOW_ON_ONE_HART = ("t-tlb", "t-race", "t-mem")     # and with many they find more


def campaign() -> list:
    """Every program on every machine; in the short run not those that take long on one hart."""
    return [pytest.param(program, machine, id=f"{program}-{name(machine)}")
            for machine in MACHINES for program in PROGRAMS
            if FULL or program not in SLOW_ON_ONE_HART or machine[0] > 1]


@pytest.mark.parametrize("program,machine", campaign())
def test_attack_fails_and_leaves_nothing_behind(boot_shell, program, machine):
    """Twice: the first run may let the kernel's heap grow, the second must fit into that. With many
    harts it may grow once more; what is lost shows every time."""
    harts, icount = machine
    shell = boot_shell(harts=harts, icount=icount, deadline=300)
    free = []
    while len(free) < 2 or free[-1] < free[-2] - SLACK_KIB:
        assert len(free) <= MOST_RUNS, f"memory is lost: free were, in KiB, {free}"
        run_program(shell, program)
        free.append(free_kib(shell))
    assert processes(shell) == ["init", "ps", "sh"]
    assert shell.run("ls /tmp").output == ""
    shell.send("poweroff\n")
    assert shell.wait(20) == 0


@pytest.mark.skipif(not FULL, reason="so does the next, with less memory; part of make test-full")
@pytest.mark.parametrize("machine", MACHINES, ids=name)
def test_attacks_one_after_the_other_on_one_machine(boot, kernel, machine):
    """What one leaves behind must not trip the next."""
    harts, icount = machine
    shell = boot(kernel, harts=harts, icount=icount, args="-c 'sh /tests/run-all'", deadline=300)
    assert shell.wait() == 0
    assert re.search(rf"^run-all: {len(PROGRAMS)} tests ok$", shell.text, re.M)


def test_attacks_with_little_memory(boot, kernel):
    """Running out is then no rare event; t-mem alone needs more room to measure in."""
    names = " ".join(program for program in PROGRAMS if program != "t-mem")
    shell = boot(kernel, harts=2, memory="16M", args=f"-c 'sh /tests/run-all {names}'", deadline=300)
    assert shell.wait() == 0
    assert re.search(rf"^run-all: {len(PROGRAMS) - 1} tests ok$", shell.text, re.M)


# --- the kernel's own stack --------------------------------------------------------------------

def overflow(machine: Machine, function: str, sp: str, *more: str) -> dict[str, str]:
    """Let `function` run with another stack pointer, and read the report of what follows. `more` are
    commands for gdb."""
    machine.gdb(f"tbreak *{machine.symbols.address(function):#x}", "continue", f"set $sp = {sp}", *more)
    assert machine.wait(30) == PANIC
    line = re.search(r"^@@ panic (.*)$", machine.text, re.M)[1]
    return dict(re.findall(r"(\w+)=(\S+)", line))


@pytest.mark.parametrize("left", [0, 64])
def test_kernel_stack_overflow_is_reported_from_the_emergency_stack(boot, kernel, left):
    """A system call that comes to the end of its kernel stack: below is a page that is not mapped.
    No trapframe fits on that stack any more."""
    machine = boot(kernel, args="-c uname", gdb=True, frozen=True, icount=True)
    bottom = f"((unsigned long)$sp & ~{4 * PAGE - 1}UL) + {PAGE}"
    # An interrupt would find the stack pointer bad before the function stores below it.
    no_interrupts = ["set $sstatus = $sstatus & ~2UL"] if left == 0 else []
    fields = overflow(machine, "sys_uname", f"{bottom} + {left}", *no_interrupts)
    text = machine.text
    assert re.search(r"^panic: stack overflow: sp is 0x[0-9a-f]+, the stack 0x[0-9a-f]+\.\.0x", text,
                     re.M)
    low, high = (int(end, 16) for end in re.search(r"the stack (\w+)\.\.(\w+)", text).groups())
    assert high - low == STACK
    if left == 0:
        assert fields["cause"] == "15" and low - PAGE <= int(fields["addr"], 16) < low
    assert re.search(r"hart \d, thread \d+ \(uname\)", text)


def test_stack_overflow_without_guard_page_is_noticed_by_the_next_trap(build, boot):
    """The boot image does not translate: the timer finds the bad stack pointer."""
    machine = boot(build("boot"), gdb=True, frozen=True)
    bottom = machine.symbols.address("boot_stack")
    overflow(machine, "clock_start_ticks", f"{bottom + 16:#x}")
    assert "panic: stack overflow" in machine.text

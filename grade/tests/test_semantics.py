"""What system calls mean in a fused image: each row of the table in docs/writing-applications.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from grade.elf import ROOT
from grade.tests.fused import said

FAULT = 139


@dataclass(frozen=True)
class Try:
    """A program, and what must come of it."""

    status: int = 0
    pattern: str = ""                   # somewhere in what it says
    args: str = ""
    app: str = "semantics"
    choices: dict = field(default_factory=dict)
    memory: str = "128M"


BARE, NONE, TRAP = {"PAGING": "bare"}, {"SCHED": "none"}, {"SYSCALL": "trap"}
EVERYWHERE = [{}, BARE, NONE, TRAP, {"HARTS": 4}]

# What a row says beside what the program tries by itself.
ENDS = {
    "brk, sbrk": [Try(pattern="^row: brk, sbrk$", memory="512M")],     # where a quarter is more than 64 MiB
    "mmap, PROT_NONE": [Try(FAULT, "load page fault", "none"), Try(0, "read 0\nsurvived", "none", choices=BARE)],
    "mprotect": [Try(FAULT, "store page fault", "read-only"), Try(0, "survived", "read-only", choices=BARE)],
    "clone of a thread, pthread_create": [
        Try(pattern="^pthread_create: a thread$"), Try(pattern="^pthread_create: EAGAIN$", choices=NONE)],
    "kill, raise": [Try(128 + 15, args="kill")],
    "a null pointer, a wild store": [
        Try(FAULT, "store page fault.* at address 0x8$", "null"), Try(FAULT, "store page fault", "wild"),
        Try(FAULT, "store access fault.* at address 0x8$", "null", choices=BARE),
        Try(0, "survived", "wild", choices=BARE)],
    "stack overflow": [Try(FAULT, "^fault: stack overflow", "overflow")],
    "a stack of the program's own (coroutines)": [
        Try(pattern="coroutines: ok", app="coroutines"),
        Try(FAULT, "^fault: stack overflow", "overflow", app="coroutines")],
    "exit, return from main": [Try(3, args="exit"), Try(4, args="return")],
}


def table() -> list[str]:
    """The first column, as it reads."""
    text = (ROOT / "docs/writing-applications.md").read_text()
    rows = re.search(r"^\| call \| in a process \| in a fused image \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.M)[1]
    return [row.split(" | ")[0].removeprefix("| ").replace("`", "") for row in rows.splitlines()]


def rows_of_the_program() -> list[str]:
    source = (ROOT / "user/fused/semantics.c").read_text()
    return re.findall(r'^    \{"(.*)", row_\w+\},$', source, re.M)


def test_each_row_of_the_table_is_tried_and_nothing_else():
    assert len(table()) >= 20
    assert set(table()) == {*rows_of_the_program(), *ENDS}


@pytest.mark.parametrize("choices", EVERYWHERE, ids=str)
def test_calls_mean_what_the_table_says(boot, build, choices):
    machine = boot(build(APP="semantics", **choices), harts=choices.get("HARTS", 1))
    status = machine.wait()
    assert re.findall(r"^row: (.*)$", said(machine), re.M) == rows_of_the_program(), said(machine)
    assert status == 0
    assert re.findall(r"^libos: (.*) is not in this image", said(machine), re.M) == [
        "clone of a process", "clone of a process", "execve", "wait4"]


@pytest.mark.parametrize("row,number", [(row, number) for row, tries in ENDS.items()
                                        for number in range(len(tries))])
def test_a_row_that_tells_of_more_than_a_result(boot, build, row, number):
    it = ENDS[row][number]
    machine = boot(build(APP=it.app, **it.choices), args=it.args, memory=it.memory)
    assert machine.wait() == it.status, said(machine)
    assert re.search(it.pattern, said(machine), re.M), said(machine)

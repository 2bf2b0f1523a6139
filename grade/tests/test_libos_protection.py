"""What a program may not do in a fused image: each is reported, with where and how it came there."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from grade.elf import ROOT
from grade.symbols import explain
from grade.tests.fused import report, said, sentence

FAULT = 139
FETCH, LOAD, STORE = 12, 13, 15


@pytest.fixture(scope="module")
def wild(build):
    return build(APP="wild", ROOTFS="ramfs")


def functions(machine) -> list[str]:
    """The backtrace, as the host names it, without the shared beginnings of functions."""
    explained = explain(said(machine), [machine.symbols])
    names = re.findall(r"^    \| 0x[0-9a-f]+  (\S+?)\+", explained.split("backtrace:")[1], re.M)
    return [name for name in names if not name.startswith("__riscv_save_")]


@pytest.mark.parametrize("what,cause,address,culprit", [
    ("null-read", LOAD, 0, "read_from"),
    ("null-write", STORE, 8, "write_to"),
    ("text", STORE, "read_from", "write_to"),
    ("constant", STORE, None, "write_to"),
    ("firmware", LOAD, 0x80000000, "read_from"),
    ("device", STORE, 0x10000000, "write_to"),
    ("none", STORE, None, "write_to"),
    ("jump", FETCH, 0x1234, "jump_to"),
    ("data", FETCH, None, "jump_to"),
])
def test_wild_access_is_a_fault(boot, wild, what, cause, address, culprit):
    machine = boot(wild, args=what)
    assert machine.wait() == FAULT
    fields = report(machine, "fault")
    assert int(fields["cause"]) == cause and "survived" not in machine.text
    assert sentence(machine, "fault").endswith(f"at address {fields['addr']}")
    if address is not None:
        expected = machine.symbols.address(address) if isinstance(address, str) else address
        assert int(fields["addr"], 16) == expected
    names = functions(machine)
    assert names[0] == culprit and "main" in names[1:], names


@pytest.mark.parametrize("what,innermost,outer", [
    ("stack", "overflow", "main"),
    ("call", None, "overflow_in_call"),
    ("thread", "overflow", "in_thread"),
])
@pytest.mark.parametrize("syscall", ["call", "trap"])
def test_stack_overflow_is_called_that(boot, build, what, innermost, outer, syscall):
    machine = boot(build(APP="wild", ROOTFS="ramfs", SYSCALL=syscall), args=what)
    assert machine.wait() == FAULT
    assert re.match(r"stack overflow: sp is 0x[0-9a-f]+, the stack 0x[0-9a-f]+\.\.0x",
                    sentence(machine, "fault"))
    names = functions(machine)
    assert outer in names, names
    assert innermost in (None, names[0]), names


@pytest.mark.parametrize("harts", [1, 4])
def test_overflow_of_a_stack_of_its_own_is_called_that(boot, build, harts):
    machine = boot(build(APP="coroutines", HARTS=harts), args="overflow", harts=harts)
    assert machine.wait() == FAULT
    assert sentence(machine, "fault").startswith("stack overflow: sp is 0x")
    names = functions(machine)
    assert names[0] == "overflow" and "run_over" in names, names


def test_overflow_on_another_hart_is_reported(boot, build):
    machine = boot(build(APP="wild", ROOTFS="ramfs", HARTS=4), args="thread", harts=4)
    assert machine.wait() == FAULT
    assert sentence(machine, "fault").startswith("stack overflow")


def test_bare_protects_nothing_and_writes_no_satp(boot, build):
    image = build(APP="wild", ROOTFS="ramfs", PAGING="bare")
    machine = boot(image, args="constant")
    assert machine.wait() == 0
    assert "survived" in machine.text
    assert satp_writes(image.elf) == 0


def test_satp_is_written_once(wild):
    assert satp_writes(wild.elf) == 1


def satp_writes(elf) -> int:
    cross = subprocess.run([ROOT / "tools/toolchain"], check=True, capture_output=True,
                           text=True).stdout.strip()
    text = subprocess.run([f"{cross}objdump", "-d", "--no-show-raw-insn", elf], check=True,
                          capture_output=True, text=True).stdout
    return len(re.findall(r"\tcsrr?[wsc]i?\t.*\bsatp", re.sub(r"\tcsrr\t.*", "", text)))


def rights_at(machine, address: int) -> str:
    """Of "rwx" what the page table allows."""
    for mapping in machine.mappings():
        if mapping.va <= address < mapping.va + mapping.size:
            return "".join(c for c in mapping.letters.lower() if c in "rwx")
    return ""


@pytest.fixture(scope="module")
def asleep(boot_for_module, build):
    """A program that waits, with the table as it is after the start."""
    machine = boot_for_module(build(APP="sleep"), args="100")
    for _ in range(200):
        if machine.registers()["satp"]:
            break
        time.sleep(0.05)
    machine.freeze()
    return machine


@pytest.mark.parametrize("where,rights", [
    (0, ""), (0x80000000, ""), ("text_start", "rx"), ("text_end", "r"), ("rodata_end", "rw"),
    ("kern.main_stack", "rw"), ("kern.main_guard", ""), ("kern.boot_guard", ""),
    ("kern.emergency_stacks", ""), ("image_end", "rw"), (0x87fff000, "rw"),
])
def test_page_table_seen_from_outside(asleep, where, rights):
    assert rights_at(asleep, asleep.symbols.address(where)) == rights


def test_nothing_can_be_written_and_executed(asleep):
    letters = {mapping.letters for mapping in asleep.mappings()}
    assert letters and not any("W" in each and "X" in each for each in letters)

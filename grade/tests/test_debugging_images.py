"""The gdb commands where there is less to see: fused images, the course's images, no machine."""

from __future__ import annotations

import re

import pytest

from grade.tests.gdb import ask, ask_nobody, rows

NO_MACHINE = "no machine is attached: start one with `make qemu-gdb` in another terminal"


@pytest.fixture
def twothreads(boot, build):
    return boot(build(APP="twothreads"), gdb=True, frozen=True)


@pytest.fixture
def shim(boot, build):
    return boot(build(APP="hello", SYSCALL="trap"), gdb=True, frozen=True)


@pytest.fixture
def first_image(boot, build):
    return boot(build("boot"), gdb=True, frozen=True)


# --- fused -------------------------------------------------------------------------------------

def test_threads_of_a_fused_program(twothreads):
    _, _, threads, harts = ask(twothreads, "break sys_write", "continue", "threads", "harts")
    found = {row["tid"]: row for row in rows(threads)}
    assert found["1"]["state"] == "parked" and "kern/sys/futex.c" in found["1"]["where"]
    running = [row for row in found.values() if row["state"] == "running"]
    assert len(running) == 1 and running[0]["where"].startswith("sys_write kern/sys/")
    assert re.search(rf"^\* +0  {running[0]['tid']} ", harts, re.M)
    assert "not begun: the return from clone" in threads and "not begun: idle_loop" in threads


def test_tbt_in_a_fused_image_needs_no_trap(twothreads):
    _, _, tbt = ask(twothreads, "break sys_write", "continue", "tbt 1")
    assert "context_switch" in tbt and "--- trap" not in tbt
    assert re.search(r"pthread_join .*\n(.*\n)*#\d+ .* in main \(.*\) at user/twothreads.c", tbt)


def test_what_a_fused_image_does_not_have(twothreads):
    _, _, procs, user, pt, pt_of, frame = ask(
        twothreads, "break sys_write", "continue", "procs", "user sh", "pt $sp", "pt $sp 1",
        "trapframe 1")
    assert procs.startswith("a fused image has no processes: application and kernel are one")
    assert user.startswith("a fused image holds its program: the symbols are loaded already")
    assert "translation is off" in pt or "level 2" in pt
    assert pt_of.startswith("a fused image has no processes")
    assert frame.startswith("thread 1 (boot) never was in user mode")


def test_bt_goes_through_the_trap_shim(shim):
    _, _, bt = ask(shim, "break kern/sys/file_rw.c:sys_write", "continue", "bt")
    frames = r"#0 +sys_write .*\n#1 .*shim_vector .*\n#2 .* in sys_write .*\n#3 .* in write "
    assert re.search(frames, bt), bt
    assert "in main (" in bt


# --- the course's images -----------------------------------------------------------------------

def test_a_trap_in_the_first_image(first_image):
    _, _, bt, frame, threads, procs, user = ask(
        first_image, "break trap_kernel", "continue", "bt", "trapframe", "threads", "procs", "user")
    assert re.search(r"#0 +trap_kernel .*\n#1 .*vector.S.*\n#2 .* in command_break \(", bt), bt
    assert re.match(r"Trap at command_break kern/images/boot/traps.c:\d+: breakpoint\n  from the kernel",
                    frame)
    assert [row["name"] for row in rows(threads)] == ["boot"]
    assert procs == "this image has no processes\n"
    assert user == "this image has no processes, and no programs\n"


def test_pt_in_the_second_image(boot, build):
    machine = boot(build("maps"), args="kernel read 80200000", gdb=True, frozen=True)
    _, _, text, nothing = ask(machine, "break command_read", "continue", "pt $pc", "pt 0x40000000")
    assert "the kernel's own table" in text and "This is the kernel's text" in text
    assert "level 2" in nothing and "level 1" not in nothing
    assert "There is no translation: every access is a page fault." in nothing


# --- nobody there ------------------------------------------------------------------------------

@pytest.mark.parametrize("command", ["procs", "threads", "harts", "tbt", "tbt 1", "trapframe",
                                     "pt 0x80200000"])
def test_without_a_machine(command):
    said = ask_nobody(command)
    assert NO_MACHINE in said and "Traceback" not in said and "Python Exception" not in said


def test_functions_without_a_machine():
    assert re.search(r"= 0\n", ask_nobody("print $pid()"))


def test_user_without_symbols_of_the_kernel():
    assert "there are no symbols of the kernel: start gdb by `make gdb`" in ask_nobody("user sh")


def test_a_machine_without_symbols(first_image):
    answer = ask(first_image, "file", "threads")[1]
    assert "there are no symbols of the kernel" in answer

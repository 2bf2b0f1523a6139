"""gdb finds the machine that waits for it, and says so clearly when there is none."""

import os
import signal
import subprocess
import sys
import time

import pytest

from grade import images
from grade.tests.bare import assemble

PROGRAM = """
        li s0, 41
        addi s0, s0, 1
stop:   nop
        finish 6
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder for sessions which is nobody else's, and far too long a path for a socket."""
    deep = tmp_path / ("deep" * 12) / ("deeper" * 10) / "gdb"
    monkeypatch.setenv("GDB_SESSION", str(deep))
    deep.parent.mkdir(parents=True)
    monkeypatch.chdir(deep.parent)
    return deep


@pytest.fixture
def qemu_gdb(place):
    """Starts `tools/qemu --gdb` as in another terminal."""
    started = []

    def start() -> subprocess.Popen:
        line = [sys.executable, images.ROOT / "tools/qemu", "--gdb", "--elf", assemble(PROGRAM)]
        started.append(subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def attach(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, images.ROOT / "tools/gdb-attach", "-nx", "-batch", "--",
                           *words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def wait_for(path):
    until = time.monotonic() + 20
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.02)


def test_gdb_finds_the_waiting_machine(qemu_gdb, place):
    machine = qemu_gdb()
    assert "make gdb" in machine.stdout.readline()
    wait_for(place / "stub")
    done = attach("-ex", "break stop", "-ex", "continue", "-ex", "print/d $s0")
    assert "$1 = 42" in done.stdout, done.stdout + done.stderr
    assert machine.wait(timeout=20) == 6


def test_no_machine_at_all(place):
    done = attach()
    assert done.returncode == 1 and done.stderr == (
        "gdb: no machine waits for a debugger; run `make qemu-gdb` in another terminal first\n")


def test_a_machine_that_has_died_is_noticed(qemu_gdb, place):
    machine = qemu_gdb()
    wait_for(place / "stub")
    os.kill(machine.pid, signal.SIGKILL)
    machine.wait()
    done = attach()
    assert done.returncode == 1
    assert f"(process {machine.pid}) has ended" in done.stderr
    again = qemu_gdb()
    assert "waits for a debugger" in again.stdout.readline()


def test_a_second_machine_does_not_take_the_first_ones_place(qemu_gdb, place):
    first = qemu_gdb()
    wait_for(place / "stub")
    second = qemu_gdb()
    assert second.wait(timeout=20) == 1
    assert f"(process {first.pid}) waits for a debugger already" in second.stderr.read()
    assert first.poll() is None


def test_two_checkouts_do_not_collide(qemu_gdb, place, monkeypatch):
    first = qemu_gdb()
    wait_for(place / "stub")
    monkeypatch.setenv("GDB_SESSION", str(place.parent / "other"))
    second = qemu_gdb()
    wait_for(place.parent / "other" / "stub")
    assert first.poll() is None and second.poll() is None


def test_gdb_in_batch_mode_on_a_booted_machine(boot):
    machine = boot(assemble(PROGRAM), gdb=True, frozen=True)
    said = machine.gdb("break stop", "continue", "print/d $s0", "print/x $pc")
    assert "$1 = 42" in said and f"$2 = {machine.symbols.address('stop'):#x}" in said
    assert machine.wait() == 6

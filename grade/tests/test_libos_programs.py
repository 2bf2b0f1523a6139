"""Programs fused with the kernel do what they do in processes."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from grade.elf import ROOT
from grade.errors import BuildFailed
from grade.images import clean_environment, make
from grade.symbols import Symbols
from grade.tests.fused import said, sentence

PANIC = 134


def in_process(boot, kernel, command: str):
    machine = boot(kernel, args=f"-c '{command}'")
    return machine.wait(), said(machine)


# --- the same program in both shapes -------------------------------------------------------------

@pytest.mark.parametrize("app,args", [
    ("echo", "one  two   -n"), ("uname", "-a"), ("ls", "-l /tests/run-all /bin/sh"), ("ls", "/"),
    ("ls", "/nowhere"), ("cat", "/tests/run-all"), ("cat", "/nowhere"), ("wc", "/tests/run-all"),
    ("head", "-n 3 /tests/run-all"), ("grep", "failed /tests/run-all"), ("grep", "zzz /tests/run-all"),
    ("true", ""), ("false", ""), ("mkdir", "/tmp/a /tmp/a"), ("rm", "/tmp/none"), ("hello", "a b"),
])
def test_says_the_same_in_both_shapes(boot, build, kernel, app, args):
    machine = boot(build(APP=app, ROOTFS="cpio").elf, initrd=kernel.initrd, args=args)
    status = machine.wait()
    assert (status, said(machine)) == in_process(boot, kernel, f"{app} {args}")


# The tests that run from inside: all of them in processes, and fused those that need no second one.
# t-args and t-race hand the kernel bad pointers, which only a kernel of its own survives.
FUSED_TESTS = ["t-fds", "t-fp", "t-fs", "t-futex", "t-heap", "t-init", "t-map", "t-pipe-threads",
               "t-threads", "t-time"]
PROCESS_TESTS = ["t-args", "t-cow", "t-cputime", "t-exec", "t-fork", "t-fp-procs", "t-inherit",
                 "t-mem", "t-pipe", "t-race", "t-sig", "t-stack", "t-thread-ends", "t-tlb",
                 "t-unlinked"]


def test_every_test_from_inside_is_one_of_the_two():
    there = {path.stem for path in (ROOT / "user/tests").glob("t-*.c")}
    assert there == {*FUSED_TESTS, *PROCESS_TESTS}


@pytest.mark.parametrize("app", PROCESS_TESTS)
def test_what_does_not_run_fused_needs_processes(app):
    """Nothing is left out that could run in both shapes."""
    source = (ROOT / f"user/tests/{app}.c").read_text()
    assert re.search(r"\b(fork|in_child|check_no_leak)\(", source)


@pytest.mark.parametrize("harts", [1, 4])
@pytest.mark.parametrize("app", FUSED_TESTS)
def test_tests_from_inside_say_the_same_in_both_shapes(boot, build, kernel, app, harts):
    image = build(APP=app, ROOTFS="cpio", HARTS=harts)
    machine = boot(image.elf, initrd=kernel.initrd, harts=harts)
    assert machine.wait() == 0
    assert re.fullmatch(rf"{app}: \d+ checks ok\n", said(machine))
    process = boot(kernel, args=f"-c /tests/{app}", harts=harts)
    assert (process.wait(), said(process)) == (0, said(machine))


@pytest.mark.parametrize("words", ["'two words' \"and 'more'\" back\\\\slash", "", "''  a"])
def test_arguments_arrive_as_from_a_shell(boot, build, kernel, words):
    machine = boot(build(APP="hello"), args=words)
    assert machine.wait() == 0
    process = boot(kernel, args=f"-c {quoted('hello ' + words)}")
    assert process.wait() == 0
    assert said(machine) == said(process)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# --- what only a fused image has -----------------------------------------------------------------

@pytest.mark.parametrize("choices", [{}, {"PAGING": "bare"}])
def test_memory_calls_keep_their_promises(boot, build, choices):
    machine = boot(build(APP="memory", **choices))
    assert machine.wait() == 0
    assert said(machine) == "memory: ok\n"


@pytest.mark.parametrize("choices", [{}, {"HARTS": 4}, {"SYSCALL": "trap"}, {"PAGING": "bare"},
                                     {"HARTS": 4, "SYSCALL": "trap"}])
def test_threads(boot, build, choices):
    machine = boot(build(APP="threads", **choices), harts=choices.get("HARTS", 1))
    assert machine.wait() == 0
    assert said(machine) == "threads: ok\n"


@pytest.mark.parametrize("choices", [{}, {"HARTS": 4}, {"SYSCALL": "trap"}, {"PAGING": "bare"}])
def test_a_program_may_switch_to_stacks_of_its_own(boot, build, choices):
    machine = boot(build(APP="coroutines", **choices), harts=choices.get("HARTS", 1))
    assert machine.wait() == 0
    assert said(machine) == "coroutines: ok\n"


def test_without_a_scheduler_no_thread_is_made(boot, build):
    machine = boot(build(APP="threads", SCHED="none"))
    assert machine.wait() == 1
    assert said(machine).startswith("threads: pthread_create: Resource temporarily unavailable\n")


@pytest.mark.parametrize("sched", ["rr", "none"])
def test_sleeping_waits_for_the_clock(boot, build, sched):
    image = build(APP="sleep", SCHED=sched)
    before = time.monotonic()
    assert boot(image, args="2").wait() == 0
    assert time.monotonic() - before >= 2


@pytest.mark.parametrize("sched", ["rr", "none"])
@pytest.mark.parametrize("rootfs", ["none", "ramfs"])
def test_console_is_read_by_interrupts(boot, build, sched, rootfs):
    """With or without a scheduler: the reader sleeps until a line is typed."""
    machine = boot(build(APP="cat", SCHED=sched, ROOTFS=rootfs))
    machine.expect("MEDELEG")
    wait_until_asleep(machine)
    machine.send("typed lime\x7f\x7fne\n")
    machine.expect(re.compile(r"^typed line\s", re.M))
    machine.send("\x04")
    assert machine.wait() == 0
    assert said(machine).splitlines()[-1] == "typed line"


@pytest.mark.parametrize("app,choices", [("byname", {"ROOTFS": "ramfs", "CONSOLE": "both"}),
                                         ("byname", {"ROOTFS": "ramfs", "CONSOLE": "both", "LTO": 1}),
                                         ("renumber", {"ROOTFS": "ramfs"}), ("opened", {})])
def test_the_console_may_be_read_in_many_ways(boot, build, app, choices):
    machine = boot(build(APP=app, **choices))
    machine.expect("MEDELEG")
    wait_until_asleep(machine)
    machine.send("hi there\n")
    assert machine.wait() == 0
    assert said(machine).splitlines()[-1] in ("it says hi there", "9 bytes: hi there")


@pytest.mark.parametrize("app,choices", [("byname", {"ROOTFS": "ramfs"}), ("opened", {"CONSOLE": "out"})])
def test_a_console_without_input_says_so(boot, build, app, choices):
    machine = boot(build(APP=app, **choices))
    assert machine.wait() == 1
    assert said(machine).splitlines() == [
        "console: no input in this image: see CONSOLE=",
        f"{'read' if app == 'opened' else app}: No such device or address"]


def has_symbol(image, name: str) -> bool:
    return any(each.removeprefix("kern.") == name for each in Symbols(image.elf).table)


def test_who_reads_only_files_has_no_console_input(build):
    assert not has_symbol(build(APP="notes", ROOTFS="ramfs"), "read_input")
    assert has_symbol(build(APP="opened"), "read_input")


def test_code_for_doubles_is_there_exactly_for_who_prints_them(boot, build):
    image = build(APP="doubles")
    machine = boot(image)
    assert machine.wait() == 0
    assert said(machine).splitlines() == [
        "plain 1%, nested 0", "1 2 3 4 5 6 7 8 9 10 0.5", "0.50", "1e+100", "1.000000e-01", "2",
        " 10.0|"]
    assert has_symbol(image, "__format_double")
    assert not has_symbol(build(APP="notes", ROOTFS="ramfs"), "__format_double")


def wait_until_asleep(machine) -> None:
    """Until two looks find the hart waiting at the same instruction."""
    before = None
    for _ in range(100):
        now = machine.registers()["pc"]
        if now == before and machine.registers()["satp"]:
            return
        before = now
        time.sleep(0.1)
    raise AssertionError("the program never waits")


@pytest.mark.parametrize("app,status", [("true", 0), ("false", 1), ("grep", 2)])
def test_exit_status_is_that_of_main(boot, build, app, status):
    assert boot(build(APP=app, ROOTFS="ramfs")).wait() == status


@pytest.mark.parametrize("memory", ["3M", "4M", "64M", "4G"])
def test_starts_with_any_amount_of_memory(boot, build, memory):
    machine = boot(build(APP="hello"), memory=memory)
    assert machine.wait() == 0
    assert said(machine) == "hello, world\n"


# --- bad input -----------------------------------------------------------------------------------

def test_arguments_that_are_too_long(boot, build):
    machine = boot(build(APP="hello"), args="x" * 5000)
    assert machine.wait() == PANIC
    assert sentence(machine, "panic").startswith("ARGS is too long: 63 words, 4095 bytes fit")


def test_too_many_arguments(boot, build):
    machine = boot(build(APP="hello"), args="x " * 500)
    assert machine.wait() == PANIC
    assert sentence(machine, "panic").startswith("ARGS is too long: 63 words, 4095 bytes fit")


def test_root_that_is_no_cpio_archive(boot, build, tmp_path):
    image = build(APP="cat", ROOTFS="cpio")
    (tmp_path / "junk").write_bytes(b"junk" * 1000)
    machine = boot(image.elf, initrd=tmp_path / "junk", args="/x")
    assert machine.wait() == PANIC
    assert "the root file system is not a sound cpio" in sentence(machine, "panic")


def test_root_that_is_cut_short(boot, build, kernel, tmp_path):
    whole = kernel.initrd.read_bytes()
    (tmp_path / "half").write_bytes(whole[:len(whole) // 2 + 1])
    machine = boot(build(APP="cat", ROOTFS="cpio").elf, initrd=tmp_path / "half", args="/x")
    assert machine.wait() == PANIC
    assert "the root file system is not a sound cpio" in sentence(machine, "panic")


def test_root_that_is_missing(boot, build):
    machine = boot(build(APP="cat", ROOTFS="cpio").elf, args="/x")
    assert machine.wait() == PANIC
    assert "start the machine with -initrd" in sentence(machine, "panic")


@pytest.mark.parametrize("memory,answer", [
    ("1M", r"build/app-hello-\S+/onering.elf does not fit into MEMORY=1M: try MEMORY=3M"),
    ("2047K", r"\S+ does not fit into MEMORY=2047K: try MEMORY=3M"),
    ("plenty", r"MEMORY=plenty is no size of memory: say for instance MEMORY=64M"),
])
def test_a_machine_that_cannot_start_is_refused_in_one_sentence(memory, answer):
    done = subprocess.run(["tools/run", "APP=hello", f"MEMORY={memory}"], cwd=ROOT,
                          env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode != 0 and not done.stdout
    assert re.search(rf"^qemu: {answer}$", done.stderr, re.M), done.stderr


@pytest.mark.parametrize("app,with_initrd", [("greedy", False), ("ls", True)])
def test_what_does_not_fit_is_refused_and_fits_where_it_is_told(build, kernel, app, with_initrd):
    """What is told as enough is enough, and one MiB less is not."""
    image = build(APP=app, ROOTFS="cpio" if with_initrd else "none")
    line = ["tools/qemu", "--elf", image.elf, "--args", "/",
            *(["--initrd", kernel.initrd] if with_initrd else []), "--memory"]
    refused = start(*line, "3M")
    told = re.fullmatch(r"qemu: .* does not fit into MEMORY=3M: try MEMORY=(\d+)M\n", refused.stderr)
    assert refused.returncode == 1 and told, refused.stderr
    assert start(*line, f"{int(told[1]) - 1}M").returncode == 1
    done = start(*line, f"{told[1]}M")
    assert done.returncode == 0 and re.search("all there|bin", done.stdout)


def start(*line) -> subprocess.CompletedProcess:
    return subprocess.run(line, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60)


def test_little_memory_is_enough_for_a_file_system(boot, build):
    machine = boot(build(APP="ls", ROOTFS="ramfs"), memory="3M", args="/")
    assert machine.wait() == 0 and said(machine) == "dev\ntmp\n"


def test_several_harts_need_a_scheduler():
    with pytest.raises(BuildFailed, match="SCHED=none HARTS=4: without a scheduler"):
        make("APP=hello", "SCHED=none", "HARTS=4")


def test_paging_that_does_not_exist():
    with pytest.raises(BuildFailed, match="PAGING is one of: static bare"):
        make("APP=hello", "PAGING=magic")


def test_the_first_thread_is_interrupted_before_it_ever_waited(boot, build):
    """It was never queued, so nobody had given it a turn that could end."""
    machine = boot(build(APP="probe-call", ROOTFS="ramfs").elf, args="'spin 5'")
    assert machine.wait() == 0 and "spin 5, number 1" in said(machine)

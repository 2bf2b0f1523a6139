"""The gdb commands of tools/gdb on the kernel shape: what they say is what is the case."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from grade import images, memory
from grade.machine import Machine
from grade.tests.gdb import ask, rows

PAGE = 4096
UART = 0x10000000               # where QEMU's virt machine has it
USER_STACK = 0x7ffef000         # the page at the top of every first thread's stack


def entry(answer: str, level: int) -> tuple[int, str]:
    """The entry of this level that `pt` shows, and what it says about it."""
    found = re.search(rf"^level {level}: .*\n +(0x[0-9a-f]+) = (.*)$", answer, re.M)
    assert found, answer
    return int(found[1], 16), found[2]


# --- a shell at its prompt ---------------------------------------------------------------------

@dataclass(frozen=True)
class Prompt:
    """A machine at its prompt: a shell, a subshell that waits for its child, and that child."""

    machine: Machine
    sh: int
    subshell: int
    sleeper: int

    def ask(self, *commands: str) -> list[str]:
        return ask(self.machine, *commands)


@pytest.fixture(scope="module")
def prompt(boot_for_module, kernel) -> Prompt:
    machine = boot_for_module(kernel, harts=2, gdb=True)
    machine.run("(sleep 1000; true) &")
    machine.console.prompt()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        answer, = ask(machine, "procs")
        pids = {row["name"]: row for row in rows(answer)}
        if "sleep" in pids and "running" not in answer:
            sleeper = pids["sleep"]
            sh = next(row["pid"] for row in rows(answer)
                      if row["name"] == "sh" and row["ppid"] == "1")
            return Prompt(machine, int(sh), int(sleeper["ppid"]), int(sleeper["pid"]))
    raise AssertionError(answer)


def test_procs_lists_the_family(prompt):
    found = {int(row["pid"]): row for row in rows(prompt.ask("procs")[0])}
    assert found[1]["ppid"] == "0" and found[1]["name"] == "init"
    ancestors, pid = [], prompt.sleeper
    while pid:
        ancestors.append(found[pid]["name"])
        pid = int(found[pid]["ppid"])
    assert ancestors[0] == "sleep" and ancestors[-1] == "init" and len(ancestors) == len(found)
    assert set(ancestors[1:-1]) == {"sh"} and len(ancestors) > 3
    for row in found.values():
        assert row["state"] == "sleeping" and row["threads"] == "1" and int(row["pages"]) > 3


def test_procs_agrees_with_ps(prompt):
    answer, = prompt.ask("procs")
    listed = {row["pid"] for row in rows(answer)}
    shown = prompt.machine.run("ps").output
    prompt.machine.console.prompt()
    assert listed <= set(re.findall(r"^ *(\d+)", shown, re.M))


def test_threads_say_where_they_sleep(prompt):
    found = {int(row["tid"]): row for row in rows(prompt.ask("threads")[0]) if row["tid"] != "0"}
    assert {row["state"] for row in found.values()} == {"parked"}
    assert "kern/dev/tty" in found[prompt.sh]["where"]
    assert "kern/proc/wait.c" in found[prompt.subshell]["where"]
    assert "kern/sys/time.c" in found[prompt.sleeper]["where"]


def test_idle_threads_belong_to_the_kernel(prompt):
    idle = [row for row in rows(prompt.ask("threads")[0]) if row["tid"] == "0"]
    assert [row["name"] for row in idle] == ["idle", "idle"]
    assert {row["hart"] for row in idle} == {"0", "1"}
    assert all("idle_loop" in row["where"] for row in idle)


def test_harts_are_idle_at_the_prompt(prompt):
    heading, *lines = prompt.ask("harts")[0].splitlines()
    assert heading.split() == ["hart", "runs", "mode", "interrupts", "where"]
    assert [re.split(r"\s{2,}", line.strip("* "))[:3] for line in lines] == [
        ["0", "idle", "kernel"], ["1", "idle", "kernel"]]
    assert all("timer" in line and "idle_loop" in line for line in lines)
    assert len([line for line in lines if line.startswith("*")]) == 1


def test_tbt_goes_from_the_switch_through_the_trap_into_main(prompt):
    answer, = prompt.ask("tbt 1")
    frames = re.findall(r"^#(\d+) +(?:0x[0-9a-f]+ in )?(\w+) \(", answer, re.M)
    assert [int(number) for number, _ in frames] == list(range(len(frames)))
    names = [name for _, name in frames]
    assert names[0] == "context_switch" and names[-1] == "main"
    for above, below in (("context_switch", "sys_wait4"), ("sys_wait4", "from_user"),
                         ("from_user", "wait4"), ("wait4", "reap_until")):
        assert names.index(above) < names.index(below)
    assert re.search(r"^--- trap from user mode: system call 260, wait4\(pid=-1, status=0x", answer,
                     re.M)
    assert re.search(r"\bmain \(.*\) at user/init.c:\d+$", answer, re.M)


def test_tbt_knows_the_arguments_of_a_system_call(prompt):
    answer, = prompt.ask(f"tbt {prompt.sh}")
    assert re.search(r"system call 63, read\(fd=0, buf=0x[0-9a-f]+, size=\d+\)", answer)


def test_tbt_loads_symbols_only_if_there_are_none(prompt):
    first, second, third = prompt.ask("tbt 1", f"tbt {prompt.sh}", "user")
    assert "(symbols: user init)" in first and "user/init.c" in first
    assert "`user sh` names the functions" in second and "user/sh" not in second
    assert third.startswith("Loaded: init.")


def test_tbt_without_a_number_is_what_the_hart_runs(prompt):
    answer, = prompt.ask("tbt")
    assert answer.startswith("thread 0 (idle), running on hart") and "idle_loop" in answer


def test_tbt_takes_the_address_of_a_thread(prompt):
    answer, = prompt.ask("tbt harts[1].idle")
    assert answer.startswith("thread 0 (idle), running on hart 1")


def test_tbt_puts_every_register_back(prompt):
    show = "info registers"
    before, _, _, after = prompt.ask(show, f"tbt {prompt.sh}", "tbt 1", show)
    assert before == after and "satp" not in before
    csrs = "info registers satp priv sstatus sepc scause pc"
    before, _, after = prompt.ask(csrs, f"tbt {prompt.sleeper}", csrs)
    assert before == after
    assert prompt.machine.run("echo still here").output == "still here\n"
    prompt.machine.console.prompt()


def test_trapframe_of_a_thread(prompt):
    answer, = prompt.ask(f"trapframe {prompt.sleeper}")
    assert re.match(rf"Thread {prompt.sleeper} \(sleep\): system call \d+, (clock_)?nanosleep\(",
                    answer)
    assert "from user mode, interrupts on there" in answer
    number = int(re.search(r"system call (\d+)", answer)[1])
    assert f"a7  {number:016x}" in answer and "cause 8 " in answer
    assert re.search(r"pc  000000000001[0-9a-f]{4} ", answer)


def test_trapframe_where_there_is_none(prompt):
    answer, = prompt.ask("trapframe")
    assert answer.startswith("thread 0 (idle) never was in user mode")


def test_pt_finds_the_page_that_the_hardware_finds(prompt):
    answer, = prompt.ask(f"pt 0x10000 {prompt.sh}")
    root = int(re.search(r"level 2: table (0x[0-9a-f]+)", answer)[1], 16)
    with prompt.machine.frozen():
        leaf = memory.walk(prompt.machine.read_physical, 8 << 60 | root // PAGE, 0x10000)
    assert f"0x10000 is physical {leaf.pa:#x}." in answer
    assert entry(answer, 0) == (leaf.pa >> 2 | leaf.flags,
                                f"V R X U A D: leaf, a 4 KiB page at {leaf.pa:#x}")
    assert entry(answer, 1)[1].startswith("V: pointer to the table at 0x8")
    assert "User mode may read and execute it; to write it is a store page fault." in answer
    assert re.search(r"area 0x10000\.\.0x[0-9a-f]+ of the process \(read, execute\)", answer)


def test_pt_explains_copy_on_write(prompt):
    answer, = prompt.ask(f"pt {USER_STACK:#x} {prompt.subshell}")
    other, = prompt.ask(f"pt {USER_STACK:#x} 1")
    assert "COW" not in entry(other, 0)[1] and " W " in entry(other, 0)[1]
    shared, = prompt.ask("user sh", f"pt &__program {prompt.subshell}")[1:]
    assert "COW" in entry(shared, 0)[1] and " W" not in entry(shared, 0)[1]
    assert re.search(r"^COW: .* A store page fault will", shared, re.M), answer


def test_pt_explains_what_is_not_there_yet(prompt):
    answer, = prompt.ask(f"pt {USER_STACK - 64 * PAGE:#x} 1")
    assert entry(answer, 0) == (0, "0: nothing is mapped")
    assert "There is no translation: every access is a page fault." in answer
    assert re.search(r"\(read, write\)\. Nobody has touched this page yet", answer)


@pytest.mark.parametrize("va, said", [
    ("0", "Page 0 is never mapped"),
    ("0x40000000", "No area of the process is there: the fault ends it with SIGSEGV."),
    ("0x4000000000", "This is no Sv39 address"),
])
def test_pt_explains_why_an_access_would_be_an_error(prompt, va, said):
    assert said in prompt.ask(f"pt {va} 1")[0]


def test_pt_knows_the_parts_of_the_kernel(prompt):
    commands = ["pt image_main", "pt &harts", "pt harts[0].idle->stack_hi-1",
                "pt harts[0].idle->stack_lo-1", "pt harts[0].idle"]
    text, data, stack, guard, ram = prompt.ask(*commands)
    assert "The kernel may read and execute it; to write it is a store page fault" in text
    assert "This is the kernel's text" in text
    assert "The kernel may read and write it" in data and "the kernel's bss" in data
    assert "This is the stack of thread 0 (idle)" in stack
    assert "There is no translation" in guard
    assert "This is the guard page below the stack of thread 0 (idle)" in guard
    assert "This is RAM, mapped where it physically is." in ram
    assert "User mode may not touch it (U is clear)." in text


def test_pt_knows_a_superpage(prompt):
    answer, = prompt.ask("pt machine.fdt.start")
    assert re.search(r"leaf, a 2 MiB superpage at 0x8", entry(answer, 1)[1])
    assert "level 0" not in answer and "physical" in answer


def test_pt_knows_the_devices(prompt):
    with prompt.machine.frozen():
        uart = next(leaf.va for leaf in prompt.machine.mappings() if leaf.pa == UART)
    answer, = prompt.ask(f"pt {uart:#x}")
    assert "These are registers of the uart." in answer and f"is physical {UART:#x}." in answer


def test_user_switches_between_programs(prompt):
    commands = ["user sh", "info line main", "user cat", "info line main", "user", "user -",
                "info line main"]
    sh, in_sh, cat, in_cat, which, _, gone = prompt.ask(*commands)
    assert sh == "Symbols of build/user/bin/sh are loaded.\n"
    assert cat == "Symbols of build/user/bin/cat are loaded.\n"
    assert "user/sh/main.c" in in_sh and "user/cat.c" in in_cat
    assert which.startswith("Loaded: cat. There are: ") and " sh," in which
    assert 'Function "main" not defined' in gone


def test_every_command_has_help(prompt):
    listed = re.findall(r"^  (\w+) +(\S.*)$", prompt.ask("onering")[0], re.M)
    assert {name for name, _ in listed} == {"procs", "threads", "harts", "tbt", "trapframe", "pt",
                                            "user", "onering"}
    for (name, _), help_text in zip(listed, prompt.ask(*(f"help {name}" for name, _ in listed))):
        assert "not documented" not in help_text and len(help_text) > 30, name


@pytest.mark.parametrize("command, said", [
    ("tbt 9999", "there is no thread 9999; `threads` lists those there are"),
    ("tbt nonsense", 'tbt: No symbol "nonsense" in current context.'),
    ("tbt 1 2", "tbt: see `help tbt`"),
    ("trapframe 9999", "there is no thread 9999; `threads` lists those there are"),
    ("pt", "pt: see `help pt`"),
    ("pt nonsense", 'pt: No symbol "nonsense" in current context.'),
    ("pt 0 9999", "there is no process 9999; `procs` lists those there are"),
    ("user nonsense", "there is no program nonsense in build/user/bin; `user` lists those there "
                      "are"),
    ("user ../../../Makefile", "there is no program ../../../Makefile in build/user/bin; `user` "
                               "lists those there are"),
])
def test_a_mistake_is_answered_by_a_sentence(prompt, command, said):
    assert prompt.ask(command)[0].strip() == said


# --- machines that run -------------------------------------------------------------------------

@pytest.fixture
def busy(boot_shell) -> Iterator[Machine]:
    """Hart 0 or 1 runs a shell that never leaves user mode for long."""
    machine = boot_shell(harts=2, gdb=True)
    machine.send("while true; do true; done\n")
    machine.expect("done\n")
    yield machine


def test_a_hart_in_user_mode(busy):
    """All commands work while the selected hart sees nothing of the kernel."""
    for _ in range(20):     # it may be in a tick's trap just now
        harts, threads, procs, tbt, frame = ask(busy, "harts", "threads", "procs", "tbt 3",
                                                "trapframe 3")
        line = next(line for line in harts.splitlines() if re.search(r"\d sh ", line))
        if " user " in line:
            break
    assert re.search(r" on: .*timer.* 0x1[0-9a-f]{4}", line), harts
    assert re.search(r"^ +3 +sh +running +[01] +user 0x1", threads, re.M), threads
    assert re.search(r"^ +3 +1 +running on hart [01] +1 +\d+ +sh$", procs, re.M), procs
    assert re.search(r"main \(.*user/sh/main.c", tbt) and "from_user" not in tbt
    assert "It is in user mode right now" in frame


@pytest.mark.parametrize("place", ["*from_user", "*(from_user+4)", "*(from_user+18)", "user_trap",
                                   "sys_rt_sigpending", "*(user_vector_end-4)"])
def test_looking_leaves_the_registers_as_they_are(busy, place):
    """Wherever a hart stops on its way from user mode and back: what the commands exchange comes back."""
    registers = "info registers general priv satp"
    _, before, harts, tbt, *_, after = ask(
        busy, "user sh", f"tbreak {place}", "continue", registers, "harts", "tbt", "tbt 1", "tbt 4", "threads", "procs",
        "trapframe", registers)[2:]
    assert after == before and "pc " in before and "priv" in before
    assert re.search(r"^\* +[01] +3 sh ", harts, re.M), harts
    assert "main (" in tbt or place in ("*from_user", "*(from_user+4)"), tbt
    busy.send("\x03echo it goes on\n")
    busy.expect("\nit goes on")


@pytest.mark.parametrize("function", ["__riscv_save_4", "__riscv_restore_4"])
def test_saving_registers_hides_no_caller(busy, function):
    """Between the instructions of lib/save_restore.S too, gdb finds who called."""
    _, _, stop, *steps = ask(busy, "user sh", f"tbreak *{function} if $pc < 0x80000000", "continue",
                             *["stepi", "tbt"] * 10)
    assert "lib/save_restore.S" in stop
    for where, tbt in zip(steps[::2], steps[1::2]):
        assert re.search(r"main \(.*user/sh/main.c", tbt) and "corrupt" not in tbt, where + tbt


def test_a_thread_that_lost_its_turn_in_user_mode(boot_shell):
    """Two that spin share a hart: one of them waits for its turn, and goes on in its program. Their
    stacks are at the same addresses: what gdb remembers of one is no answer for the other."""
    machine = boot_shell(harts=1, gdb=True)
    machine.send("while true; do true; done &\nwhile true; do true; done\n")
    machine.expect("[1]")
    machine.expect("done")
    way = re.compile(r"context_switch (.*\n)+--- trap from user mode: \w+ interrupt\n(.*\n)+.*main \(")
    for _ in range(20):     # it may lose its turn while it brings a page, or at the end of a call, too
        threads, procs, *tbts = ask(machine, "threads", "procs", "tbt", "tbt 3", "tbt 4")
        waits = re.search(r"^ +(\d+) +sh +ready +\(0\) +user 0x1[0-9a-f]{4}$", threads, re.M)
        tbt = next((tbt for tbt in tbts if waits and tbt.startswith(f"thread {waits[1]} (sh), ready")), "")
        if way.search(tbt):
            break
    else:
        pytest.fail(f"it never lost its turn to an interrupt\n{threads}\n{tbt}")
    assert next(row["state"] for row in rows(procs) if row["pid"] == waits[1]) == "ready"


def test_pt_in_user_mode_sees_the_kernel(busy):
    answer, = ask(busy, "pt &harts")
    assert "This is the kernel's bss" in answer and "User mode may not touch it" in answer


@pytest.fixture
def pipeline(boot, kernel) -> Machine:
    """Nothing has run yet; what will is `echo` into `cat`, and then the end."""
    return boot(kernel, args="-c 'echo hello | cat'", harts=2, gdb=True, frozen=True)


def test_a_breakpoint_in_one_program(pipeline):
    answers = ask(pipeline, "user cat", 'break main if $runs("cat")', "continue",
                  'p $runs("cat")', 'p $runs("sh")', "p $pid() > 1 && $pid() == $tid()",
                  "backtrace", "next", "tbt", "delete", "continue")
    assert "hit Breakpoint 1, main (argc=1, argv=0x" in answers[2]
    assert [answers[i].split(" = ")[1].strip() for i in (3, 4, 5)] == ["1", "0", "1"]
    assert re.match(r"#0  main \(argc=1, .*\) at user/cat.c:\d+\n", answers[6])
    assert "(cat), running on hart" in answers[8]
    assert pipeline.wait() == 0 and pipeline.text.endswith("hello\n")


def test_bt_stops_behind_the_trap_and_tbt_goes_on(pipeline):
    _, _, _, bt, tbt, frame = ask(
        pipeline, "user cat", 'break kern/sys/file_rw.c:sys_read if $runs("cat")', "continue",
        "bt", "tbt", "trapframe")
    assert re.search(r"in from_user \(\).*\n#\d+ +0x[0-9a-f]+ in sys_read \(\)\n", bt)
    assert "at user/cat.c" in tbt and "--- trap from user mode: system call 63, read(" in tbt
    assert re.match(r"Trap at 0x[0-9a-f]+|Trap at sys_read", frame)


def test_symbols_change_under_a_breakpoint(pipeline):
    """It was at the kernel's function alone, and gets a location in the stub of the same name."""
    answers = ask(pipeline, "break sys_write", "continue", "tbt", "user cat", "user -", "harts",
                  "info registers pc", "info breakpoints")
    assert "warning" not in "".join(answers)
    assert "breakpoint already hit 1 time" in answers[-1] and "sys_write" in answers[-3]


def test_bt_goes_through_an_interrupt_of_the_kernel(boot, kernel):
    """It wakes a hart that idles: the trap is one of the kernel's own. The guest's time goes by
    instructions, or on a slow host the first one comes before the hart idles."""
    machine = boot(kernel, args="-c 'sleep 1'", gdb=True, frozen=True, icount="shift=0")
    _, _, bt, frame = ask(machine, "break trap_interrupt if $tid() == 0", "continue", "bt",
                          "trapframe")
    assert re.search(r"trap_kernel .*\n(.*\n)*.* in .*kern/riscv/vector.S.*\n(.*\n)*.*idle_loop",
                     bt), bt
    assert re.match(r"Trap at \w+.*: \w+ interrupt\n  from the kernel, interrupts on there", frame)


def test_a_thread_that_has_not_run_yet(pipeline):
    _, _, threads, tbt = ask(pipeline, "break thread_start", "continue", "threads",
                             "tbt thread")
    assert "not begun: " in threads and "running" in threads
    assert re.match(r"thread \d+ \(\w*\) has not run yet\. It will begin with \w+", tbt)


def test_before_the_kernel_is_up_everything_says_so(pipeline):
    pt, *answers = ask(pipeline, "pt 0x80200000", "procs", "threads", "harts", "tbt", "tbt 1",
                       "trapframe")
    assert pt == "hart 0: satp is 0x0: translation is off. 0x80200000 is the physical address.\n"
    for answer in answers:
        assert answer == ("the kernel has not come up yet: `tbreak image_main`, `continue`, and "
                          "try again\n")


def test_before_the_first_process(pipeline):
    _, _, procs, pt = ask(pipeline, "tbreak image_main", "continue", "procs", "pt $sp")
    assert procs.startswith("there is no process yet")
    assert "the kernel's own table" in pt and "the stack of thread 1 (boot)" in pt


def test_while_the_machine_runs(pipeline):
    _, answer = ask(pipeline, "continue &", "procs")[:2]
    assert "the machine is running: stop it first, with ^C or `interrupt`" in answer


def test_parked_harts_are_named(boot, build):
    image = build(SHAPE="kernel", HARTS=1)
    machine = boot(image, args="-c 'sleep 1000'", harts=2, gdb=True, frozen=True)
    answers = ask(machine, "tbreak sys_nanosleep", "tbreak sys_clock_nanosleep", "continue",
                  "harts")
    parked = re.search(r"Not used by the kernel: hart ([01])\.\n", answers[3])  # the firmware chose
    assert parked, answers[3]
    answers = ask(machine, f"thread {int(parked[1]) + 1}", "tbt")
    assert answers[1].startswith(
        f"hart {parked[1]} is parked in the firmware: this kernel does not use it")


# --- make gdb ----------------------------------------------------------------------------------

def test_make_gdb_brings_the_commands():
    assert "-x tools/gdb/onering.py" in images.make("-n", "gdb")

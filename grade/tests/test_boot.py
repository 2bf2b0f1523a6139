"""Power on to init: every machine the kernel must start on, and what it says when it cannot."""

from __future__ import annotations

import re

import pytest
from elftools.elf.elffile import ELFFile

from grade import images
from grade.machine import Machine
from grade.profile import Plugin
from grade.symbols import explain
from grade.tests.archive import archive, entry
from grade.tests.campaign import few

SMALLEST, LARGEST = "16M", "4G"
PANIC, MIB = 134, 1 << 20
CAUSE = {"fetch": 12, "read": 13, "write": 15}


def report(machine: Machine) -> dict[str, str]:
    """The fields of the one line that a panic prints for machines."""
    lines = re.findall(r"^@@ panic (.*)$", machine.text, re.M)
    assert len(lines) == 1, machine.text[-2000:]
    return dict(re.findall(r"(\w+)=(\S+)", lines[0]))


def sentence(machine: Machine) -> str:
    """What a panic says to people."""
    return re.search(r"^panic: (.*)$", machine.text, re.M)[1]


def traced_functions(machine: Machine) -> list[str]:
    """The functions of a panic's backtrace, as the host names them."""
    explained = explain(machine.text, [machine.symbols])
    return re.findall(r"^    \| 0x[0-9a-f]+  (\w+)\+", explained.split("backtrace:")[1], re.M)


# --- the machine -------------------------------------------------------------------------------

@pytest.mark.parametrize("memory", [SMALLEST, "17M", "32M", "128M", "1G", "3G", LARGEST])
def test_starts_with_any_amount_of_memory(boot, kernel, memory):
    machine = boot(kernel, memory=memory, args="-c free")
    assert machine.wait() == 0
    total = int(re.search(r"Mem: +(\d+)", machine.text)[1]) * 1024
    size = int(memory[:-1]) * (MIB if memory[-1] == "M" else 1024 * MIB)
    assert size - 4 * MIB < total + size // 200 and total < size


def test_memory_beyond_what_the_kernel_maps_is_left_alone(boot, kernel):
    """It cannot be reached, so it must not be handed out either."""
    machine = boot(kernel, memory="6G", args="-c free")
    assert machine.wait() == 0
    assert int(re.search(r"Mem: +(\d+)", machine.text)[1]) <= 4 * 1024 * 1024


@pytest.mark.parametrize("harts", few(1, 3, 8, 2, 5, 7, most=3))
def test_every_hart_runs_processes(boot, kernel, harts):
    """With a process to run for each hart, none stays idle. (A busy host gives some harts more time than
    others, and those take over work; an idle hart would have its ticks to show, a hundredth.)"""
    count = "i=0; while [ $i -lt 800 ]; do i=$((i + 1)); done"
    loops = " & ".join([f"( {count} )"] * harts)
    machine = boot(kernel, harts=harts, args=f"-c '{loops} & wait'", plugin=Plugin(ring=False))
    assert machine.wait() == 0
    machine.close()
    executed = machine.profile.executed
    assert len(executed) == harts and min(executed) > sum(executed) / harts / 10, executed


@pytest.mark.parametrize("configured,harts", [(8, 11), (8, 16), (1, 1), (1, 4), (3, 2), (3, 5),
                                              (16, 16), (16, 7)])
def test_harts_beyond_those_configured_stay_parked(build, boot, configured, harts):
    image = build(SHAPE="kernel", HARTS=configured)
    machine = boot(image, harts=harts, args="-c 'echo up | cat; exit 3'")
    assert machine.wait() == 3
    assert "\nup\n" in machine.text


def test_start_up_does_not_grow_with_memory(boot, kernel):
    """From _start to the first instruction of init; only the device tree may differ a little."""
    with (images.ROOT / "build/user/bin/init").open("rb") as file:
        entry = ELFFile(file)["e_entry"]
    counts = []
    for memory in (SMALLEST, "1G", LARGEST):
        machine = boot(kernel, memory=memory, icount=True, args="-c true",
                       plugin=Plugin(regions=[("_start", entry)]))
        assert machine.wait() == 0
        machine.close()
        counts.append(machine.profile.regions[0].min)
    assert max(counts) - min(counts) < 2000, counts
    assert max(counts) <= 600_000


# --- arguments and exit status -----------------------------------------------------------------

def test_bootargs_reach_init_with_their_quoting(boot, kernel):
    words = """-c 'echo "a  b" '"'c  d'"' e\\ f; exit 7'"""
    machine = boot(kernel, args=words)
    assert machine.wait() == 7
    assert "\na  b c d e f\n" in machine.text.replace("c  d", "c d")


@pytest.mark.parametrize("code,status", [(0, 0), (1, 1), (7, 7), (255, 255), (256, 0), (263, 7)])
def test_exit_status_of_init_is_that_of_the_machine(boot, kernel, code, status):
    assert boot(kernel, args=f"-c 'exit {code}'").wait() == status


def test_init_killed_by_a_signal_ends_the_machine_as_a_shell_would_say(boot, kernel):
    assert boot(kernel, args="-c 'kill -9 $$'").wait() == 128 + 9


def test_init_refuses_arguments_it_does_not_know(boot, kernel):
    machine = boot(kernel, args="--nonsense")
    assert machine.wait() == 2
    assert "usage: init" in machine.text


def test_too_many_bootargs_are_a_sentence(boot, kernel):
    machine = boot(kernel, args=" ".join("x" * 100))
    assert machine.wait() == PANIC
    assert "ARGS is too long" in sentence(machine)


# --- no root file system -----------------------------------------------------------------------

def test_no_initrd_is_a_sentence(boot, kernel):
    machine = boot(kernel, initrd=None)
    assert machine.wait() == PANIC
    assert "no root file system" in sentence(machine) and "-initrd" in sentence(machine)


def test_root_without_init_is_a_sentence(boot, kernel, tmp_path):
    (tmp_path / "root.cpio").write_bytes(archive(entry("bin/sh")))
    machine = boot(kernel, initrd=tmp_path / "root.cpio")
    assert machine.wait() == PANIC
    assert "/bin/init" in sentence(machine)


@pytest.mark.parametrize("contents", [b"", b"\x7fELF" + bytes(60), b"#!/bin/init", b"#!/bin/none"])
def test_init_that_is_no_program_is_a_sentence(boot, kernel, tmp_path, contents):
    (tmp_path / "root.cpio").write_bytes(archive(entry("bin/init", contents)))
    machine = boot(kernel, initrd=tmp_path / "root.cpio")
    assert machine.wait() == PANIC
    assert "/bin/init" in sentence(machine)


@pytest.mark.parametrize("where", ["magic", "header", "name", "contents", "last", "trailer"])
def test_truncated_root_is_a_sentence(boot, kernel, tmp_path, where):
    whole = kernel.initrd.read_bytes()
    at = {"magic": 3, "header": 60, "name": 111, "contents": len(whole) // 2,
          "last": whole.rindex(b"070701"), "trailer": whole.rindex(b"TRAILER!!!") + 5}[where]
    part = tmp_path / "part.cpio"
    part.write_bytes(whole[:at])
    machine = boot(kernel, initrd=part)
    assert machine.wait() == PANIC
    assert "not a sound cpio" in sentence(machine)


@pytest.mark.parametrize("junk", [bytes(4096), b"\x1f\x8b\x08" * 999, b"070701" + b"F" * 104,
                                  b"070701" + b"0" * 5000, b"070701" + b"z" * 5000])
def test_junk_instead_of_a_root_is_a_sentence(boot, kernel, tmp_path, junk):
    (tmp_path / "junk").write_bytes(junk)
    machine = boot(kernel, initrd=tmp_path / "junk")
    assert machine.wait() == PANIC
    assert "not a sound cpio" in sentence(machine)


def test_root_too_large_for_the_memory_is_a_sentence(boot, kernel, tmp_path):
    """A path of many directories takes little room in the archive, but a node for each of them."""
    deep = [entry(f"{number}/{'d/' * 500}f") for number in range(100)]
    (tmp_path / "large.cpio").write_bytes(archive(*deep))
    machine = boot(kernel, initrd=tmp_path / "large.cpio", memory="6M")
    assert machine.wait() == 1
    assert "\nonering: no memory for the root file system: give the machine more (-m)\n" in \
        machine.text.replace("\r", "")


# --- the images of the course ------------------------------------------------------------------

def test_spark_says_its_sentence(build, boot):
    machine = boot(build("spark"))
    assert machine.wait() == 0
    assert machine.text.rstrip().endswith("First light.")


def test_boot_image_takes_a_breakpoint_and_counts_ticks(build, boot):
    image = build("boot")
    machine = boot(image, memory="64M", harts=3)
    assert machine.wait() == 0
    lines = re.findall(r"^boot: (.*)$", machine.text, re.M)
    assert re.fullmatch(r"hart \d of 3, 64 MiB of memory at 0x80000000, clock \d+ Hz", lines[0])
    assert lines[1] == 'arguments ""'
    where = int(re.fullmatch(r"breakpoint at (0x[0-9a-f]+)", lines[2])[1], 16)
    assert machine.symbols.function(where).name == "command_break"
    ticks = [re.fullmatch(r"tick (\d) after \d+ us", line) for line in lines[3:6]]
    assert [tick[1] for tick in ticks] == ["1", "2", "3"]
    # How often depends on how late the host let the ticks be; lab 1's tests see it exactly.
    assert re.fullmatch(r"gave way [1-3] times", lines[6]) and lines[7:] == ["done"]


def test_boot_image_does_what_the_bootargs_ask_for(build, boot):
    machine = boot(build("boot"), args="say 'two words' nest 2 aside 9 say end")
    assert machine.wait() == 0
    lines = re.findall(r"^boot: (.*)$", machine.text, re.M)[2:]
    assert [line for line in lines if "breakpoint" not in line] == [
        "two words", "back from the depth", "9 steps aside", "end", "done"]


@pytest.mark.parametrize("args", ["nonsense", "say", "say a nonsense"])
def test_boot_image_refuses_a_command_that_there_is_not(build, boot, args):
    machine = boot(build("boot"), args=args)
    assert machine.wait() == 2
    assert re.search(r"boot: there is no command .* There are: say .* panic", machine.text)


def test_maps_image_without_words_walks_a_table_made_by_hand(build, boot):
    machine = boot(build("maps"))
    assert machine.wait() == 0
    symbol = machine.symbols.address
    walks = re.findall(r"^maps: walk \w+ level (\d) at (\w+) entry (\w+)$", machine.text, re.M)
    tables = [int(table, 16) for table in
              re.search(r"demo root (\w+) middle (\w+) low (\w+)", machine.text).groups()]
    assert [int(level) for level, _, _ in walks] == [0, 1, 2]
    assert [int(at, 16) & ~4095 for _, at, _ in walks] == tables[::-1]
    assert int(walks[0][2], 16) >> 10 << 12 == symbol("page")


def test_maps_image_maps_what_it_is_asked_to(build, boot):
    machine = boot(build("maps"), args="map 40000000 84000000 VRWAD 0 on write 40000008 "
                                       "read 84000008 unmap 40000000 40001000 try read 40000000 park")
    machine.expect("maps: parked")
    assert "maps: read 84000008: 40000008" in machine.text
    assert "maps: read 40000000 faults: cause 13 at 40000000" in machine.text
    assert {m.size for m in machine.mappings()} == {4096, 1 << 30}
    assert not [m for m in machine.mappings() if m.va == 0x40000000]


def test_the_machine_marks_entries_in_ram_and_cannot_in_flash(build, boot):
    """What the planted bug of lab 2 relies on."""
    machine = boot(build("maps"), args="map 40000000 84000000 VRW 0 on read 40000000 walk 40000000 "
                                       "write 40000000 walk 40000000")
    assert machine.wait() == 0
    flags = [int(entry, 16) & 0xff for entry in re.findall(r" entry (\w+)$", machine.text, re.M)]
    assert flags == [0b01000111, 0b11000111]        # A; A and D
    machine = boot(build("maps"), args="flash 40000000 84000000 2 on write 40001000 read 84001000 "
                                       "try read 40002000 walk 40000000")
    assert machine.wait() == 0
    assert "maps: read 84001000: 40001000" in machine.text
    assert "maps: read 40002000 faults: cause 13" in machine.text
    assert re.search(r"walk 40000000 level 0 at 22000000 entry 210000c7$", machine.text, re.M)


def test_maps_image_names_a_command_it_does_not_know(build, boot):
    machine = boot(build("maps"), args="map 40000000")
    assert machine.wait() == 2
    assert "there is no command map with that many words. There are: tables root" in machine.text


def addresses(machine: Machine) -> dict[str, int]:
    symbol = machine.symbols.address
    return {"null": 0, "low": 0x1000, "text": symbol("text_start"), "code": symbol("image_main"),
            "constants": symbol("text_end"), "data": symbol("rodata_end"),
            "ram": symbol("rodata_end") + 4 * MIB, "beyond": 0x8000000000,
            "kernel stack guard": 0xffffffff80000000, "no device": 0xfffffffffffff000}


MAPS = [("text", "r-x"), ("code", "r-x"), ("constants", "r--"), ("data", "rw-"), ("ram", "rw-"),
        ("null", "---"), ("low", "---"), ("beyond", "---"), ("kernel stack guard", "---"),
        ("no device", "---")]


# What the report of the fault says of the page table.
REASON = {"text": "entry at level 0", "code": "entry at level 0", "constants": "entry at level 0",
          "data": "lacks X", "ram": "entry at level 1", "null": "level 2, 0, lacks V",
          "low": "level 2, 0, lacks V", "beyond": "bits 63 to 39 are not all like bit 38",
          "kernel stack guard": "level 1, 0, lacks V", "no device": "level 1, 0, lacks V"}


@pytest.mark.parametrize("access,letter", [("read", "r"), ("write", "w"), ("fetch", "x")])
@pytest.mark.parametrize("place,may", MAPS, ids=[place for place, _ in MAPS])
def test_kernel_memory_grants_just_what_it_must(build, boot, place, may, access, letter):
    image = build("maps")
    address = addresses(probe := boot(image, frozen=True))[place]
    probe.close()
    if letter in may and access == "fetch":
        pytest.skip("what would run there is anything")
    machine = boot(image, args=f"kernel {access} {address:#x}")
    status = machine.wait()
    if letter in may:
        assert status == 0 and "maps: done" in machine.text
        return
    fields = report(machine)
    assert status == PANIC
    assert (int(fields["cause"]), int(fields["addr"], 16)) == (CAUSE[access], address)
    assert REASON[place] in sentence(machine)


# --- the report of a panic ---------------------------------------------------------------------

def test_panic_reports_hart_sentence_and_a_backtrace_with_names(build, boot):
    machine = boot(build("boot"), args="panic")
    assert machine.wait() == PANIC
    assert sentence(machine) == "asked to panic by the bootargs"
    assert "hart 0, thread 1 (boot)" in machine.text
    assert report(machine)["hart"] == "0"
    assert traced_functions(machine)[:3] == ["command_panic", "commands_run", "image_main"]


def test_fault_in_the_kernel_reports_registers_cause_and_place(build, boot):
    machine = boot(build("boot"), args="fault store 8")
    assert machine.wait() == PANIC
    fields = report(machine)
    assert (fields["cause"], fields["addr"]) == ("7", "0x8")   # not translated: an access fault
    assert machine.symbols.function(int(fields["pc"], 16)).name == "command_fault"
    assert "store access fault" in sentence(machine)
    shown = dict(re.findall(r"\b(pc|ra|sp|gp|a0|s11|t6) +([0-9a-f]{16})", machine.text))
    assert set(shown) == {"pc", "ra", "sp", "gp", "a0", "s11", "t6"}
    assert int(shown["pc"], 16) == int(fields["pc"], 16)
    assert int(shown["gp"], 16) == machine.symbols.address("__global_pointer$")
    assert traced_functions(machine)[:3] == ["command_fault", "commands_run", "image_main"]


def test_jump_to_nowhere_names_the_function_that_jumped(build, boot):
    """The bad address has no name; whoever called it does."""
    machine = boot(build("maps"), args="kernel fetch 0x10")
    assert machine.wait() == PANIC
    assert report(machine)["pc"] == "0x10"
    assert {"command_fetch", "commands_run"} & set(traced_functions(machine))

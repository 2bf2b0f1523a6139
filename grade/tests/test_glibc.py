"""Unmodified programs: C for Linux, compiled against glibc, linked statically, run as they are.

Their sources are grade/guests/*.c. Each checks itself and says "NAME ok" at the end; what it checks
must hold on Linux as well.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from grade import images
from grade.images import Image
from grade.tests import archive
from grade.tests.campaign import FULL, MACHINES, name
from grade.tests.memory import SLACK_KIB, free_kib

SOURCES = images.ROOT / "grade" / "guests"
PROGRAMS = sorted(path.stem for path in SOURCES.glob("*.c"))
CHECKED = [program for program in PROGRAMS if program != "lines"]
COMPILER = "riscv64-linux-gnu-gcc"


def compile_guest(program: str) -> Path:
    """The program, made anew if its source is newer."""
    source, built = SOURCES / f"{program}.c", images.STATE / "guests" / program
    newest = max(path.stat().st_mtime for path in (source, *SOURCES.glob("*.h")))
    if not built.exists() or built.stat().st_mtime < newest:
        built.parent.mkdir(parents=True, exist_ok=True)
        part = built.with_suffix(".part")
        subprocess.run([COMPILER, "-static", "-O2", "-s", "-Wall", "-Wextra", "-Werror", "-pthread",
                        "-o", part, source, "-lm"], check=True)
        part.replace(built)
    return built


@pytest.fixture(scope="session")
def linux(kernel: Image, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The kernel shape with the programs in /linux."""
    if not shutil.which(COMPILER):
        pytest.skip(f"{COMPILER} is not installed (Debian: gcc-riscv64-linux-gnu)")
    with images.lock("guests"):
        built = {program: compile_guest(program).read_bytes() for program in PROGRAMS}
    entries = [archive.entry(f"linux/{program}", code) for program, code in built.items()]
    root = tmp_path_factory.mktemp("linux") / "root.cpio"
    root.write_bytes(archive.extended(kernel.initrd, *entries))
    return Image(kernel.elf, root)


@pytest.mark.parametrize("machine", MACHINES + ([] if FULL else [(2, False)]), ids=name)
@pytest.mark.parametrize("program", CHECKED)
def test_program_for_linux_runs_unmodified(boot, linux, program, machine):
    harts, icount = machine
    running = boot(linux, args=f"-c '/linux/{program} arg'", harts=harts, icount=icount)
    assert running.wait() == 0
    assert f"\n{program} ok" in running.text


def test_printf_of_glibc_shows_floating_point_and_arguments(boot, linux):
    running = boot(linux, args="-c '/linux/stdio hello'")
    assert running.wait() == 0
    assert "\nstdio ok 0.67 hello\n" in running.text


@pytest.mark.parametrize("machine", MACHINES, ids=name)
def test_pipeline_of_programs_sorts_many_lines(boot, linux, machine):
    harts, icount = machine
    pipeline = "/linux/lines make 7000 | /linux/lines sort | /linux/lines check 7000"
    running = boot(linux, args=f"-c '{pipeline}'", harts=harts, icount=icount)
    assert running.wait() == 0
    assert "\nlines ok 7000\n" in running.text


def test_programs_side_by_side_do_not_disturb_each_other(boot, linux):
    """The C library's programs, all at once."""
    jobs = " & ".join(f"/linux/{program} || echo {program} FAILED" for program in CHECKED)
    running = boot(linux, args=f"-c '{jobs} & wait'", harts=4)
    assert running.wait() == 0
    assert "FAILED" not in running.text
    assert all(f"{program} ok" in running.text for program in CHECKED)


def test_memory_of_programs_is_given_back(boot, linux):
    """After a first round, which lets the kernel's heap grow, a second one leaves nothing behind."""
    machine = boot(linux, harts=2)
    free = []
    for _ in range(3):
        for program in ("memory", "processes", "threads", "floats"):
            assert machine.run(f"/linux/{program}", timeout=60).status == 0
        free.append(free_kib(machine))
    assert free[2] >= free[1] - SLACK_KIB, free

"""The tests are tested: break the kernel in one place, and the program named here must notice.

A mutant is the source with one thing left out. It is built in a copy of the tree, the build
directory included, so that only what changed is compiled. If the text to replace is not found, the
mutant is out of date: that is a failure, not a pass.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from grade import images
from grade.errors import HarnessError
from grade.images import Image
from grade.tests.campaign import FULL

COPIED = ("Makefile", "grade", "kern", "lib", "linker", "tools", "user")
BUILT = ("gen", "kern-kernel-h8", "user")       # below build/; root.cpio is used where it is
PATIENCE = 40.0     # seconds; a lost wake-up shows by nothing happening


@dataclass(frozen=True)
class Mutant:
    """What is left out, where, and who notices on which machine."""

    name: str
    file: str
    before: str
    after: str
    observer: str
    harts: int = 1
    quick: bool = False
    runs: int = 1       # a race may take several runs to show


MUTANTS = [
    Mutant("fork leaves pages writable", "kern/mem/vmspace_pages.c",
           "*entry = (*entry & ~PTE_W) | PTE_COW;\n", "*entry |= PTE_COW;\n", "t-cow", quick=True),
    Mutant("fork takes no reference to a shared page", "kern/mem/vmspace_pages.c",
           "    page_ref((void *)pte_to_pa(*entry));\n", "", "t-cow", quick=True),
    Mutant("a switch does not save floating-point registers", "kern/riscv/switch.S",
           "    jal     t0, fp_store\n1:", "1:", "t-fp", quick=True),
    Mutant("a switch does not load floating-point registers", "kern/riscv/switch.S",
           "    jal     t0, fp_load\n", "", "t-fp"),
    Mutant("a futex wakes nobody", "kern/sys/futex.c",
           "    thread_unpark(waiter->thread);\n", "", "t-futex"),
    Mutant("a futex waiter sleeps without looking", "kern/sys/futex.c",
           "if (value != expected)", "if (value != expected && value == expected)", "t-futex"),
    Mutant("a wake-up that comes early is forgotten", "kern/sched/park.c",
           "        thread->wake_token = true;\n", "        (void)0;\n", "t-threads", 4, runs=5),
    Mutant("a spin lock does not lock", "kern/sched/spinlock.h",
           "bnez t0, 2f", "nop", "t-threads", 4, runs=5),
    Mutant("a mutex does not lock", "kern/sched/mutex.h",
           "if (unlikely(!mutex_trylock(mutex)))\n        mutex_lock_contended(mutex);",
           "(void)mutex_trylock(mutex);", "t-pipe", 4, runs=3),
    Mutant("a mutex does not lock an address space", "kern/sched/mutex.h",
           "if (unlikely(!mutex_trylock(mutex)))\n        mutex_lock_contended(mutex);",
           "(void)mutex_trylock(mutex);", "t-race", 4, runs=3),
    Mutant("unmapping leaves this hart's translation", "kern/mem/vmspace.c",
           "        sfence_vma_page(va);\n    else\n        sfence_vma_all();\n",
           "        (void)0;\n", "t-tlb"),
    Mutant("unmapping leaves other harts' translations", "kern/mem/vmspace.c",
           "    harts_sfence(harts, va, len);\n", "    (void)harts;\n", "t-tlb", 4, runs=5),
    Mutant("an unmapped page is not freed", "kern/riscv/sv39_range.c",
           "                release((void *)pte_to_pa(run.entries[i]));\n",
           "                (void)release;\n", "t-mem"),
    Mutant("unmapping frees at once, the other harts are told later", "kern/riscv/sv39_range.c",
           "    owner->forget(owner->space, start, end - start);\n    sv39_release(", "    sv39_release(",
           "t-tlb", 4, runs=5),
    Mutant("a write to a shared page takes it over", "kern/mem/fault.c",
           "if (page_refs(page) == 1)", "if (page_refs(page) >= 1)", "t-cow", quick=True),
    Mutant("the kernel writes to pages that are write-protected", "kern/mem/uaccess.c",
           "PTE_V | PTE_U | want << 1;", "PTE_V | PTE_U | (want & 0);", "t-args"),
    Mutant("a pipe forgets to wake its reader", "kern/fs/pipe.c",
           "    long result = write_locked(pipe, io, file_flags);\n    mutex_unlock(&pipe->lock);\n"
           "    waitq_wake_all(&pipe->readable);\n",
           "    long result = write_locked(pipe, io, file_flags);\n    mutex_unlock(&pipe->lock);\n",
           "t-pipe"),
    Mutant("short writes to a pipe are not in one piece", "kern/fs/pipe.c",
           "size_t needed = io->left <= PIPE_BUF ? io->left : 1;", "size_t needed = 1;",
           "t-pipe", 4, runs=3),
    Mutant("a process keeps its files when it ends", "kern/proc/exit.c",
           "    fdtable_unref(proc->fs.files);\n", "", "t-pipe"),
]

# Several places check that user memory is user memory: all of them are left out.
UNCHECKED = (
    ("kern/mem/uaccess.c", "n > USER_END || va > USER_END - n", "(n == 0 && va == 0)"),
    ("kern/mem/uaccess.c", "PTE_V | PTE_U | want << 1;", "PTE_V | want << 1;"),
)


def copy_tree(to: Path) -> None:
    """The sources and what was built of them; times are kept, so that make finds it up to date."""
    for name in COPIED:
        source = images.ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, to / name)
    for name in BUILT:
        shutil.copytree(images.ROOT / "build" / name, to / "build" / name)


def replace(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert text.count(before) == 1, f"{file.name} has not one {before!r}: the mutant is out of date"
    file.write_text(text.replace(before, after))


def build_mutant(tree: Path, kernel: Image, edits: tuple[tuple[str, str, str], ...]) -> Image:
    with images.lock("build"):
        copy_tree(tree)
    for file, before, after in edits:
        replace(tree / file, before, after)
    elf = kernel.elf.relative_to(images.ROOT)
    done = subprocess.run(["make", "-s", "-C", tree, str(elf)], capture_output=True, text=True,
                          env=images.clean_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return Image(tree / elf, kernel.initrd)


def notices(boot, image: Image, observer: str, harts: int) -> bool:
    """The observer does not end well: it says so, hangs, or the kernel panics."""
    machine = boot(image, args=f"-c /tests/{observer}", harts=harts, icount=harts == 1,
                   deadline=PATIENCE)
    try:
        ended_well = machine.wait() == 0
    except HarnessError:
        return True
    finally:
        machine.close()
    return not (ended_well and re.search(rf"^{observer}: \d+ checks ok", machine.text, re.M))


@pytest.mark.parametrize("mutant", [mutant for mutant in MUTANTS if mutant.quick or FULL],
                         ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_mutant_is_noticed(boot, kernel, tmp_path, mutant):
    image = build_mutant(tmp_path, kernel, ((mutant.file, mutant.before, mutant.after),))
    noticed = any(notices(boot, image, mutant.observer, mutant.harts) for _ in range(mutant.runs))
    assert noticed, f"{mutant.observer} ends well although {mutant.name}"


@pytest.mark.skipif(not FULL, reason="part of the campaign: make test-full")
def test_unchecked_user_pointers_are_noticed(boot, kernel, tmp_path):
    image = build_mutant(tmp_path, kernel, UNCHECKED)
    assert notices(boot, image, "t-args", harts=1)


@pytest.mark.parametrize("observer,harts", sorted({(mutant.observer, mutant.harts)
                                                   for mutant in MUTANTS if mutant.quick or FULL}))
def test_observer_ends_well_without_a_mutant(boot, kernel, observer, harts):
    """Else it would notice anything."""
    assert not notices(boot, kernel, observer, harts)

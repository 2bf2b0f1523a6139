"""What is linked into each image, and what is not: the linker is the configurator."""

from __future__ import annotations

import hashlib
import re
import subprocess

import pytest

from grade.elf import ROOT
from grade.images import lock, make

FUSED = [("hello", "call"), ("hello", "trap"), ("twothreads", "call"), ("twothreads", "trap")]

FP_INSTRUCTION = re.compile(
    r"\t(f(ld|lw|sd|sw|add|sub|mul|div|sqrt|sgnj\w*|min|max|madd|msub|nmadd|nmsub|mv|cvt|eq|lt|le|"
    r"class|scsr|rcsr|rrm|srm|rflags|sflags|neg|abs)(\.\w+)*|c\.f\w+)\t")
FP_FUNCTIONS = {"context_switch", "fp_save", "fp_restore", "fp_store", "fp_load", "load_fp"}


@pytest.fixture(scope="session")
def cross() -> str:
    return subprocess.run([ROOT / "tools/toolchain"], check=True, capture_output=True,
                          text=True).stdout.strip()


def tool(cross: str, name: str, *arguments: object) -> str:
    return subprocess.run([f"{cross}{name}", *map(str, arguments)], check=True,
                          capture_output=True, text=True).stdout


def symbols(cross: str, elf: object) -> set[str]:
    return {line.split()[-1] for line in tool(cross, "nm", "--defined-only", elf).splitlines()}


def functions_with(cross: str, elf: object, instruction: re.Pattern[str]) -> set[str]:
    """Names of the functions whose disassembly has a matching instruction."""
    found, current = set(), ""
    for line in tool(cross, "objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        if header := re.match(r"[0-9a-f]+ <(.+)>:$", line):
            current = header[1]
        elif instruction.search(line + "\t"):
            found.add(current)
    return found


def size_of(cross: str, elf: object, *sections: str) -> int:
    table = tool(cross, "size", "-A", elf)
    return sum(int(re.search(rf"^{re.escape(s)}\s+(\d+)", table, re.M)[1]) for s in sections)


@pytest.mark.parametrize("app,syscall", FUSED)
def test_ecall_only_in_the_sbi_wrapper(build, cross, app, syscall):
    elf = build(APP=app, SYSCALL=syscall).elf
    where = functions_with(cross, elf, re.compile(r"\tecall\t"))
    assert where <= {"sbi_call", "_start", "image_overlaps_tree", "1", "2", "kern.sbi_putchar",
                     "kern.sbi_set_timer", "kern.sbi_send_ipi", "kern.sbi_remote_sfence",
                     "kern.sbi_hart_start", "kern.sbi_shutdown", "kern.sbi_reset"}, where
    assert where, "the image has no SBI call at all: is this the right image?"


def test_write_is_a_direct_call(build, cross):
    """In the fused image the libc's write jumps to the kernel's function."""
    text = tool(cross, "objdump", "-d", "--no-show-raw-insn", build(APP="hello").elf)
    assert re.search(r"\t(jal|j|jalr|call|tail)\b.*<sys_write>", text)
    assert "ebreak" not in text


@pytest.mark.parametrize("app", ["hello", "twothreads"])
def test_same_objects_in_both_shapes(build, cross, app):
    """Objects and libc of a program are the same bytes, whichever shape was built last."""
    files = [ROOT / f"build/user/user/{app}.o", ROOT / "build/user/libc.a"]
    build(APP=app)
    fused = [hashlib.sha256(f.read_bytes()).hexdigest() for f in files]
    build(SHAPE="kernel")
    assert [hashlib.sha256(f.read_bytes()).hexdigest() for f in files] == fused
    fused_map = (build(APP=app).elf.parent / "onering.map").read_text()
    for file in files:
        assert str(file.relative_to(ROOT)) in fused_map, f"{file} is not what the image is made of"


def test_hello_has_nothing_it_does_not_reach(build, cross):
    names = symbols(cross, build(APP="hello").elf)
    unwanted = re.compile(r"ext2|virtio|proc_|sys_clone|sys_execve|vmspace|ramfs|cpio|sched_|pipe_|"
                          r"heap_|plic_init|irq_register|sys_openat")
    assert not {n for n in names if unwanted.search(n)}
    assert "sys_write" in names and "kern.uart_send" in names or "kern.uart_write_now" in names


def test_hello_is_small(build, cross):
    assert size_of(cross, build(APP="hello").elf, ".text", ".rodata", ".data") <= 12 * 1024


def test_threads_bring_the_scheduler(build, cross):
    names = symbols(cross, build(APP="twothreads").elf)
    assert {"kern.sched_rr", "sys_clone", "kern.context_switch"} <= names


@pytest.mark.parametrize("choices", [dict(SHAPE="kernel"), dict(APP="twothreads")])
def test_no_floating_point_in_the_kernel_but_the_switch(build, cross, choices):
    image = build(**choices)
    folder = ROOT / ("build/kern-kernel-h8" if "SHAPE" in choices else "build/kern-libos-h1")
    with lock("build"):
        archive = max(folder.glob("**/libkern.a"), key=lambda path: path.stat().st_mtime)
        where = functions_with(cross, archive, FP_INSTRUCTION)
    assert where <= FP_FUNCTIONS, where
    assert "fp_store" in where and image.elf.exists()


KERNEL_ONLY = {"proc_find", "sys_clone", "sys_execve", "vmspace_create"}


def test_course_images_hold_what_they_should(build, cross):
    boot, maps = (symbols(cross, build(goal).elf) for goal in ("boot", "maps"))
    kernel = symbols(cross, build(SHAPE="kernel").elf)
    assert KERNEL_ONLY <= kernel and "kmap_root" in kernel
    assert "clock_start_ticks" in boot and "panic" in boot and "trap_vector" in boot
    assert not boot & (KERNEL_ONLY | {"sv39_map", "pages_alloc", "sched_rr"})
    assert {"sv39_map", "sv39_unmap", "kmap_make"} <= maps and not maps & KERNEL_ONLY
    for names in (boot, maps, kernel):
        assert not {n for n in names if "virtio" in n or "ext2" in n}


def test_embedded_root_needs_no_initrd(build, boot):
    image = build(EMBED=1)
    assert image.initrd is None
    machine = boot(image, args="-c 'ls /bin/sh'")
    assert machine.wait() == 0
    assert "/bin/sh" in machine.text


@pytest.mark.parametrize("app,syscall", FUSED)
def test_fused_program_prints_what_it_prints_in_a_process(build, boot, kernel, app, syscall):
    fused = boot(build(APP=app, SYSCALL=syscall))
    assert fused.wait() == 0
    process = boot(kernel, args=f"-c {app}")
    assert process.wait() == 0
    said = [m.text.replace("\r", "").split("ISA Extensions")[-1].splitlines() for m in (fused, process)]
    tails = [lines[next(i for i, l in enumerate(lines) if l.startswith("Boot HART MEDELEG")) + 1:]
             for lines in said]
    assert tails[0] == tails[1] and any(tails[0])


@pytest.mark.parametrize("words,complaint", [
    (("APP=nosuch",), "no such program"),
    (("SHAPE=round",), "SHAPE is one of"),
    (("HARTS=0",), "HARTS is a number from 1 to 64"),
    (("APP=hello", "SYSCALL=magic"), "SYSCALL is one of"),
    (("SHAPE=libos",), "needs an application"),
])
def test_a_choice_that_does_not_exist_is_refused(words, complaint):
    with pytest.raises(Exception, match=complaint):
        make(*words)

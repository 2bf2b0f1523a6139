"""What a user gets wrong, as it is typed: one sentence that says what to do, and a status that is not 0."""

from __future__ import annotations

import re
import subprocess

import pytest

from grade.elf import ROOT
from grade.images import clean_environment
from grade.tests import fresh

PANIC = 134
CHOICES = {                             # and the values, or how they are described
    "SHAPE": "kernel libos", "SYSCALL": "call trap", "SCHED": "rr none", "ROOTFS": "none cpio ramfs",
    "PAGING": "static bare", "CONSOLE": "auto both out", "EMBED": "0 1", "LTO": "0 1",
    "LIBC": "tiny musl", "HEAP_STATS": "0 1", "HEAP_CHECK": "0 1", "HEAP_TRACE": "0 1",
    "KALLOC": "buddy firstfit slab tlsf", "ALLOC": "buddy bump firstfit slab tlsf libc picolibc",
}


def asked(*words: str, tree=ROOT) -> tuple[int, list[str]]:
    """Status and lines of a make; without the build's progress and the last line, which is make's own."""
    done = fresh.make(tree, *words)
    lines = [line for line in done.stdout.splitlines()
             if not re.match(r"  [A-Z]+ +\S+$|make(\[\d\])?: \*\*\* \[", line)]
    return done.returncode, lines


# --- choices --------------------------------------------------------------------------------------

@pytest.mark.parametrize("goal", [(), ("APP=hello",), ("APP=hello", "run")], ids=" ".join)
@pytest.mark.parametrize("value", ["nonsense", "", "two words"])
@pytest.mark.parametrize("choice", CHOICES)
def test_a_choice_that_does_not_exist(choice, value, goal):
    if value and goal:
        value = f"{value}-{len(goal)}"
    status, lines = asked(f"{choice}={value}", *goal)
    assert status == 2 and len(lines) == 1, lines
    assert re.fullmatch(rf"Makefile:\d+: \*\*\* {choice}={value}: there is no such choice. "
                        rf"{choice} is one of: {CHOICES[choice]}.  Stop.", lines[0]), lines


def test_every_choice_is_tried():
    """Those of the Makefile, but for the two that are numbers."""
    checked = re.findall(r"^\$\(call check,(\w+),", (ROOT / "Makefile").read_text(), re.M)
    many = re.search(r"\$\(foreach v,([A-Z_ ]+),\$\(call check,\$v", (ROOT / "Makefile").read_text())
    assert {*checked, *many[1].split()} == CHOICES.keys()


@pytest.mark.parametrize("name", ["HARTS", "SMP"])
@pytest.mark.parametrize("value", ["0", "65", "two", "1.5", "-1", "", "1 2"])
def test_a_number_of_harts_that_cannot_be(name, value):
    status, lines = asked("run", "APP=hello", f"{name}={value}")
    assert status == 2 and len(lines) == 1
    assert f"*** {name}={value}: {name} is a number from 1 to 64" in lines[0]


@pytest.mark.parametrize("words,sentence", [
    (("APP=nosuch",), "APP=nosuch: there is no such program. APP is one of: bench cat "),
    (("APP=nosuch", "run"), "APP=nosuch: there is no such program"),
    (("APP=nosuch", "size"), "APP=nosuch: there is no such program"),
    (("APP=nosuch", "SHAPE=libos", "qemu-gdb"), "APP=nosuch: there is no such program"),
    (("APP=hello", "why", "COMPONENT=nosuch"), "COMPONENT=nosuch: there is no such component. COMPONENT is"),
    (("APP=hello", "why"), "COMPONENT=: there is no such component. COMPONENT is one of: app lib"),
    (("SHAPE=libos",), "SHAPE=libos needs an application: make APP=hello"),
    (("APP=lua",), "APP=lua LIBC=tiny: lua needs LIBC=musl"),
    (("run", "MEMORY=lots"), "MEMORY=lots is no size of memory: say for instance MEMORY=64M"),
    (("run", "INITRD=nowhere.cpio"), "INITRD=nowhere.cpio: there is no such file"),
], ids=" ".join)
def test_a_word_that_leads_nowhere(words, sentence):
    extra = ("LIBC=tiny",) if words == ("APP=lua",) else ()
    status, lines = asked(*words, *extra)
    told = [line for line in lines if not line.startswith("exit status")]
    assert status == 2 and len(told) == 1 and sentence in told[0], lines


# --- arguments, memory, initrd --------------------------------------------------------------------

def run(*words: str) -> tuple[int, str]:
    """As tools/run: the status is the machine's."""
    done = subprocess.run(["tools/run", *words], cwd=ROOT, env=clean_environment(), text=True, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


@pytest.mark.parametrize("shape", ["APP=hello", "SHAPE=kernel"])
@pytest.mark.parametrize("size", [4096, 70_000, 120_000])
def test_arguments_that_bootargs_cannot_carry(shape, size):
    status, said = run(shape, "ARGS=" + "x" * size)
    assert status == 1
    assert (f"qemu: ARGS is too long, {size} bytes: the machine's bootargs carry at most 4095. "
            "Put what is longer into a file of the root file system\n") in said
    assert "OpenSBI" not in said, "the machine was started all the same"


@pytest.mark.parametrize("shape,most", [("APP=hello", 63), ("SHAPE=kernel", 62)])
def test_too_many_words(shape, most):
    status, said = run(shape, "ARGS=" + " ".join(["x"] * (most + 1)))
    assert status == PANIC and re.search(rf"^panic: ARGS is too long: (at most )?{most} words, 4095 bytes",
                                         said, re.M), said
    status, said = run(shape, "ARGS=-c true" + " x" * (most - 2))
    assert "ARGS is too long" not in said


def test_the_longest_arguments_that_fit_arrive(boot, build):
    machine = boot(build(APP="echo"), args="y" * 4095)
    assert machine.wait() == 0 and "\n" + "y" * 4095 + "\n" in machine.text.replace("\r", "")


@pytest.mark.parametrize("words", [("APP=ls", "ROOTFS=cpio"), ("ARGS=-c true",)], ids=" ".join)
@pytest.mark.parametrize("kind", ["junk", "half", "empty"])
def test_an_initrd_that_is_no_archive_or_cut_short(kernel, tmp_path, words, kind):
    whole = kernel.initrd.read_bytes()
    contents = {"junk": b"no archive\n" * 500, "half": whole[:len(whole) // 2], "empty": b"\0" * 512}
    (tmp_path / "root").write_bytes(contents[kind])
    status, said = run(*words, f"INITRD={tmp_path}/root")
    assert status == PANIC
    assert re.search(r"^panic: the root file system is not a sound cpiofs? archive \(error \d+\): it is something "
                     r"else or cut short, give -initrd a whole one", said, re.M), said


@pytest.mark.parametrize("words", [("APP=hello",), ("ARGS=-c true",)], ids=" ".join)
@pytest.mark.parametrize("memory", ["1M", "2M"])
def test_too_little_memory(words, memory):
    status, said = run(*words, f"MEMORY={memory}")
    assert status == 1
    told = re.search(rf"^qemu: \S+( with \S+)? does not fit into MEMORY={memory}: try MEMORY=(\d+M)$", said, re.M)
    assert told, said
    assert run(*words, f"MEMORY={told[2]}")[0] == 0


@pytest.mark.parametrize("choices,at", [({"APP": "hello"}, "image_start"), ({"APP": "hello"}, "image_end - 16"),
                                        ({"SHAPE": "kernel"}, "image_start"),
                                        ({"SHAPE": "kernel"}, "image_end - 16")])
def test_a_device_tree_inside_the_image(boot, build, choices, at):
    """QEMU refuses what it sees; another loader may not. So the tree is moved when the machine starts."""
    machine = boot(build(**choices), gdb=True, frozen=True, args="-c true")
    machine.gdb("hbreak *_start", "continue", f"set $a1 = (unsigned long)(char *)&{at}", "delete")
    assert machine.wait() != 0
    assert machine.text.replace("\r", "").endswith(
        "onering: the kernel image and the device tree overlap: give the machine more memory (-m)\n")


# --- programs that cannot be -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return fresh.copy_to(tmp_path_factory.mktemp("tree"))


@pytest.mark.parametrize("source,sentence", [
    ("int other(void) { return 0; }",
     r"user/strange.c defines no main. A program begins with `int main\(int argc, char \*\*argv\)`."),
    ("long sys_write(int fd) { return fd; } int main(void) { return 0; }",
     r"user/strange.c defines sys_write, and so does the kernel \(.*\). .*: give it another name, or make it static."),
], ids=["no main", "a system call"])
def test_a_program_that_cannot_be_linked(tree, source, sentence):
    """In either shape; what comes of it is not there, and the next build makes what was missing."""
    program = tree / "user/strange.c"
    program.write_text(f"/* strange - for a test. */\n{source}\n")
    try:
        for shape, name in (("SHAPE=kernel", "strange"), ("APP=strange", "APP=strange")):
            status, lines = asked(shape, tree=tree)
            assert status == 2 and len(lines) == 1 and re.fullmatch(f"{name}: {sentence}", lines[0]), lines
            assert not made(tree)
            assert asked(shape, tree=tree)[0] == 2, "the second time it is trusted"
        program.write_text("/* strange - no more. */\nint main(void) { return 7; }\n")
        assert asked("SHAPE=kernel", tree=tree) == (0, [])
        assert asked("APP=strange", tree=tree) == (0, [])
    finally:
        for path in (program, *made(tree)):
            path.unlink(missing_ok=True)


def made(tree) -> list:
    return [*tree.glob("build/user/bin/strange*"), *tree.glob("build/app-strange-*/*")]

"""The linker as configurator: choices, what is refused, and the tools that look into an image."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import stat
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from grade.elf import ROOT
from grade.images import clean_environment, make
from grade.tests import fresh
from grade.tests.campaign import few
from tools.image import components, graph, why
from tools.image.needs import Needs

SVG = "{http://www.w3.org/2000/svg}"
ONE_NAMESPACE = "give it another name, or make it static"


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the sources to put strange applications into."""
    return fresh.copy_to(tmp_path_factory.mktemp("tree"))


def ask(*words: str) -> str:
    """What a command of the Makefile prints, without the build's progress."""
    return "".join(line for line in make(*words).splitlines(keepends=True)
                   if not re.match(r"  [A-Z]+ +\S+$", line))


def refused(tree: Path, *words: str) -> str:
    """The complaint of a make that has to fail."""
    done = fresh.make(tree, *words)
    assert done.returncode == 2, done.stdout
    return done.stdout


def section_sizes(elf: Path) -> dict[str, int]:
    with elf.open("rb") as stream:
        return {section.name: section["sh_size"] for section in ELFFile(stream).iter_sections()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- make size ----------------------------------------------------------------------------------

IMAGES = [("APP=hello",), ("APP=hello", "LTO=1"), ("APP=twothreads", "SYSCALL=trap"),
          ("SHAPE=kernel",)]


def tables(*words: str) -> list[dict[str, list[int]]]:
    """The tables of make size: name to numbers."""
    found: list[dict[str, list[int]]] = []
    for line in ask("size", *words).splitlines():
        if line.startswith(("component ", "file ")):
            found.append({})
        elif numbers := re.fullmatch(r"(\S+)((?: +[\d,]+){5})", line):
            found[-1][numbers[1]] = [int(n.replace(",", "")) for n in numbers[2].split()]
    return found


@pytest.mark.parametrize("words", IMAGES, ids=" ".join)
def test_sizes_add_up_to_the_sections_of_the_image(build, words):
    sizes = section_sizes(build(**dict(word.split("=") for word in words)).elf)
    components, files = tables(*words)
    total = components.pop("total")
    assert total[:2] == [sizes[".text"], sizes[".rodata"] + sizes.get(".embedded", 0)]
    assert total[2] == sizes[".data"] + sizes.get(".tdata", 0)
    for table in (components, files):
        assert [sum(column) for column in zip(*table.values())] == total
    assert all(row[4] == sum(row[:3]) for row in [total, *components.values(), *files.values()])


def test_a_file_counts_for_the_component_it_lies_in():
    components, files = tables("APP=hello")
    in_fs = [sum(column) for column in
             zip(*(row for name, row in files.items() if name.startswith("kern/fs/")))]
    assert files["user/hello.c"] == components["app"] and components["kern/fs"] == in_fs
    assert all((ROOT / name).is_file() for name in files if "/" in name)


def test_size_shows_what_is_not_there():
    hello, _ = tables("APP=hello")
    kernel, _ = tables("SHAPE=kernel")
    assert not {"kern/proc", "kern/alloc", "other"} & hello.keys()
    assert {"kern/proc", "kern/alloc", "kern/fs"} <= kernel.keys() and "kern/libos" not in kernel


# --- make why -----------------------------------------------------------------------------------

def chain(text: str) -> list[tuple[str, str]]:
    """(user, used) of each step."""
    steps = re.findall(r"^  (\S+) \(\S+\) (?:calls|uses|points to|runs|needs the initialiser) "
                       r"(\S+) \(\S+\)$", text, re.M)
    assert all(used == user for (_, used), (user, _) in zip(steps, steps[1:])), text
    return steps


def test_why_leads_from_main_to_the_component():
    text = ask("why", "APP=twothreads", "COMPONENT=sched")
    assert text.startswith("kern/sched is in the image because twothreads needs it:")
    steps = chain(text)
    assert steps[0][0] == "main" and re.search(r"\(kern/sched/\w+\.[cS]\)\n\n", text)
    assert "kern/libos: clone_call -> thread_alloc" in text


def test_each_call_that_why_names_is_in_the_code(build):
    """What it says of two functions, the disassembly of the first shows."""
    elf = build(APP="hello").elf
    cross = subprocess.run([ROOT / "tools/toolchain"], capture_output=True, text=True).stdout.strip()
    text = ask("why", "APP=hello", "COMPONENT=fs")
    calls = re.findall(r"^  (\S+) \(.*\) calls (\S+) \(", text, re.M)
    assert len(calls) >= 3
    for user, used in calls:
        code = subprocess.run([f"{cross}objdump", "-d", elf], capture_output=True, text=True).stdout
        body = re.search(rf"<(?:kern\.)?{user}>:\n(.*?)\n\n", code, re.S)[1]
        assert re.search(rf"<(?:kern\.)?{used}>", body), f"{user} does not call {used}"


def test_why_of_the_kernel_begins_at_the_start_of_the_machine():
    text = ask("why", "COMPONENT=proc")
    assert "because the start of the machine needs it" in text and chain(text)[0][0] == "_start"


def test_why_sees_tables_of_functions_and_initialisers():
    text = ask("why", "APP=hello", "COMPONENT=fs")
    assert "kern/dev: ops -> device_getattr" in text
    assert re.search(r"needs the initialiser (init_entry_files_init) \(kern/libos/files.c\)\n"
                     r"  \1 \(kern/libos/files.c\) runs files_init ",
                     ask("why", "APP=hello", "COMPONENT=dev"))


def test_why_not():
    text = ask("why", "APP=hello", "COMPONENT=kern/alloc")
    assert text.startswith("kern/alloc is not in this image") and "kern/sys, lib" in text


@pytest.mark.parametrize("component", ["network", "", "kern"])
def test_a_component_that_does_not_exist_is_refused(component):
    with pytest.raises(Exception, match=r"COMPONENT is one of: app lib kern/alloc kern/core"):
        make("why", "APP=hello", f"COMPONENT={component}")


# --- make graph ---------------------------------------------------------------------------------

@pytest.mark.parametrize("words", [("APP=hello",), ("APP=twothreads",), ()], ids=str)
def test_graph_has_a_box_for_each_component_and_an_arrow_for_each_need(words):
    picture = ROOT / ask("graph", *words).split()[-1]
    drawn, needs = ElementTree.parse(picture), Needs(picture.with_name("onering.needs"))
    boxes = {box.get("id"): box for box in drawn.iter(f"{SVG}g")}
    sizes = tables(*words)[0]
    assert boxes.keys() == sizes.keys() - {"total", "(padding)"}
    for name, box in boxes.items():
        assert box.findall(f"{SVG}text")[1].text == f"{sizes[name][4]:,} bytes"
    arrows = {(path.get("data-user"), path.get("data-used")) for path in drawn.iter(f"{SVG}path")
              if path.get("class")}
    used = [name for name in boxes if name != "app"]
    for name in used:
        users = re.findall(r"^  (\S+): \S+ -> ", why.answer(needs, name, "it"), re.M)
        assert {user for user, other in arrows if other == name} == set(users)


def test_boxes_do_not_overlap():
    corners = list(graph.places([*components.known(), "kern/new"]).values())
    assert len(corners) == len(set(corners)) >= 12
    for x, y in corners:
        assert not [1 for u, v in corners if (u, v) != (x, y) and abs(u - x) < graph.WIDTH
                    and abs(v - y) < graph.HEIGHT]


# --- choices ------------------------------------------------------------------------------------

def test_switching_choices_never_links_what_is_stale(build):
    """The same words give the same bytes, whatever was built in between."""
    words = dict(APP="twothreads", ROOTFS="none")
    image = build(**words).elf
    before = digest(image)
    others = [dict(words, **other) for other in (dict(SCHED="none"), dict(SYSCALL="trap"),
                                                 dict(PAGING="bare"), dict(HARTS=2), dict(LTO=1))]
    paths = [build(**other).elf for other in others]
    assert len({image, *paths}) == len(others) + 1, "two choices share a folder"
    assert len({before, *map(digest, paths)}) == len(others) + 1, "two choices give one image"
    make("print-image", *(f"{name}={value}" for name, value in words.items()))
    assert digest(image) == before


def test_an_application_has_defaults_and_the_command_line_wins(tree):
    (tree / "user/small").mkdir(exist_ok=True)
    (tree / "user/small/main.c").write_text("int main(void) { return 0; }\n")
    (tree / "user/small/app.mk").write_text("SCHED ?= none\n")
    assert "-none-none-" in fresh.make(tree, "print-image", "APP=small").stdout
    assert "-rr-none-" in fresh.make(tree, "print-image", "APP=small", "SCHED=rr").stdout
    (tree / "user/small/app.mk").write_text("SCHED := lottery\n")
    assert "SCHED=lottery: there is no such choice" in refused(tree, "APP=small")


def test_help_names_every_choice():
    text = make("help")
    for choice in ("APP", "ARGS", "HARTS", "SMP", "MEMORY", "EMBED", "SCHED", "SYSCALL", "KALLOC",
                   "ROOTFS", "LTO", "PAGING", "CONSOLE", "LIBC"):
        assert re.search(rf"\b{choice}=", text), f"make help does not mention {choice}"


def test_a_source_that_is_gone_is_gone_from_the_archive(tree):
    extra = tree / "kern/core/extra.c"
    extra.write_text("/* extra - for a test. */\nint extra = 1;\n")
    archive = "build/kern-libos-h1/libkern.list"
    fresh.make(tree, "APP=hello")
    assert "kern/core/extra.o" in (tree / archive).read_text()
    extra.unlink()
    assert fresh.make(tree, "APP=hello").returncode == 0
    members = subprocess.run(["ar", "t", "build/kern-libos-h1/call/libkern.a"], cwd=tree, check=True,
                             capture_output=True, text=True).stdout
    assert "kern/core/panic.o" in members and "extra" not in members


# --- what is refused ----------------------------------------------------------------------------

STRANGE = {  # name: source, complaint without LTO, complaint with LTO
    "nomain": ("int other(void) { return 0; }", "user/nomain.c defines no main",
               "user/nomain.c defines no main"),
    "syswrite": ("long sys_write(int fd) { return fd; } int main(void) { return 0; }",
                 "defines sys_write, and so does the kernel (kern/sys/file_rw.c)",
                 "defines sys_write, and so does the kernel (kern/sys/file_rw.c)"),
    "missing": ("long sys_execve(void) { return 0; } int main(void) { return 0; }",
                "defines sys_execve", "defines sys_execve"),
    "kernname": ('int x __asm__("kern.panic") = 1; int main(void) { return x; }',
                 "defines kern.panic", "defines kern.panic"),
    "script": ("int text_end; int main(void) { return text_end; }",
               "(linker/libos.ld)", "(linker/libos.ld)"),
    "start": ("void _start(void) {} int main(void) { return 0; }",
              "(kern/riscv/entry.S)", "(kern/riscv/entry.S)"),
    "panics": ("void panic(void) {} int main(void) { panic(); return 0; }", None,
               "user/panics.c defines panic, and so does the kernel (kern/core/panic.c)"),
}


def add_program(tree: Path, name: str, source: str) -> Path:
    path = tree / f"user/{name}.c"
    path.write_text(f"/* {name} - for a test. */\n{source}\n")
    return path


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("lto", [0, 1])
def test_an_application_that_cannot_be_fused_is_refused(tree, name, lto):
    source, *complaints = STRANGE[name]
    path = add_program(tree, name, source)
    try:
        if complaints[lto] is None:
            assert fresh.make(tree, f"APP={name}", f"LTO={lto}").returncode == 0
            return
        said = refused(tree, f"APP={name}", f"LTO={lto}")
        assert complaints[lto] in said
        assert "no main" in said or "such names are the kernel's" in said or ONE_NAMESPACE in said
        folder = f"build/app-{name}-*-h1" + ("-lto" if lto else "")
        left = [*tree.glob(f"{folder}/*.elf"), *tree.glob(f"{folder}/names")]
        assert not left, "a later make would trust these"
        path.write_text("/* Better now. */\nint main(void) { return 0; }\n")
        assert fresh.make(tree, f"APP={name}", f"LTO={lto}").returncode == 0
    finally:
        path.unlink()


@pytest.mark.parametrize("words,complaint", [
    (("APP=nosuch",), r"APP=nosuch: there is no such program. APP is one of: .*\bhello\b"),
    (("APP=hello cat",), "APP=hello cat: there is no such program"),
    (("APP=../user/hello",), "there is no such program"),
    (("APP=hello", "KALLOC=best"), r"KALLOC=best: there is no such choice. KALLOC is one of: .*firstfit"),
    (("APP=hello", "ROOTFS=floppy"), "ROOTFS is one of: none cpio ramfs"),
    (("APP=hello", "PAGING=wild"), "PAGING is one of"),
    (("APP=hello", "LIBC=glibc"), "LIBC is one of"),
    (("APP=hello", "LTO=2"), "LTO is one of: 0 1"),
    (("APP=hello", "LTO=1", "SYSCALL=trap"), "Choose one of the two"),
    (("LTO=1",), "LTO=1 is for fused images"),
    (("APP=hello", "CONSOLE=in"), "CONSOLE is one of: auto both out"),
    (("CONSOLE=out",), "CONSOLE=out is for fused images"),
    (("APP=hello", "DRIVERS=net"), "DRIVERS=net: there is nothing to choose"),
])
def test_a_word_that_is_not_understood_is_refused_in_one_sentence(words, complaint):
    with pytest.raises(Exception, match=complaint):
        make(*words)


def test_names_of_programs_and_libc_do_not_hide_the_kernels(build):
    """With LTO no name may be on both sides but those of C functions that are the same on both."""
    build(SHAPE="kernel")
    build(APP="hello")
    cross = subprocess.run([ROOT / "tools/toolchain"], capture_output=True, text=True).stdout.strip()

    def names(files) -> set[str]:
        text = subprocess.run([f"{cross}nm", "-g", "--defined-only", *files], check=True,
                              capture_output=True, text=True).stdout
        return {line.split()[-1] for line in text.splitlines() if len(line.split()) == 3}

    kernel = names(sorted((ROOT / "build/kern-libos-h1/kern").rglob("*.o")))
    assert {"sys_write", "panic"} <= kernel
    assert not names(sorted((ROOT / "build/user/user").rglob("*.o"))) & kernel
    assert names([ROOT / "build/user/libc.a"]) & kernel <= {
        "memcmp", "memcpy", "memmove", "memset", "strcmp", "strlcpy", "strlen", "strncmp", "strnlen"}


# --- interrupted builds -------------------------------------------------------------------------

HALF = """#!/bin/sh
# Does what {tool} does, but leaves half of it, and ends the whole build as a power cut would.
{tool} "$@" || exit
case "$*" in *{victim}*) ;; *) exit 0;; esac
for word in "$@"; do
    case "$word" in *.part*) truncate -s 100 "$word"; kill -9 0;; esac
done
for word in "$@"; do
    case "$last" in -o) truncate -s 100 "$word"; kill -9 0;; esac
    last=$word
done
"""


def half(tree: Path, tool: str, victim: str) -> str:
    path = tree / "half-tool"
    path.write_text(HALF.format(tool=tool, victim=victim))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("variable,tool,victim", few(
    ("CC", "gcc", "kern/core/panic.c"), ("LD", "ld", "onering.elf"), ("CC", "gcc", "lib/puts.c"),
    ("AR", "ar", "libkern.a"), ("AR", "ar", "libc.a"), ("OBJCOPY", "objcopy", "kern/core/panic.o"),
))
def test_what_a_killed_build_left_is_not_trusted(tree, variable, tool, victim):
    cross = subprocess.run([ROOT / "tools/toolchain"], capture_output=True, text=True).stdout.strip()
    assert fresh.make(tree, "APP=hello").returncode == 0
    image = next(tree.glob("build/app-hello-*-h1/onering.elf"))
    whole = digest(image)
    subprocess.run(["rm", "-rf", "build/kern-libos-h1", "build/user", image.parent], cwd=tree,
                   check=True)
    killed = subprocess.run(
        ["make", "-s", "APP=hello", f"{variable}={half(tree, cross + tool, victim)}"], cwd=tree,
        env=clean_environment(), start_new_session=True, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, "the build was not interrupted"
    again = fresh.make(tree, "APP=hello")
    assert again.returncode == 0, again.stdout
    assert digest(image) == whole


@pytest.mark.parametrize("variable,tool,victim,lost", few(
    ("LD", "ld", "user/bin/echo", "build/user/bin/echo"),
    ("CC", "gcc", "dispatch.o", "build/kern-kernel-h8/dispatch.o"),
    ("LD", "ld", "onering.elf", "build/kernel-h8/onering.elf"),
    ("CC", "gcc", "usys.o", "build/gen/usys.o"),
    ("AR", "ar", "libusys.a", "build/gen/libusys.a"),
    ("CC", "gcc", "choice-sched-rr.o", "build/kern-kernel-h8/choice-sched-rr.o"),
    ("CC", "gcc", "root-0.o", "build/kern-kernel-h8/root-0.o"),
))
def test_what_a_killed_build_of_the_kernel_left_is_not_trusted(tree, variable, tool, victim, lost):
    cross = subprocess.run([ROOT / "tools/toolchain"], capture_output=True, text=True).stdout.strip()
    assert fresh.make(tree, "SHAPE=kernel").returncode == 0
    made = [tree / "build/kernel-h8/onering.elf", tree / "build/root.cpio", tree / lost]
    whole = list(map(digest, made))
    (tree / lost).unlink()
    killed = subprocess.run(
        ["make", "-s", "SHAPE=kernel", f"{variable}={half(tree, cross + tool, victim)}"], cwd=tree,
        env=clean_environment(), start_new_session=True, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, "the build was not interrupted"
    assert not (tree / lost).exists(), "half of it bears the name of the whole"
    again = fresh.make(tree, "SHAPE=kernel")
    assert again.returncode == 0, again.stdout
    assert list(map(digest, made)) == whole


# --- exit status --------------------------------------------------------------------------------

@pytest.mark.parametrize("returned,status", [(0, 0), (7, 7), (255, 255), (256, 1), (-1, 255),
                                             (0x10000, 1), (0x107, 7)])
def test_the_exit_status_of_main_is_that_of_the_machine(tree, returned, status):
    """Of 8 bits, and never 0 for what was not 0."""
    add_program(tree, "leaves", f"int main(void) {{ return {returned}; }}")
    done = subprocess.run(["tools/run", "APP=leaves"], cwd=tree, env=clean_environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    assert done.returncode == status
    made = fresh.make(tree, "run", "APP=leaves")
    assert made.returncode == (2 if status else 0)
    assert (f"exit status {status}\n" in made.stdout) == bool(status)


def test_run_of_what_does_not_build_is_no_exit_status_of_a_program(tree):
    done = subprocess.run(["tools/run", "APP=nosuch"], cwd=tree, env=clean_environment(),
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and "no such program" in done.stderr and not done.stdout


# --- link-time optimisation ---------------------------------------------------------------------

@pytest.mark.parametrize("app", ["hello", "twothreads"])
def test_an_image_optimised_as_a_whole_does_the_same_in_fewer_bytes(build, boot, app):
    images = [build(APP=app, LTO=lto) for lto in (0, 1)]
    said = []
    for image in images:
        machine = boot(image, args="one two")
        assert machine.wait() == 0
        said.append(machine.text.split("MEDELEG")[-1].split("\n", 1)[1])
    assert said[0] == said[1] and said[0]
    stored = [sum(section_sizes(image.elf)[name] for name in (".text", ".rodata", ".data"))
              for image in images]
    assert stored[1] < stored[0]


def test_initialisers_survive_optimisation_only_where_they_are_needed(build):
    """The optimised image may need fewer than the other one, never others, and has what it needs."""
    def entries(**words) -> set[str]:
        text = build(**words).elf.with_suffix(".map").read_text()
        kept = text[text.index("Linker script and memory map"):]
        return set(re.findall(r"^ \.init_table\.\d+\.(\w+)", kept, re.M))

    hello, threads = entries(APP="hello", LTO=1), entries(APP="twothreads", LTO=1)
    assert "files_init" in hello <= entries(APP="hello")
    assert {"files_init", "sched_init"} <= threads <= entries(APP="twothreads")
    assert "sched_init" not in hello

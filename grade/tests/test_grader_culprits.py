"""An image that cannot be built: which lab file is to blame. And of what a number was measured."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import pytest

from grade.elf import ROOT
from grade.grader import api, measuring
from grade.grader.debugging import Visitor
from grade.grader.world import Images, World
from grade.tests.grader_fixture import LAB, builder_of, source
from labs.tool import course

COURSE = course.load(ROOT)
START, CLONE, HEADER = "kern/libos/start.c", "lib/musl/clone.S", "lib/musl/syscall_arch.h"
LINKED = """  LD      build/app-probe/onering.elf
riscv64-unknown-elf-ld: build/musl/libc.a(open.o): in function `open':
./build/musl/obj/../src/src/fcntl/open.c:16: undefined reference to `__syscall_cp'
riscv64-unknown-elf-ld: build/musl/libc.a(__timedwait.o):./build/musl/obj/../src/src/thread/__timedwait.c:26: \
more undefined references to `__syscall_cp' follow
"""
COMPILED = "../src/src/unistd/close.c:16:12: error: implicit declaration of function '__syscall3'\n"


def blamed(files: dict[str, str], said: str) -> list[str]:
    """What the grader says when a build of these files says that."""
    with builder_of(files) as builder:
        builder._put_back_culprits(said, LAB.images[0])
        return [problem.sentence for problem in builder.problems]


@pytest.mark.skipif(not (ROOT / HEADER).exists(), reason="no musl here")
@pytest.mark.parametrize("said, name", [(LINKED, "__syscall_cp"), (COMPILED, "__syscall3")])
def test_what_musl_misses_its_header_has_not(said, name):
    assert blamed({}, said) == [f"{HEADER} counts as it was handed out: musl needs {name}, which it does not define"]


@pytest.mark.parametrize("file, name", [(START, "image_main"), (CLONE, "__clone")])
def test_a_name_that_was_handed_out_is_missed_in_its_file(file, name):
    said = f"riscv64-unknown-elf-ld: build/x/other.o: in function `f':\nother.c:6: undefined reference to `{name}'\n"
    assert blamed({file: source(file).replace(name, "elsewhere")}, said) == [
        f"{file} counts as it was handed out: it does not define {name} any more"]


def test_every_name_that_a_script_lacks_is_told():
    said = "".join(f"ld: required symbol `{name}' not defined\n" for name in ("page_tables", "app_phdr"))
    assert blamed({"linker/libos.ld": "SECTIONS {}"}, said) == [
        "linker/libos.ld counts as it was handed out: the linker finds no app_phdr, page_tables"]


def test_where_to_begin_with_a_tool_is_where_its_text_leads():
    hole = COURSE.hole("5.1")
    fused = SimpleNamespace(table={"kern.enosys_report": 1, "main": 2})
    assert Visitor(1, hole, "", False).place(fused) == "break enosys_report"
    assert Visitor(1, COURSE.hole("5.5"), "", False).place(fused) == "break main"


def test_a_measure_names_the_image_that_was_only_looked_at(monkeypatch):
    monkeypatch.setitem(api.MEASURES, "1.z", SimpleNamespace(function=lambda run: len(run.symbols("boot").table)))
    with builder_of({}) as builder:
        images = Images(builder, LAB)
        reading = measuring._take("1.z", World(images), "")
        assert reading.number > 10
        assert reading.build == hashlib.sha256(images.get("boot").elf.read_bytes()).hexdigest()

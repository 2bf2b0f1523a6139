"""Linker scripts that students write: without one there is no image, and a bad one is told from bad code."""

from __future__ import annotations

import pytest

from grade.elf import ROOT
from grade.grader.api import Failed, HoleOpen
from grade.grader.world import Images, World
from grade.tests.grader_fixture import builder_of, source
from labs.tool import course, cutter

COURSE = course.load(ROOT)
SCRIPTS = [hole for hole in COURSE.holes if hole.kind == "file" and hole.file.endswith(".ld")]

pytestmark = pytest.mark.skipif(not SCRIPTS, reason="no lab here has a linker script to write")


def lab_and_image():
    hole = SCRIPTS[0]
    lab = COURSE.lab(hole.lab)
    return hole, next(image for image in lab.images if hole.id in image.links)


def problems_of(files: dict[str, str]) -> tuple[list[str], str]:
    """The files that were put back, with why; and the hole that then keeps the image from being built."""
    hole, image = lab_and_image()
    with builder_of(files) as builder:
        try:
            builder.build(image)
            waits = ""
        except HoleOpen as error:
            waits = error.hole
        return [problem.sentence for problem in builder.problems], waits


def test_an_open_script_is_waited_for():
    hole, _ = lab_and_image()
    assert problems_of({hole.file: cutter.file_comment(hole)}) == ([], hole.id)


def test_a_script_without_a_name_is_told_so():
    hole, _ = lab_and_image()
    text = source(hole.file).replace("bss_end = .;", "")
    said, waits = problems_of({hole.file: text})
    assert waits == hole.id and said == [f"{hole.file} counts as it was handed out: the linker finds no bss_end"]


def test_a_script_the_linker_cannot_read_is_told_so():
    hole, _ = lab_and_image()
    said, waits = problems_of({hole.file: source(hole.file) + "}\n"})
    assert waits == hole.id and len(said) == 1 and said[0].startswith(hole.file) and "syntax error" in said[0]


def test_code_that_names_what_is_nowhere_is_not_the_scripts_fault():
    hole, _ = lab_and_image()
    file = "kern/libos/start.c"
    text = source(file).replace("    libos_fault_init();\n",
                                "    extern void nowhere(void);\n    nowhere();\n    libos_fault_init();\n")
    said, waits = problems_of({file: text})
    assert waits == "" and len(said) == 1 and said[0].startswith(file), said


def test_an_image_where_no_memory_is_fails():
    hole, image = lab_and_image()
    with builder_of({hole.file: source(hole.file).replace("0x80080000", "0x1000")}) as builder:
        world = World(Images(builder, COURSE.lab(hole.lab)))
        try:
            with pytest.raises(Failed, match="QEMU cannot load the image"):
                world.boot(image.name, args="exit 0")
        finally:
            world.close()

"""A hole of a later lab is in no image of an earlier one: whoever is at lab 1 cannot run into lab 3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grade import images
from grade.elf import ROOT
from grade.symbols import Symbols
from labs.tool import course as course_file
from labs.tool import cutter
from labs.tool.course import Course, Hole, Image

COURSE = course_file.load()


def is_ours(image: Image) -> bool:
    """Not one of something that only a student has (a hole of kind `new`)."""
    return all(COURSE.hole(hole).kind != "new" for hole in image.links)


PAIRS = [(lab.number, image) for lab in COURSE.labs for image in lab.images if is_ours(image)]


def built(image: Image) -> Symbols:
    goal, *choices = image.make.split()
    return Symbols(images.build(goal, **dict(choice.split("=", 1) for choice in choices)).elf)


def names_in(symbols: Symbols, file: str = "") -> set[str]:
    """Symbols, with `file` not those that come from another one; of functions that were inlined only
    source lines are left. Fused, the kernel's names begin with kern. or k_."""
    return {re.sub(r"^(kern\.|k_(?=sys_))|\.(constprop|isra|part|cold).*", "", name)
            for name, address in symbols.table.items()
            if not file or (line := symbols.line(address)) is None or line.file.endswith(file)}


def reached(hole: Hole, symbols: Symbols, image: Image) -> list[str]:
    """What of a hole is in an image."""
    if hole.file.endswith(".ld"):
        return [hole.file] * (hole.id in image.links)
    if hole.reach:      # what it says is generated
        files = {Path(line.file).name for _, line in symbols.lines if line}
        return sorted(set(hole.reach) & (names_in(symbols) | files))
    if hole.kind != "body":
        return sorted({line.file for _, line in symbols.lines if line and line.file == hole.file})
    first, last = lines_of(hole)
    inside = {f"{line}" for _, line in symbols.lines
              if line and line.file == hole.file and first <= line.number <= last}
    name = hole.function or hole.label
    return sorted(inside | ({name} & names_in(symbols, hole.file)))


def lines_of(hole: Hole) -> tuple[int, int]:
    """The lines of the hole's body in the solution."""
    text = (ROOT / hole.file).read_text()
    body = cutter.body(text, hole)
    first = text[:text.index(body)].count("\n") + 1
    return first, first + body.count("\n") - 1


def later_holes(course: Course, lab: int) -> list[Hole]:
    return [hole for hole in course.holes if hole.lab > lab]


@pytest.mark.parametrize("lab, image", PAIRS, ids=lambda each: getattr(each, "name", str(each)))
def test_no_hole_of_a_later_lab_is_in_the_image(lab, image):
    symbols = built(image)
    assert not {hole.id: found for hole in later_holes(COURSE, lab)
                if (found := reached(hole, symbols, image))}


def test_the_holes_of_a_lab_are_in_its_images():
    """So the test above sees holes where there are some."""
    for lab in COURSE.labs:
        books = [(built(image), image) for image in lab.images if is_ours(image)]
        lost = [hole.id for hole in lab.holes if hole.kind != "new"     # those are in no tree of ours
                and not any(reached(hole, *book) for book in books)]
        assert not lost, f"lab {lab.number}: no image has {lost}"


def test_images_are_named_once():
    names = [image.name for _, image in PAIRS]
    assert len(names) == len(set(names)) or all(
        len({image.make for _, image in PAIRS if image.name == name}) == 1 for name in names)


def test_every_lab_file_is_there():
    missing = [hole.file for hole in COURSE.holes
               if hole.kind != "new" and not Path(ROOT / hole.file).exists()]
    assert not missing

"""Holes are cut out of sources, and fill again to the same bytes."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from labs.tool import cutter, opening
from labs.tool.course import Course, CourseError, Hole, Lab

SOURCE = textwrap.dedent("""\
    /* A file. */
    #include "a.h"

    /* Helps. */
    static int helper(int a)
    {
        return a + 1;
    }

    int before(void)
    {
        return 1;
    }

    /* Adds. */
    long add(int a,
             int b)
    {
        return helper(a) + b;
    }

    int after(void)
    {
        return add(1, 2);
    }
    """)

ASSEMBLY = textwrap.dedent("""\
    /* A file. */
    .macro save
        nop
    .endm

    entry:
        save
        la      sp, stack

    next:
        ret
    """)


def hole(**more) -> Hole:
    given = {"id": "1.2", "title": "Add", "kind": "body", "points": 5, "text": "Adds a and b.",
             "hints": ("a", "b", "c"), "file": "a.c", "function": "add"}
    return Hole(**{**given, **more})


def label_hole() -> Hole:
    return hole(function="", label="entry", until="next:", file="a.S", gone=("save",))


def course(*holes: Hole) -> Course:
    lab = Lab(1, "x", "X", Path("labs/1-x"), 1, holes, ())
    return Course(Path("."), (lab,))


def test_a_function_gives_way_to_its_contract():
    text = cutter.open_hole(SOURCE, hole())
    assert "return helper(a) + b;" not in text
    assert "     * Adds a and b.\n" in text and "    HOLE(1, 2);\n" in text
    assert cutter.is_open(text, hole()) and not cutter.is_open(SOURCE, hole())
    assert text.startswith(SOURCE[:SOURCE.index("    return helper")])


PYTHON = """import re


def before(a):
    return a


def add(a: int,
        b: int) -> int:
    \"\"\"The sum.\"\"\"
    # It is one.

    return a + b


TABLE = [add]
"""


def test_a_python_function_gives_way_to_its_contract():
    one = hole(file="a.py")
    text = cutter.open_hole(PYTHON, one)
    assert "    # Adds a and b.\n" in text and "    raise HOLE(1, 2)\n\n\nTABLE" in text
    assert "return a + b" not in text and "b: int) -> int:\n    # Hole 1.2" in text
    assert cutter.is_open(text, one) and not cutter.is_open(PYTHON, one)
    assert not cutter.is_open("    # raise HOLE(1, 2)\n", one)
    assert cutter.body(PYTHON, one).splitlines()[-1] == "    return a + b"
    assert opening.fill_text(course(one), text, one, PYTHON) == PYTHON
    assert opening.line_of(PYTHON, one) == 8
    assert set(cutter.functions(PYTHON)) == {"before", "add"}


def test_without_its_contract_a_hole_says_only_its_number():
    assert cutter.body(cutter.open_hole(SOURCE, hole(), contract=False), hole()) == "    HOLE(1, 2);\n"


@pytest.mark.parametrize("source, one", [
    (SOURCE, hole()), (SOURCE, hole(gone=("helper",))), (ASSEMBLY, label_hole()),
], ids=["function", "helper", "label"])
def test_filled_again_nothing_is_different(source, one):
    opened = cutter.open_hole(source, one)
    assert opened != source
    assert sorted(opening.fill_text(course(one), opened, one, source).splitlines()) == \
        sorted(source.splitlines())
    if not one.gone:
        assert opening.fill_text(course(one), opened, one, source) == source


def test_a_helper_comes_back_with_whatever_hole_uses_it():
    """The first hole took it out, the second one is filled alone."""
    first = hole(id="1.1", function="before", gone=("helper",))
    second = hole()
    opened = opening.open_text(opening.open_text(SOURCE, first), second)
    assert "helper" not in opened
    filled = opening.fill_text(course(first, second), opened, second, SOURCE)
    assert filled.count("static int helper(int a)\n") == 1
    assert filled.index("/* Helps. */") < filled.index("/* Adds. */")
    assert cutter.is_open(filled, first)


def test_a_helper_of_the_students_own_is_left_alone():
    one = hole(gone=("helper",))
    opened = cutter.open_hole(SOURCE, one).replace("int before", "static int helper(void)\n{\n}\n\nint before")
    assert opening.fill_text(course(one), opened, one, SOURCE).count("helper(") == 2


def test_opening_twice_changes_nothing():
    opened = opening.open_text(SOURCE, hole())
    assert opening.open_text(opened, hole()) == opened


@pytest.mark.parametrize("change, sentence", [
    (lambda text: text.replace("add(", "sum("), "not defined"),
    (lambda text: text + "\nlong add(void)\n{\n}\n", "more than once"),
])
def test_a_function_that_is_gone_or_there_twice_is_an_error(change, sentence):
    with pytest.raises(CourseError, match=f"hole 1.2: add is {sentence}"):
        cutter.open_hole(change(SOURCE), hole())


def test_a_helper_that_is_not_there_is_an_error():
    with pytest.raises(CourseError, match="nothing called nobody"):
        cutter.open_hole(SOURCE, hole(gone=("nobody",)))


def test_a_mark_in_a_comment_is_no_hole():
    assert not cutter.is_open("/* HOLE(1, 2); */\n", hole())
    assert cutter.is_open("HOLE ( 1,2 ) ;\n", hole())


def test_line_ends_of_windows_stay(tmp_path):
    (tmp_path / "a.c").write_bytes(SOURCE.replace("\n", "\r\n").encode())
    opening.open_holes(tmp_path, [hole()])
    content = (tmp_path / "a.c").read_bytes()
    assert b"HOLE(1, 2);\r\n" in content
    assert content.count(b"\n") == content.count(b"\r\n")
    solved = tmp_path / "solved"
    solved.mkdir()
    (solved / "a.c").write_text(SOURCE)
    opening.fill_holes(course(hole()), tmp_path, [hole()], solved)
    assert (tmp_path / "a.c").read_bytes() == SOURCE.replace("\n", "\r\n").encode()


def test_a_hole_in_a_file_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(CourseError, match="there is no a.c"):
        opening.open_holes(tmp_path, [hole()])

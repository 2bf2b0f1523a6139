"""Hints, catching up, predictions, the planted bug: and that nothing a student wrote is lost."""

from __future__ import annotations

import json
import re
import tarfile

import pytest

from grade.tests.course_fixture import Student, begin, make_course
from labs.tool import bug, course


@pytest.fixture
def student(tmp_path):
    student = begin(tmp_path / "course")
    student.tool("start", "1")
    return student


def kept(student: Student) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((student.root / ".lab/kept").glob("*"))}


# --- hints ----------------------------------------------------------------------------------------

def test_hints_come_one_by_one_and_then_again(student):
    for number, text in enumerate(("look 1.2", "read 1.2", "write 1.2"), 1):
        said = student.tool("hint", "--hole=1.2")
        assert f"Hint {number} of 3" in said and text in said
    assert all(text in student.tool("hint", "--hole=1.2") for text in ("look 1.2", "write 1.2"))
    assert "3 hints" in student.tool("status")
    assert "H=1.1" in student.tool("hint", status=1)
    assert "no hole 1.9; it has 1.1, 1.2" in student.tool("hint", "--hole=1.9", status=1)


# --- catching up ----------------------------------------------------------------------------------

def test_the_solution_goes_in_and_out_again(student):
    student.solve("HOLE(1, 2)", "return a + a + a + a; /* mine */")
    mine = student.read("kern/sums.c")
    said = student.tool("catchup", "--hole=1.2")
    text = student.read("kern/sums.c")
    assert "return twice(twice(a));" in text and "static int twice(int a)" in text
    assert "/* mine */" not in text and "HOLE(1, 1)" in text
    name, = kept(student)
    assert f".lab/kept/{name}" in said and "/* mine */" in kept(student)[name]
    assert "no points" in student.tool("status")
    assert "already" in student.tool("catchup", "--hole=1.2", status=1)
    student.tool("uncatchup")
    assert student.read("kern/sums.c").replace(
        "/* Twice. */\nstatic int twice(int a)\n{\n    return 2 * a;\n}\n\n", "") == mine
    assert "nothing to take out" in student.tool("uncatchup", status=1)


def test_what_was_written_into_the_solution_is_kept_too(student):
    student.tool("catchup", "--hole=1.1")
    student.write("kern/sums.c", student.read("kern/sums.c").replace("a + b", "a + b + 0"))
    said = student.tool("uncatchup", "--hole=1.1")
    assert any("a + b + 0" in text for text in kept(student).values())
    assert "What stood there is kept in" in said
    assert "HOLE(1, 1);" in student.read("kern/sums.c")


def test_a_whole_lab_leaves_what_is_written_unless_asked(student):
    student.solve("HOLE(1, 1)", "return b + a;")
    assert "What you wrote stays: 1.1" in student.tool("catchup", "--lab=1")
    assert "return b + a;" in student.read("kern/sums.c")
    student.tool("catchup", "--lab=1", "--all")
    assert "return a + b;" in student.read("kern/sums.c")
    student.tool("uncatchup", "--lab=1")
    assert "return b + a;" in student.read("kern/sums.c")
    assert "HOLE(1, 2);" in student.read("kern/sums.c")


def test_a_file_of_ones_own_goes_and_comes_back(student):
    student.tool("start", "2")
    begun = student.read("kern/own.c")
    assert "The contract of 2.2." in begun and not student.git("status", "--porcelain")
    student.tool("catchup", "--hole=2.2")
    assert "return 42" in student.read("kern/own.c") and not kept(student)
    student.tool("uncatchup")
    assert student.read("kern/own.c") == begun
    student.write("kern/own.c", "int own(void)\n{\n    return 1; /* mine */\n}\n")
    student.tool("catchup", "--hole=2.2")
    assert "return 42" in student.read("kern/own.c")
    student.tool("uncatchup")
    assert "/* mine */" in student.read("kern/own.c")


def test_kept_versions_are_never_overwritten(student):
    bodies = [f"return {number} + a + b - {number};" for number in range(3)]
    for body in bodies:
        text = student.read("kern/sums.c")
        student.write("kern/sums.c", re.sub(r"(?m)^    (HOLE\(1, 1\)|return .* b.*);$", f"    {body}",
                                            text, count=1))
        student.tool("catchup", "--hole=1.1")
        student.tool("uncatchup", "--hole=1.1")
    assert [body for body in bodies if not any(body in text for text in kept(student).values())] == []


def test_a_lab_that_has_not_begun_has_its_solution_still(student):
    assert "make lab-2" in student.tool("catchup", "--hole=2.1", status=1)
    assert "make lab-2" in student.tool("catchup", "--lab=2", status=1)


def test_before_any_lab_every_command_says_how_to_begin(tmp_path):
    student = begin(tmp_path / "course")
    for words in (["hint", "--hole=1.1"], ["catchup", "--hole=1.1"], ["uncatchup"], ["status"],
                  ["predict", "--measure=1.a", "--value=3"], ["look", "--lab=1"], ["submit"],
                  ["bug", "1", "--answer=add:4:a"]):
        assert "make lab-1" in student.tool(*words, status=1)


def test_windows_line_ends_go_through_it_all(student):
    path = student.root / "kern/sums.c"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    student.tool("catchup", "--lab=1")
    assert b"return a + b;\r\n" in path.read_bytes()
    student.tool("uncatchup", "--lab=1")
    assert b"HOLE(1, 1);\r\n" in path.read_bytes()
    student.tool("save")
    student.tool("start", "2")
    content = path.read_bytes()
    assert b"HOLE(2, 1);\r\n" in content and content.count(b"\n") == content.count(b"\r\n")


# --- packs ----------------------------------------------------------------------------------------

def test_a_pack_has_one_lab_and_no_other(tmp_path):
    student = Student(make_course(tmp_path))
    said = student.tool("catchup-pack", "--lab=1")
    pack = json.loads(student.read("build/catchup-lab-1.json"))
    assert "catchup-lab-1.json" in said
    assert "return twice(twice(a));" in pack["holes"]["1.2"]["kern/sums.c"]
    assert "HOLE(2, 1);" in pack["holes"]["1.2"]["kern/sums.c"]
    before = student.read("build/catchup-lab-1.json")
    student.tool("catchup-pack", "--lab=1")
    assert student.read("build/catchup-lab-1.json") == before


def test_packs_are_not_made_from_a_students_tree(student):
    assert "student's tree" in student.tool("catchup-pack", "--lab=1", status=1)


# --- predictions ----------------------------------------------------------------------------------

GRADER = """\
from types import SimpleNamespace


def take_measure(root, identity):
    return SimpleNamespace(number=1046, parts={}, pages={}, build="ab" * 32)
"""


def with_grader(student: Student) -> None:
    (student.root / "grade/grader").mkdir(parents=True)
    student.write("grade/grader/measuring.py", GRADER)


def test_nothing_is_measured_before_it_is_predicted(student):
    with_grader(student)
    assert "1046" not in student.tool("measure", "--measure=1.a", status=1)
    student.tool("predict", "--measure=1.a", "--value=12")
    student.tool("predict", "--measure=1.a", "--value=900")
    said = student.tool("measure", "--measure=1.a")
    assert "900" in said and "1,046" in said
    assert "already measured" in student.tool("predict", "--measure=1.a", "--value=1046", status=1)
    text = student.read("answers.toml")
    assert "predicted = 900\nmeasured = 1046\n" in text and '{ "call" = 0, "add" = 0 }' in text


def test_there_is_a_place_for_the_hours_and_they_are_handed_in(student):
    student.tool("predict", "--measure=1.a", "--value=12")
    text = student.read("answers.toml")
    assert text.count('[lab."1"]\nhours = 0\n') == 1
    student.write("answers.toml", text.replace("hours = 0", "hours = 7.5"))
    student.tool("predict", "--measure=1.a", "--value=13")
    assert student.read("answers.toml").count("hours") == text.count("hours")
    student.tool("submit")
    tarball, = (student.root / "build/submit").iterdir()
    with tarfile.open(tarball) as tar:
        assert json.load(tar.extractfile("submission.json"))["hours"] == 7.5


def test_what_was_written_into_the_answers_stays(student):
    with_grader(student)
    student.tool("predict", "--measure=1.a", "--value=12")
    student.tool("measure", "--measure=1.a")
    text = student.read("answers.toml").replace('"add" = 0', '"add" = 1046') \
        .replace('why = ""', 'why = "it adds" # sure') + "\n# a note\n[mine]\nx = 1\n"
    student.write("answers.toml", text)
    student.tool("measure", "--measure=1.a")
    student.tool("bug", "1", "--answer=add:4:a")
    for mine in ('"add" = 1046', 'why = "it adds" # sure', "# a note", "[mine]\nx = 1"):
        assert mine in student.read("answers.toml")


@pytest.mark.parametrize("words, sentence", [
    (["--measure=1.a", "--value=many"], "whole number"), (["--measure=1.z", "--value=1"], "it has 1.a"),
    (["--measure=a", "--value=1"], "such as 1.a"), (["--measure=1.a", "--value=-3"], "whole number"),
])
def test_predictions_that_are_none(student, words, sentence):
    assert sentence in student.tool("predict", *words, status=1)


def test_broken_answers_are_one_sentence(student):
    student.write("answers.toml", "[measure\n")
    assert "answers.toml cannot be read" in student.tool(
        "predict", "--measure=1.a", "--value=1", status=1)
    assert student.read("answers.toml") == "[measure\n"


# --- the planted bug ------------------------------------------------------------------------------

def test_the_answer_is_judged_and_noted(student):
    assert "That is not it" in student.tool("bug", "1", "--answer=add:5:a", status=1)
    assert "That is it" in student.tool("bug", "1", "--answer=add: 4:A")
    assert "was right, and stays" in student.tool("bug", "1", "--answer=add:5:a")
    assert "already" in student.tool("bug", "1", "--answer=add:4:a")
    assert "right = true" in student.read("answers.toml") and "tries = 2" in student.read("answers.toml")
    assert "function:line:letter" in student.tool("bug", "1", "--answer=add", status=1)
    assert "one of a, b" in student.tool("bug", "1", "--answer=add:4:z", status=1)
    assert "no planted bug" in student.tool("bug", "2", status=1)


def test_a_hashed_answer_judges_the_same(student):
    lab = course.load(student.root).lab(1)
    known = bug.hashed("add:4:a", "salt")
    object.__setattr__(lab.bug, "answers", (known,))
    assert "add" not in known and bug.is_right(lab, "add:4:a") and not bug.is_right(lab, "add:4:b")

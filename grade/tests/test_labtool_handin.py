"""make save and make submit."""

from __future__ import annotations

import io
import json
import tarfile

import pytest

from grade.tests.course_fixture import Student, begin
from labs.tool import grades


@pytest.fixture
def student(tmp_path):
    student = begin(tmp_path / "course")
    student.tool("start", "1")
    return student


def handed_in(student: Student, lab: int = 1) -> dict[str, bytes]:
    path = max((student.root / "build/submit").glob(f"onering-lab-{lab}-*.tar.gz"),
               key=lambda each: each.stat().st_mtime_ns)
    with tarfile.open(path) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def about(student: Student, lab: int = 1) -> dict:
    return json.loads(handed_in(student, lab)["submission.json"])


def test_save_commits_everything_on_the_branch_one_is_on(student):
    student.solve("HOLE(1, 1)", "return b + a;")
    student.write("notes.txt", "mine\n")
    assert "kern/sums.c" in student.tool("save", "--message=Sums work")
    assert student.git("log", "-1", "--format=%s") == "Sums work"
    assert not student.git("status", "--porcelain")
    assert "Nothing has changed" in student.tool("save")


def test_what_is_handed_in_is_what_counts(student):
    student.solve("HOLE(1, 1)", "return b + a;")
    student.write("Makefile", student.read("Makefile") + "# mine\n")
    student.tool("predict", "--measure=1.a", "--value=12")
    student.tool("save")
    said = student.tool("submit")
    files = handed_in(student)
    assert sorted(files) == ["answers.toml", "kern/sums.c", "submission.json"]
    assert files["kern/sums.c"] == student.read("kern/sums.c").encode()
    told = about(student)
    assert told["revision"] == student.git("rev-parse", "HEAD") and not told["unsaved"]
    assert told["open"] == ["1.2"] and "Still open: 1.2" in said
    assert told["base"] == student.git("rev-parse", "onering-base")


def test_handed_in_twice_it_is_the_same_file(student):
    student.tool("submit")
    path, = (student.root / "build/submit").iterdir()
    first = path.read_bytes()
    student.tool("submit")
    assert path.read_bytes() == first


def test_a_later_lab_brings_the_files_of_those_before_it_and_its_own(student):
    student.tool("start", "2")
    student.write("kern/own.c", "int own(void)\n{\n    return 1;\n}\n")
    student.write("kern/notes.txt", "words\n")
    student.tool("submit")
    assert {"kern/own.c", "kern/notes.txt", "kern/sums.c"} < set(handed_in(student, 2))
    student.tool("submit", "--lab=1")
    assert "kern/own.c" not in handed_in(student, 1)


def test_a_file_that_does_not_compile_is_named_and_handed_in_all_the_same(student):
    student.solve("HOLE(1, 1)", "return b + ;")
    said = student.tool("submit")
    assert "kern/sums.c does not compile: line 8" in said and "all the same" in said
    assert b"return b + ;" in handed_in(student)["kern/sums.c"]


def test_a_missing_file_is_named(student):
    (student.root / "kern/sums.c").unlink()
    assert "kern/sums.c is missing" in student.tool("submit")
    assert "kern/sums.c" not in handed_in(student)


def test_unsaved_work_is_handed_in_and_said(student):
    student.solve("HOLE(1, 1)", "return b + a;")
    assert "differ" in student.tool("submit")
    assert about(student)["unsaved"] == ["kern/sums.c"]
    student.typing("submit", answer="y")
    assert about(student)["unsaved"] == [] and not student.git("status", "--porcelain")


def test_the_score_goes_along_only_while_it_is_true(student):
    grades.record(student.root, 1, 17, grades.fingerprint(student.root))
    assert "score: 17 of 30" in student.tool("submit")
    assert about(student)["score"] == 17
    student.solve("HOLE(1, 1)", "return b + a;")
    assert "Not graded since your last change" in student.tool("submit")
    assert about(student)["score"] is None
    assert "17/30 points" in student.tool("labs")
    assert "before your last changes" in student.tool("status")


def test_caught_up_holes_are_marked(student):
    student.tool("catchup", "--hole=1.1")
    student.tool("hint", "--hole=1.2")
    student.tool("submit")
    assert about(student)["caught_up"] == ["1.1"] and about(student)["hints"] == {"1.2": 1}


def test_a_lab_that_has_not_begun_cannot_be_handed_in(student):
    assert "make lab-2" in student.tool("submit", "--lab=2", status=1)


def test_without_a_terminal_there_is_no_colour_and_on_one_there_is(student):
    assert "\033[" not in student.tool("status")
    assert "\033[" in student.typing("status", answer="")
    student.environment["NO_COLOR"] = "1"
    assert "\033[" not in student.typing("status", answer="")


def test_the_tarball_holds_plain_files_with_nobody_in_it(student):
    student.tool("submit")
    path, = (student.root / "build/submit").iterdir()
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as tar:
        assert {(entry.uid, entry.uname, entry.mtime, entry.isreg()) for entry in tar} == {(0, "", 0, True)}

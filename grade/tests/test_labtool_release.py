"""make handout, with a small course: what is in a release, and a student in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from grade.grader import bars
from grade.tests.course_fixture import Student, begin
from labs.tool import course, release, state


@pytest.fixture
def author(tmp_path):
    return begin(tmp_path / "course")


def made(author: Student, *words: str, name: str = "release") -> Student:
    target = author.root.parent / name
    author.tool("handout", f"--dir={target}", *words)
    return Student(target)


def files(folder: Path) -> dict[str, bytes]:
    """Everything, .git as well."""
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file()}


# --- what is in it --------------------------------------------------------------------------------

def test_hints_are_not_read_by_accident(author):
    student = made(author, "--labs=1-2")
    assert "write 1.2" not in (student.root / "labs/1-sums/lab.toml").read_text()
    student.tool("start", "1")
    assert "look 1.2" in student.tool("hint", "--hole=1.2")


def test_what_the_solution_takes_is_not_read_by_accident(author):
    (author.root / "labs/1-sums/bars.toml").write_text('["gcc 1"]\n"a sum" = 4711\n')
    author.git("add", "-A")
    author.git("commit", "-q", "-m", "bars")
    lab = made(author, "--labs=1-2").root / "labs/1-sums"
    assert "4711" not in (lab / "bars.toml").read_text()
    assert bars.bar(lab, "a sum") == bars.bar(author.root / "labs/1-sums", "a sum") == 4711 * 5 // 4


def test_made_twice_it_is_the_same_bytes(author):
    one = made(author, "--labs=1-2", "--key=abc")
    os.utime(author.root / "kern/sums.c", (1, 1))
    other = made(author, "--labs=1-2", "--key=abc", name="elsewhere/again")
    assert files(one.root) == files(other.root)
    assert not one.git("status", "--porcelain")


def test_chosen_labs_are_open_with_their_contracts(author):
    student = made(author, "--labs=1-2")
    text = student.read("kern/sums.c")
    for mark, contract in (("1, 1", "1.1"), ("1, 2", "1.2"), ("2, 1", "2.1")):
        assert f"HOLE({mark});" in text and f"The contract of {contract}." in text
    assert "return" not in text and "twice" not in text
    assert "The contract of 2.2." in student.read("kern/own.c")


def test_later_labs_are_open_without_a_word(author):
    student = made(author, "--labs=1")
    assert not (student.root / "labs/2-powers").exists()
    text = student.read("kern/sums.c")
    assert "HOLE(2, 1);" in text and "2.1" not in text and "result" not in text
    assert not (student.root / "kern/own.c").exists()


def test_earlier_labs_that_are_not_chosen_are_solved(author):
    text = made(author, "--labs=2").read("kern/sums.c")
    assert "return twice(twice(a));" in text and "HOLE(2, 1);" in text


def test_done_labs_come_solved(author):
    student = made(author, "--labs=1-2", "--done=1")
    text = student.read("kern/sums.c")
    assert "return twice(twice(a));" in text and "HOLE(2, 1);" in text
    labs = student.tool("labs")
    assert "came solved" in labs and "Begin with: make lab-2" in labs
    student.tool("start", "1")
    student.tool("start", "2")
    assert "not written yet" not in student.tool("start", "2")
    for words in (["catchup", "--lab=1"], ["catchup", "--hole=1.1"], ["submit", "--lab=1"]):
        assert "came solved" in student.tool(*words, status=1)
    everything = made(author, "--labs=1-2", "--done=1-2", name="all")
    assert "return 42;" in everything.read("kern/own.c")


def test_nothing_for_instructors_is_in_it(author):
    student = made(author, "--labs=1-2")
    names = student.git("ls-files").splitlines()
    assert "labs/1-sums/lab.toml" in names and "labs/1-sums/bug.elf" in names
    for word in ("mutants", "reference", "INSTRUCTOR", "bug.patch", "labs/README.md", "grade/tests"):
        assert not [name for name in names if word in name]
    assert b"subtracts" not in b"".join(files(student.root).values())


def test_a_release_reads_its_labs_as_the_full_tree_does(author):
    student = made(author, "--labs=1-2")
    ours, theirs = course.load(author.root), course.load(student.root)
    assert ours.holes == theirs.holes
    assert [lab.measures for lab in ours.labs] == [lab.measures for lab in theirs.labs]


def test_answers_are_hashed_and_still_judged(author):
    student = made(author, "--labs=1")
    assert "add:4" not in student.read("labs/1-sums/lab.toml")
    student.tool("start", "1")
    assert "That is it" in student.tool("bug", "1", "--answer=add:4:a")
    assert "your earlier answer was right" in student.tool("bug", "1", "--answer=add:4:b")
    assert "elf=" in student.tool("bug", "1", "--build-only")


def test_only_what_is_committed_is_released(author):
    author.write("README.md", "Not committed.\n")
    target = author.root.parent / "release"
    said = author.tool("handout", "--labs=1", f"--dir={target}")
    assert "README.md" in said and "not committed" in said
    assert (target / "README.md").read_text() == "A small course.\n"


@pytest.mark.parametrize("words, sentence", [
    (["--labs=7"], "there is no lab 7"), (["--labs=x"], "not a list of labs"), ([], "For example"),
    (["--labs=1", "--done=2"], "only a lab of LABS="),
])
def test_what_cannot_be_made_is_one_sentence(author, words, sentence):
    target = author.root.parent / "release"
    assert sentence in author.tool("handout", f"--dir={target}", *words, status=1)
    assert not target.exists()


def test_nothing_is_overwritten(author):
    target = author.root.parent / "release"
    target.mkdir()
    (target / "mine").write_text("mine\n")
    assert "exists already" in author.tool("handout", "--labs=1", f"--dir={target}", status=1)
    assert files(target) == {"mine": b"mine\n"}


def test_a_bug_that_cannot_be_planted_leaves_nothing_behind(author):
    author.write("labs/1-sums/bug.patch", "no patch\n")
    target = author.root.parent / "release"
    assert "does not fit" in author.tool("handout", "--labs=1", f"--dir={target}", status=1)
    assert [path.name for path in author.root.parent.iterdir()] == ["course"]


def test_a_students_tree_makes_no_release(author):
    author.tool("start", "1")
    assert "student's tree" in author.tool("handout", "--labs=1", "--dir=x", status=1)


def test_the_commit_is_nobodys_and_of_no_time(author):
    student = made(author, "--labs=1")
    assert student.git("log", "--format=%an %ad %cn", "--date=iso") == \
        "The course 2001-01-01 00:00:00 +0000 The course"
    assert release.WHEN.startswith("2001-01-01")


# --- a student in it ------------------------------------------------------------------------------

def test_a_lab_is_begun_without_touching_its_files(author):
    student = made(author, "--labs=1-2")
    before = student.read("kern/sums.c")
    assert "kern/sums.c" in student.tool("start", "1")
    student.tool("start", "2")
    assert student.read("kern/sums.c") == before
    assert student.git("branch", "--show-current") == "work"
    assert student.git("tag") == "lab-1-end\nlab-1-start\nlab-2-start\nonering-base"


def test_a_student_may_write_before_beginning(author):
    student = made(author, "--labs=1")
    student.solve("HOLE(1, 1)", "return b + a;")
    student.tool("save")
    student.tool("start", "1")
    assert "return b + a;" in student.read("kern/sums.c")
    assert "HOLE(1, 1)" in student.git("show", "onering-base:kern/sums.c")


def test_a_release_from_a_zip_finds_its_base(author, tmp_path):
    student = made(author, "--labs=1")
    unpacked = tmp_path / "unpacked"
    shutil.copytree(student.root, unpacked, ignore=shutil.ignore_patterns(".git"))
    other = Student(unpacked)
    command = next(line for line in other.tool("start", "1", status=1).splitlines() if "git init" in line)
    subprocess.run(["sh", "-c", command], cwd=unpacked, env=other.environment, check=True)
    other.tool("start", "1")
    other.solve("HOLE(1, 1)", "return b + a;")
    other.tool("save")
    other.tool("submit")
    assert json.loads(other.read(state.FILE))["base"] == other.git("rev-list", "--max-parents=0", "HEAD")


def test_catching_up_needs_the_pack(author):
    student = made(author, "--labs=1-2")
    student.tool("start", "1")
    said = student.tool("catchup", "--lab=1", status=1)
    assert "catchup-lab-1.json" in said and "HOLE(1, 1)" in student.read("kern/sums.c")
    author.tool("catchup-pack", "--lab=1")
    shutil.copy(author.root / "build/catchup-lab-1.json", student.root)
    student.solve("HOLE(1, 1)", "return b + a; /* mine */")
    student.tool("catchup", "--lab=1", "--all")
    text = student.read("kern/sums.c")
    assert "return a + b;" in text and "static int twice" in text and "HOLE(2, 1)" in text
    student.tool("uncatchup", "--lab=1")
    assert "/* mine */" in student.read("kern/sums.c")
    author.tool("catchup-pack", "--lab=1", "--key=other")
    shutil.copy(author.root / "build/catchup-lab-1.json", student.root)
    assert "another release" in student.tool("catchup", "--hole=1.1", status=1)
    student.write("catchup-lab-1.json", "{}")
    assert "whole" in student.tool("catchup", "--hole=1.1", status=1)


def test_a_file_of_ones_own_is_in_the_pack(author):
    student = made(author, "--labs=1-2")
    student.tool("start", "2")
    author.tool("catchup-pack", "--lab=2")
    shutil.copy(author.root / "build/catchup-lab-2.json", student.root)
    student.tool("catchup", "--lab=2")
    assert "return 42;" in student.read("kern/own.c")

"""grade, grade-gdb, watch, soak: what they start with and what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from grade import debugger
from grade.elf import ROOT
from grade.grader.grading import Wish, grade, labs_of
from grade.grader.report import Report
from grade.grader.soak import deal
from grade.grader.subject import Subject
from grade.tests.test_grader_forgeries import handed_out, tree, write  # noqa: F401 (fixtures)
from labs.tool import course, cutter, state
from labs.tool.course import CourseError


def start(tree, module, *words):  # noqa: F811
    line = [sys.executable, "-u", "-m", f"grade.grader.{module}", "--tree", str(tree), *words]
    return subprocess.Popen(line, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, "GDB_SESSION": str(tree / "build/gdb")})


def read_until(process, words):
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}:\n{said}")


def solve(tree, *holes):  # noqa: F811
    for identity in holes:
        hole = course.load().hole(identity)
        write(tree, hole.file, identity, cutter.body((ROOT / hole.file).read_text(), hole))


@pytest.fixture
def later(tree):  # noqa: F811
    """A tree in which labs 1 and 2 have begun, and 2 is the current one."""
    state.store(tree, state.State(lab=2, open=[1, 2]))
    return tree


@pytest.mark.parametrize("labs, only, graded", [((), "", [2]), ((), "walk", [2]), ((), "1.2", [1]),
                                                ((), "2.1", [2]), ((1,), "2.1", [1])])
def test_the_number_of_a_hole_says_which_lab_is_meant(later, labs, only, graded):
    found = labs_of(Subject.of_tree(later), Wish(later, labs, only))
    assert [lab.number for lab in found] == graded


@pytest.mark.parametrize("only, said", [
    ("answers_come", "no test of lab 2 has 'answers_come' in its name; "
                     "lab 1 has it: make grade LAB=1 T=answers_come"),
    ("2.a", "2.a is no test, but a measure: make measure M=2.a"),
    ("1.99", "no test of lab 1 is of hole 1.99"), ("no_such", "no test of lab 2 has 'no_such' in its name"),
    ("3.1", "lab 3 has not begun; begin it with: make lab-3")])
def test_who_asks_for_a_test_that_is_not_there_is_told_where_it_is(later, only, said):
    with pytest.raises(CourseError) as refused:
        grade(Wish(later, only=only), Report())
    assert str(refused.value) == said


def test_with_nobody_listening_the_grades_are_written_all_the_same(tree):  # noqa: F811
    line = f"{sys.executable} -m grade.grader --tree {tree} --only 1.1 | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tree / "build/grade/results.json").read_text())["extra_data"]["judged"]


def test_a_test_can_be_seen_under_gdb(tree, monkeypatch):  # noqa: F811
    if not any(map(shutil.which, debugger.DEBUGGERS)):
        pytest.skip("no gdb is installed")
    solve(tree, "1.1")
    process = start(tree, "debugging", "--only", "answers_come_back", "--seed", "3")
    said = read_until(process, "make gdb")
    place = re.search("a place to begin: (break .*)", said)[1]
    monkeypatch.setenv("GDB_SESSION", str(tree / "build/gdb"))
    session = debugger.find_session()
    seen = debugger.batch(session.elf, session.socket, place, "continue", "bt 1", "delete")
    assert re.search(r"^#0  .* at kern/riscv/sbi.c:\d+$", seen, re.M), seen
    assert "ok     2/2" in process.communicate(timeout=60)[0]
    assert process.returncode == 0


def test_a_test_that_is_not_there_is_refused(tree):  # noqa: F811
    said, _ = start(tree, "debugging", "--only", "no_such_test").communicate(timeout=60)
    assert said == "grade-gdb: T=no_such_test: there is no such test\n"


def test_of_a_hole_with_several_tests_one_is_asked_for(tree):  # noqa: F811
    said, _ = start(tree, "debugging", "--only", "1.1").communicate(timeout=60)
    assert said.startswith("grade-gdb: T=1.1: one at a time: prints_what_the_host_asks_for, ")


def test_what_a_saved_file_touches_is_graded(tree):  # noqa: F811
    process = start(tree, "watching")
    try:
        read_until(process, "Watching")
        time.sleep(0.01)        # a time stamp of its own
        solve(tree, "1.1")
        said = read_until(process, " points")
        assert "kern/riscv/sbi.c:" in said and said.count("  ok ") == 4 and "1.2" not in said
    finally:
        process.terminate()
        process.wait()


def test_runs_are_dealt_out_evenly_each_with_its_seed():
    assert list(deal(["a", "b"], 5, 7)) == [("a", 7), ("b", 8), ("a", 9), ("b", 10), ("a", 11)]

"""Lab 3's box: what is drawn from a key, the page that says so, the solution and the model agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import fields

import pytest

from grade.elf import ROOT
from grade.labs.lab3_spec import COURSE, Box, Call, parameters

FOLDER = ROOT / "labs" / "3-wall"
KEYS = [f"autumn {number}" for number in range(200)]

pytestmark = pytest.mark.skipif(not (FOLDER / "spec.py").exists(), reason="a student's release")


def spec(*words: str) -> str:
    return subprocess.run([sys.executable, FOLDER / "spec.py", *words], check=True,
                          capture_output=True, text=True).stdout


def test_the_page_in_the_tree_is_that_of_the_course():
    assert (FOLDER / "SPEC.md").read_text() == spec("page", "")


def test_the_solution_in_the_tree_is_that_of_the_course(tmp_path):
    spec("reference", "", str(tmp_path))
    for path in (FOLDER / "reference").rglob("*.*"):
        assert (tmp_path / path.relative_to(FOLDER / "reference")).read_text() == path.read_text()


def test_a_key_always_draws_the_same():
    assert parameters("a") == parameters("a") != parameters("b") and parameters("") == COURSE


def test_keys_draw_everything_there_is():
    drawn = [parameters(key) for key in KEYS]
    for name in ("order", "when_full", "readers", "empty", "quota_error", "batch_error", "full_error"):
        assert len({getattr(terms, name) for terms in drawn}) >= 2, name
    assert all(terms.batch <= terms.capacity and (not terms.quota or terms.quota >= terms.batch)
               for terms in drawn)


@pytest.mark.parametrize("key", KEYS[:12])
def test_the_page_and_the_solution_of_a_key_say_what_was_drawn(key, tmp_path):
    terms, page = parameters(key), spec("page", key)
    assert f"system call {terms.number}" in page and f"**{terms.capacity}** letters" in page
    for operation, name in ((terms.put, "PUT"), (terms.take, "TAKE"), (terms.look, "LOOK")):
        assert f"| {operation} | {name}:" in page
    assert "{" not in re.sub(r"```.*?```", "", page, flags=re.S)
    spec("reference", key, str(tmp_path))
    source = (tmp_path / "kern/sys/box.c").read_text()
    assert f"PUT = {terms.put}, TAKE = {terms.take}, LOOK = {terms.look}" in source
    assert re.search(rf"#define CAPACITY +{terms.capacity}\n", source)
    assert f"SYSCALL({terms.number}," in (tmp_path / "kern/sys/box.def").read_text()


def test_the_model_does_what_the_page_says():
    """A day in the life of the course's own box, by hand."""
    box = Box(COURSE)

    def ask(pid: int, *words) -> tuple:
        answer = box.call(pid, Call(*words))
        return answer.result, *map(str, answer.letters)
    assert ask(1, "take", 1) == (-11,)
    assert ask(1, "put", 2, "good", (5, 6)) == (2,)
    assert ask(1, "put", 4, "good", (1, 2, 3, 4)) == (-13,)
    assert ask(2, "put", 4, "good", (7, 8, 9, 10)) == (4,)
    assert ask(3, "put", 3, "good", (1, 2, 3)) == (-28,)
    assert ask(3, "put", 5, "good", (1,) * 5) == ask(3, "take", 0) == (-22,)
    assert ask(3, "take", 2, "half") == ask(3, "put", 1, "kernel", (1,)) == (-14,)
    assert ask(3, "look", 0) == (6,)
    assert ask(3, "take", 3) == (3, "5/1/0", "6/1/1", "7/2/2")
    assert ask(3, "77", 1) == (-22,)
    assert len(fields(COURSE)) == 15


def test_the_bug_is_where_its_answer_says(tmp_path):
    """Line 99 of the patched file is the one that takes pc from the CSR."""
    (tmp_path / "kern/proc").mkdir(parents=True)
    shutil.copy(ROOT / "kern/proc/fork.c", tmp_path / "kern/proc")
    subprocess.run(["patch", "-p1", "-s", "-i", FOLDER / "bug.patch"], cwd=tmp_path, check=True)
    lines = (tmp_path / "kern/proc/fork.c").read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if "csr_read(sepc)" in line] == [99]
    assert 'answers = ["copy_registers:99:b"]' in (FOLDER / "lab.toml").read_text()

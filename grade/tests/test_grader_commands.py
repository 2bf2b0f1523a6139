"""grade-gdb, watch, soak: what they start with and what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from grade import debugger
from grade.elf import ROOT
from grade.grader.soak import deal
from grade.tests.test_grader_forgeries import handed_out, tree, write  # noqa: F401 (fixtures)
from labs.tool import course, cutter


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

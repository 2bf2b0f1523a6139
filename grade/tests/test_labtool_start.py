"""make lab-N, from every state a repository can be in; and that nothing written is ever lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from grade.tests.course_fixture import SOURCE, Student, begin, make_course
from labs.tool import state


@pytest.fixture
def student(tmp_path):
    return begin(tmp_path / "course")


def holes_open(student: Student) -> list[str]:
    text = student.read("kern/sums.c")
    return [mark for mark in ("1, 1", "1, 2", "2, 1") if f"HOLE({mark});" in text]


# --- the way of the course ------------------------------------------------------------------------

def test_a_fresh_clone_gets_a_branch_a_tag_and_open_holes(student):
    said = student.tool("start", "1")
    assert student.git("branch", "--show-current") == "work"
    assert holes_open(student) == ["1, 1", "1, 2"]
    assert "twice" not in student.read("kern/sums.c")
    assert student.git("rev-parse", "onering-base") == student.git("rev-parse", "main")
    assert student.git("rev-parse", "lab-1-start") == student.git("rev-parse", "HEAD")
    assert not student.git("status", "--porcelain")
    for shown in ("1.1  Add", "10 points", "kern/sums.c:8", "labs/1-sums/README.md"):
        assert shown in said


def test_a_half_finished_lab_is_returned_to(student):
    student.tool("start", "1")
    student.solve("HOLE(1, 1)", "return b + a;")
    before = student.read("kern/sums.c")
    for _ in range(2):
        said = student.tool("start", "1")
        assert student.read("kern/sums.c") == before
    assert "written" in said and "open" in said
    assert student.git("tag", "--list", "lab-1-start*") == "lab-1-start"


def test_code_of_earlier_labs_comes_along(student):
    student.tool("start", "1")
    student.solve("HOLE(1, 1)", "return b + a;")
    student.tool("save")
    student.tool("start", "2")
    assert "return b + a;" in student.read("kern/sums.c")
    assert holes_open(student) == ["1, 2", "2, 1"]
    student.tool("start", "1")
    assert "2, 1" in holes_open(student)
    assert "you are here" in student.tool("labs").splitlines()[0]


def test_a_lab_that_builds_on_open_holes_says_so(student):
    student.tool("start", "1")
    assert "builds on 1.1, not written yet" in student.tool("start", "2")


def test_files_without_a_hole_are_named(student):
    assert "yours too: kern/notes.txt" in student.tool("start", "2")
    assert "yours too: kern/notes.txt" in student.tool("status")


def test_holes_that_an_image_runs_into_are_named(student):
    lab = student.root / "labs/2-powers/lab.toml"
    lab.write_text(lab.read_text().replace('make = "sums"\n', 'make = "sums"\nneeds = ["1.2"]\n', 1))
    student.git("commit", "-qam", "The image needs 1.2")
    student.tool("start", "1")
    assert "builds on 1.2, 1.1, not written yet" in " ".join(student.tool("start", "2").split())


def test_after_the_last_hole_the_lab_is_said_to_be_written(student):
    student.tool("start", "1")
    student.tool("catchup", "--lab=1")
    assert "Every hole of this lab is written" in student.tool("start", "1")


@pytest.mark.parametrize("number, sentence", [
    ("7", "there is no lab 7; there are 1, 2"), ("x", "'x' is not the number of a lab"),
])
def test_an_unknown_lab_is_answered_with_those_there_are(student, number, sentence):
    assert sentence in student.tool("start", number, status=1)
    assert student.git("branch", "--show-current") == "main"


# --- what is in the way ---------------------------------------------------------------------------

def test_without_a_repository_the_command_is_said(tmp_path):
    student = Student(make_course(tmp_path))
    said = student.tool("start", "1", status=1)
    assert "git init" in said and "make lab-1" in said
    assert not (tmp_path / ".git").exists() and student.read("kern/sums.c") == SOURCE
    command = next(line for line in said.splitlines() if "git init" in line)
    subprocess.run(["sh", "-c", command], cwd=tmp_path, env=student.environment, check=True)
    student.tool("start", "1")
    assert holes_open(student) == ["1, 1", "1, 2"]


def test_on_a_terminal_a_repository_is_offered(tmp_path):
    student = Student(make_course(tmp_path))
    assert "nothing was done" in student.typing("start", "1", answer="n")
    assert not (tmp_path / ".git").exists()
    student.typing("start", "1", answer="y")
    assert holes_open(student) == ["1, 1", "1, 2"]
    assert student.git("show", "onering-base:kern/sums.c") == SOURCE.strip()


def test_a_repository_around_the_folder_is_not_used(tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    student = Student(make_course(tmp_path / "course"))
    assert "no git repository" in student.tool("start", "1", status=1)


def test_without_an_identity_git_is_told_one_first(tmp_path):
    student = begin(tmp_path / "course")
    for name in list(student.environment):
        if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")):
            del student.environment[name]
    said = student.tool("start", "1", status=1)
    assert "git config --global user.name" in said
    assert student.git("branch", "--show-current") == "main"


def test_a_merge_in_progress_comes_first(student):
    student.git("switch", "-q", "-c", "side")
    student.write("README.md", "Side.\n")
    student.git("commit", "-qam", "Side")
    student.git("switch", "-q", "main")
    student.write("README.md", "Main.\n")
    student.git("commit", "-qam", "Main")
    with pytest.raises(subprocess.CalledProcessError):
        student.git("merge", "side")
    assert "a merge is under way" in student.tool("start", "1", status=1)
    assert "a merge is under way" in student.tool("save", status=1)
    student.git("merge", "--abort")
    with pytest.raises(subprocess.CalledProcessError):
        student.git("rebase", "side")
    assert "a rebase is under way" in student.tool("start", "1", status=1)


def test_a_detached_head_that_a_branch_has_is_no_trouble(student):
    student.git("checkout", "-q", "--detach")
    student.tool("start", "1")
    assert student.git("branch", "--show-current") == "work"


def test_commits_on_a_detached_head_are_not_left_behind(student):
    student.tool("start", "1")
    student.git("checkout", "-q", "--detach")
    student.write("README.md", "Mine.\n")
    assert "HEAD is detached" in student.tool("save", status=1)
    student.git("commit", "-qam", "Mine")
    assert "git branch my-commits" in student.tool("start", "1", status=1)
    student.git("branch", "my-commits")
    student.tool("start", "1")
    assert student.git("branch", "--show-current") == "work"


def test_unsaved_work_is_offered_to_be_saved(student):
    student.tool("start", "1")
    student.solve("HOLE(1, 1)", "return b + a;")
    before = student.read("kern/sums.c")
    assert "run `make save`" in student.tool("start", "2", status=1)
    assert student.read("kern/sums.c") == before
    assert "run `make save`" in student.typing("start", "2", answer="n")
    assert student.read("kern/sums.c") == before
    student.typing("start", "2", answer="y")
    assert holes_open(student) == ["1, 2", "2, 1"]
    assert student.git("show", "HEAD~1:kern/sums.c") == before.strip()


def test_a_shallow_clone_is_enough(student, tmp_path):
    student.write("README.md", "More.\n")
    student.git("commit", "-qam", "More")
    shallow = tmp_path / "shallow"
    student.git("clone", "-q", "--depth=1", f"file://{student.root}", str(shallow))
    other = Student(shallow)
    other.tool("start", "1")
    other.tool("save")
    other.tool("start", "2")
    other.tool("catchup", "--lab=1")
    assert holes_open(other) == ["2, 1"]


def test_somebody_with_commits_on_main_keeps_them_and_is_compared_with_the_course(student, tmp_path):
    clone = tmp_path / "clone"
    student.git("clone", "-q", str(student.root), str(clone))
    other = Student(clone)
    other.write("README.md", "Mine.\n")
    other.git("commit", "-qam", "Mine")
    assert "commits of its own" in other.tool("start", "1")
    assert other.read("README.md") == "Mine.\n"
    assert other.git("rev-parse", "onering-base") == student.git("rev-parse", "main")
    other.git("switch", "-q", "main")
    other.write("README.md", "Mine too.\n")
    other.git("commit", "-qam", "More")
    assert "git merge main" in other.tool("start", "1")
    assert other.git("show", "main:README.md") == "Mine too."


def test_a_course_that_moved_on_is_compared_with_once_it_is_merged(student, tmp_path):
    clone = tmp_path / "clone"
    student.git("clone", "-q", str(student.root), str(clone))
    other = Student(clone)
    other.tool("start", "1")
    student.write("README.md", "Mended.\n")
    student.git("commit", "-qam", "Mended")
    other.git("fetch", "-q")
    other.git("merge", "-q", "origin/main")
    assert "newer course" in other.tool("start", "1")
    assert json.loads(other.read(state.FILE))["base"] == student.git("rev-parse", "main")


def test_a_tag_of_another_time_is_not_moved(student):
    student.tool("start", "1")
    first = student.git("rev-parse", "lab-1-start")
    student.git("switch", "-q", "main")
    student.git("branch", "-m", "work", "old-work")
    student.tool("start", "1")
    assert student.git("rev-parse", "lab-1-start") == first
    assert student.git("rev-parse", "lab-1-start-2") == student.git("rev-parse", "HEAD")


# --- nothing is lost ------------------------------------------------------------------------------

def test_a_body_of_ones_own_where_a_hole_opens_is_kept(student):
    student.write("kern/sums.c", SOURCE.replace("return a + b;", "return b + a; /* mine */"))
    student.git("commit", "-qam", "Mine")
    other = begin_after_clone(student)
    said = other.tool("start", "1")
    kept = ".lab/kept/1.1-001-sums.c"
    assert kept in said and "/* mine */" in other.read(kept)
    assert not other.git("status", "--porcelain")


def begin_after_clone(student: Student) -> Student:
    """Upstream is one commit behind, so the last commit is the student's own."""
    origin = student.root.parent / "origin"
    student.git("clone", "-q", "--bare", str(student.root), str(origin))
    student.git("--git-dir", str(origin), "update-ref", "refs/heads/main", "main~1")
    student.git("remote", "add", "origin", str(origin))
    student.git("fetch", "-q", "origin")
    student.git("branch", "-q", "--set-upstream-to=origin/main")
    return student


def test_a_renamed_function_stops_the_lab_before_anything_changes(student):
    student.tool("start", "1")
    changed = student.read("kern/sums.c").replace("int power(", "int to_the(")
    student.write("kern/sums.c", changed)
    student.tool("save")
    said = student.tool("start", "2", status=1)
    assert "power is not defined in kern/sums.c" in said and "Nothing was changed" in said
    assert student.read("kern/sums.c") == changed
    assert not student.git("status", "--porcelain")


def test_interrupted_while_the_holes_open_the_next_run_goes_on(student):
    """Stopped before the state was written: the holes stand there, uncommitted."""
    student.tool("open", "--root", ".", "--lab", "1")
    (student.root / state.FILE).unlink()
    assert "unsaved work" in student.tool("start", "1", status=1)
    student.tool("save")
    student.tool("start", "1")
    assert holes_open(student) == ["1, 1", "1, 2"]


def test_with_nobody_listening_the_work_is_done_all_the_same(student):
    subprocess.run(["bash", "-c", f"{sys.executable} -m labs.tool start 1 | true"], cwd=student.root,
                   env=student.environment, check=True)
    assert holes_open(student) == ["1, 1", "1, 2"] and not student.git("status", "--porcelain")


def test_staged_and_untracked_files_survive(student):
    student.tool("start", "1")
    student.write("notes.txt", "untracked\n")
    student.write("staged.txt", "staged\n")
    student.git("add", "staged.txt")
    student.tool("hint", "--hole=1.1")
    student.tool("start", "1")
    student.tool("save")
    student.tool("start", "2")
    assert student.read("notes.txt") == "untracked\n" and student.read("staged.txt") == "staged\n"


def test_a_broken_state_is_one_sentence(student):
    student.tool("start", "1")
    student.write(state.FILE, "{")
    assert f"git checkout -- {state.FILE}" in student.tool("labs", status=1)


def test_a_lab_that_was_left_can_be_looked_at(student):
    student.tool("start", "1")
    student.solve("HOLE(1, 1)", "return b + a;")
    student.tool("save")
    student.tool("start", "2")
    student.solve("HOLE(1, 2)", "return 4 * a;")
    student.tool("save")
    folder = student.root.parent / "course-lab-1"
    assert str(folder) in student.tool("look", "--lab=1")
    text = (folder / "kern/sums.c").read_text()
    assert "return b + a;" in text and "HOLE(2, 1)" not in text and "4 * a" not in text
    student.tool("look", "--lab=1")
    (folder / "kern/sums.c").write_text("tried\n")
    assert "left alone" in student.tool("look", "--lab=1", status=1)
    assert (folder / "kern/sums.c").read_text() == "tried\n"
    shutil.rmtree(folder)
    student.tool("look", "--lab=2")

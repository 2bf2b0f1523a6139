"""The real labs: a release gives nothing away, and every lab in it begins, builds and is graded.

What builds whole kernels in fresh trees is left to the campaign.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grade.elf import ROOT
from grade.tests import fresh
from grade.tests.campaign import FULL
from grade.tests.course_fixture import Student
from labs.tool import course, cutter, images, release, sources
from labs.tool.course import Course, Hole

COURSE = course.load(ROOT)
LABS = [lab.number for lab in COURSE.labs]
TRIVIAL = 16            # a line shorter than this says nothing

pytestmark = pytest.mark.skipif(not LABS, reason="there are no labs here")
campaign = pytest.mark.skipif(not FULL, reason="builds kernels; part of make test-full")


@pytest.fixture(scope="module")
def author(tmp_path_factory) -> Path:
    """The tree as it is now, committed or not, without a repository."""
    return fresh.copy_to(tmp_path_factory.mktemp("author") / "onering")


@pytest.fixture(scope="module")
def all_labs(author, tmp_path_factory) -> Student:
    target = tmp_path_factory.mktemp("release") / "all"
    release.make(author, LABS, [], target, "abc", bugs=FULL)
    return Student(target)


@pytest.fixture(scope="module")
def first_lab(author, tmp_path_factory) -> Student:
    target = tmp_path_factory.mktemp("release") / "first"
    release.make(author, LABS[:1], [], target, "", bugs=FULL)
    return Student(target)


# --- what the references say ----------------------------------------------------------------------

def telling(text: str) -> set[str]:
    """Lines that say something, whatever the indentation; comments are no code."""
    lines = (line.strip() for line in cutter.strip_comments(text).splitlines())
    return {line for line in lines if len(line) >= TRIVIAL and re.search(r"\w{3}", line)}


def solution_lines(labs: Course, holes: list[Hole]) -> set[str]:
    """Lines that stand in bodies of these holes, and in no source with all holes open."""
    bodies: set[str] = set()
    for hole in holes:
        if hole.kind == "body":
            bodies |= telling(cutter.body(sources.read(ROOT / hole.file), hole))
        elif hole.kind == "file":
            bodies |= telling(sources.read(ROOT / hole.file))
    for lab in {hole.lab for hole in holes}:
        for path in (labs.lab(lab).folder / "reference").rglob("*.[chS]"):
            bodies |= telling(path.read_text())
    return bodies - elsewhere(labs)


def elsewhere(labs: Course) -> set[str]:
    """What the sources say where there is no hole."""
    found: set[str] = set()
    for folder, kind in (("kern", "*.[chS]"), ("lib", "*.[chS]"), ("user", "*.[chS]"), ("linker", "*.ld")):
        for path in (ROOT / folder).rglob(kind):
            text, file = sources.read(path), str(path.relative_to(ROOT))
            for hole in labs.holes:
                if hole.file == file and hole.kind != "new":
                    text = cutter.open_hole(text, hole, contract=False)
            found |= telling(text)
    for page in (ROOT / "labs").glob("*/SPEC.md"):      # the task itself
        found |= telling(page.read_text())
    return found


def given_away(student: Student, lines: set[str]) -> list[str]:
    """"file: line" for every one of these lines in any file of the release."""
    names = student.git("ls-files", "-z").split("\0")
    return [f"{name}: {line.strip()}" for name in filter(None, names)
            for line in (student.root / name).read_bytes().decode(errors="replace").splitlines()
            if line.strip() in lines]


def test_there_is_something_to_give_away():
    assert len(solution_lines(COURSE, list(COURSE.holes))) > 5 * len(LABS)


@pytest.mark.parametrize("which", ["all_labs", "first_lab"])
def test_no_line_of_a_solution_is_in_a_release(which, request):
    student = request.getfixturevalue(which)
    assert given_away(student, solution_lines(COURSE, list(COURSE.holes))) == []


@pytest.mark.parametrize("which", ["all_labs", "first_lab"])
def test_no_mutant_is_in_a_release(which, request):
    student = request.getfixturevalue(which)
    mutants = [mutant for lab in COURSE.labs for mutant in lab.mutants()]
    telling_lines = {mutant.name for mutant in mutants}
    for mutant in mutants:
        telling_lines |= telling(mutant.body)
    telling_lines -= elsewhere(COURSE)
    text = [line.strip() for name in student.git("ls-files").splitlines()
            for line in (student.root / name).read_bytes().decode(errors="replace").splitlines()]
    assert not telling_lines & set(text)
    assert not [name for name in student.git("ls-files").splitlines() if "mutant" in name]


def test_what_a_lab_keeps_back_is_not_in_its_release(all_labs):
    kept = [file for lab in COURSE.labs for file in lab.kept_back]
    assert kept and not [file for file in kept if not (ROOT / file).exists()]
    assert not [file for file in kept if (all_labs.root / file).exists()]


def test_no_answer_of_a_bug_is_in_a_release(all_labs):
    for lab in COURSE.labs:
        text = all_labs.read(f"labs/{lab.folder.name}/lab.toml")
        assert lab.bug and not [answer for answer in lab.bug.answers if answer in text]


def test_later_labs_leave_nothing_but_numbers(first_lab):
    for lab in COURSE.labs[1:]:
        assert not (first_lab.root / "labs" / lab.folder.name).exists()
        assert not list((first_lab.root / "grade/labs").glob(f"lab{lab.number}*"))
        for hole in lab.holes:
            if hole.kind == "body":
                assert hole.mark in first_lab.read(hole.file)
                assert f"Hole {hole.id}" not in first_lab.read(hole.file)


# --- it works -------------------------------------------------------------------------------------

def make_grade(student: Student, lab: int, *words: str) -> str:
    return subprocess.run(["make", "grade", f"LAB={lab}", *words], cwd=student.root, text=True,
                          env=student.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def graded(student: Student, lab: int) -> dict:
    """What the grader says of a lab, in Gradescope's format."""
    said = make_grade(student, lab)
    results = student.root / "build/grade/results.json"
    assert results.exists(), said
    return json.loads(results.read_text())


@pytest.mark.parametrize("which, labs", [("all_labs", LABS), ("first_lab", LABS[:1])])
def test_a_release_has_all_that_its_tests_are_written_with(which, labs, request):
    student = request.getfixturevalue(which)
    code = f"from grade.grader.runner import tests_of\nfor lab in {labs}: print(len(tests_of(lab)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=student.root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [int(count) > 0 for count in done.stdout.split()] == [True] * len(labs)


def test_a_lab_of_a_fresh_release_is_graded(author, tmp_path):
    target = tmp_path / "fresh"
    release.make(author, LABS[:1], [], target, "", bugs=False)
    lab = COURSE.lab(LABS[0])
    student = Student(target)
    student.tool("start", str(lab.number))
    said = make_grade(student, lab.number, f"T={lab.holes[0].id}")
    assert f"0 of {lab.holes[0].points} points" in said, said


@campaign
def test_every_lab_of_a_release_begins_builds_and_is_worth_nothing_yet(all_labs):
    for lab in COURSE.labs:
        said = all_labs.tool("start", str(lab.number))
        assert lab.title in said and f"labs/{lab.folder.name}/README.md" in said
        for image in filter(lambda each: not each.links, lab.images):
            assert images.build(all_labs.root, image.make).elf.exists()
        assert graded(all_labs, lab.number)["score"] == 0


@campaign
@pytest.mark.parametrize("number", LABS)
def test_done_labs_build_without_a_warning_and_have_the_points_of_their_holes(author, tmp_path, number):
    target = tmp_path / "done"
    release.make(author, LABS, [each for each in LABS if each <= number], target, "", bugs=False)
    student, lab = Student(target), COURSE.lab(number)
    for image in lab.images:
        done = images.run_make(target, image.make.split(), subprocess.PIPE)
        assert done.returncode == 0 and not done.stderr
    assert graded(student, number)["score"] == sum(hole.points for hole in lab.holes)


@campaign
def test_the_finished_image_of_a_bug_says_nothing_of_where_it_was_made(all_labs):
    for lab in COURSE.labs:
        content = (all_labs.root / "labs" / lab.folder.name / "bug.elf").read_bytes()
        assert str(all_labs.root.parent).encode() not in content and b"/tmp/" not in content


def test_made_twice_a_release_is_the_same(author, first_lab, tmp_path):
    target = tmp_path / "again"
    release.make(author, LABS[:1], [], target, "", bugs=FULL)
    assert Student(target).git("rev-parse", "HEAD") == first_lab.git("rev-parse", "HEAD")


LINK = re.compile(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("which", ["all_labs", "first_lab"])
def test_links_in_the_documents_of_a_release_lead_somewhere(which, request):
    student = request.getfixturevalue(which)
    pages = [name for name in student.git("ls-files").splitlines() if name.endswith(".md")]
    assert not [f"{page}: {target}" for page in pages for target in LINK.findall(student.read(page))
                if not ((student.root / page).parent / target).exists()]

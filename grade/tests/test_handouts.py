"""The handouts: their shape, that what they name exists, and that their commands do what they show.

A block marked `console` is run in a student's tree in which every hole is filled: a line that begins
with "$ " is a command, the lines below it are what it prints, and `...` stands for any lines.
"""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

from grade.elf import ROOT
from grade.grader import api, runner
from grade.tests import fresh
from grade.tests.campaign import FULL
from grade.tests.course_fixture import Student
from labs.tool import course, opening
from labs.tool.course import Lab

COURSE = course.load(ROOT)
MOST_WORDS = 1800
SECTIONS = ("Why", "Background", "Look first", "Predict", "The planted bug", "Symptoms",
            "How it is graded", "Questions", "Challenges", "Elsewhere", "Time spent")

NOT_FOUND = (126, 127)      # the shell's answers to a command it cannot run

written = [lab for lab in COURSE.labs if "## " in (lab.folder / "README.md").read_text()]
each_lab = pytest.mark.parametrize("lab", written, ids=lambda lab: lab.folder.name)


def text_of(lab: Lab) -> str:
    return (lab.folder / "README.md").read_text()


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.*)$", without_blocks(text), re.M)


def without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# --- the shape ------------------------------------------------------------------------------------

@each_lab
def test_a_handout_is_short(lab):
    assert len(without_blocks(text_of(lab)).split()) <= MOST_WORDS


@each_lab
def test_a_handout_has_every_section(lab):
    assert [section for section in SECTIONS if section not in headings(text_of(lab))] == []


@each_lab
def test_every_hole_has_its_heading_and_its_points(lab):
    text = text_of(lab)
    anchors = [anchor(heading) for heading in headings(text)]
    assert [hole.id for hole in lab.holes if hole.anchor not in anchors] == []
    parts = dict(zip(anchors, re.split(r"^#+ .*$", without_blocks(text), flags=re.M)[1:]))
    for hole in lab.holes:
        assert f"{hole.points} points" in parts[hole.anchor], hole.id
    assert f"{lab.bug.points} points" in parts["the-planted-bug"]


@each_lab
def test_points_are_a_hundred(lab):
    from labs.tool.progress import total_points
    assert total_points(lab) == 100


@each_lab
def test_pictures_are_there_and_have_words_for_those_who_cannot_see_them(lab):
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", text_of(lab))
    for words, path in pictures:
        assert len(words.split()) >= 5 and (lab.folder / path).exists(), path


@each_lab
def test_the_table_of_symptoms_is_the_graders(lab):
    section = text_of(lab).split("## Symptoms", 1)[1].split("\n## ", 1)[0]
    rows = [tuple(cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1])
            for line in section.splitlines() if line.startswith("|")][2:]
    assert rows == [(row.seen, row.cause, row.look) for row in lab.symptoms]


# --- what it names exists -------------------------------------------------------------------------

def make_commands(text: str) -> list[str]:
    """Every `make ...` in running text and blocks."""
    inline = re.findall(r"`(make [^`]+)`", text)
    blocks = re.findall(r"^\$ ((?:\w+=\S+ )*make .*)$", text, re.M)
    return inline + blocks


@pytest.fixture(scope="module")
def goals() -> list[str]:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [goal for line in re.findall(r"^  ([a-z][\w -]*?)  ", said, re.M) for goal in line.split()]


def is_goal(word: str, goals: list[str], images: set[str]) -> bool:
    if match := re.fullmatch(r"qemu-(?:gdb-)?(\w+)", word):
        return match[1] in images or word in goals
    return word in goals or re.sub(r"-\d+$", "-N", word) in goals or word in images


@each_lab
def test_every_command_it_names_exists(lab, goals):
    images = {image.name for each in COURSE.labs for image in each.images}
    for command in make_commands(text_of(lab)):
        words = [word for word in command.split("|")[0].split()[1:] if re.fullmatch(r"[a-z][\w-]*", word)]
        assert words and is_goal(words[0], goals, images), command


@each_lab
def test_every_test_hole_and_measure_it_names_exists(lab):
    importlib.import_module(f"grade.labs.lab{lab.number}")
    text = text_of(lab)
    names = {f"{test.hole} {test.name}" for test in api.TESTS.values()}
    for wanted in re.findall(r"\bT=([\w.]+)", text):
        assert wanted == "name" or any(wanted in name for name in names), wanted
    for hole in re.findall(r"\bH=(\d+\.\d+)", text):
        assert COURSE.hole(hole)
    for measure in re.findall(r"\bM=(\d+\.\w)", text):
        assert measure in [one.id for each in COURSE.labs for one in each.measures]


CLAIM = re.compile(r"T=(?P<part>[\w.]+)|gives (?P<points>\d+)|(?P<all>complete|passes)")


def claims(section: str) -> list[tuple[str, int | None]]:
    """What it says `make grade T=` gives when the task is done: so many points, or (None) all."""
    found, named = [], []
    for match in CLAIM.finditer(without_blocks(section)):
        if match["part"]:
            named.append(match["part"])
            continue
        points = int(match["points"]) if match["points"] else None
        found += [(part, points) for part in named]
        named = []
    return found + [(part, None) for part in named]


def test_claims_of_a_handout_are_found():
    text = "Done when `T=1.1` is complete; `T=a_b` and `T=1.2` give no more: `T=1.3` gives 7 points."
    assert claims(text) == [("1.1", None), ("a_b", 7), ("1.2", 7), ("1.3", 7)]


@each_lab
def test_what_it_says_a_task_gives_is_what_its_tests_need(lab):
    tests = runner.tests_of(lab.number)
    written = {hole.id for each in COURSE.labs if each.number < lab.number for hole in each.holes}
    for section in re.split(r"^## ", without_blocks(text_of(lab)), flags=re.M)[1:]:
        written |= {hole.id for hole in lab.holes if hole.anchor == anchor(section.splitlines()[0])}
        if not section.startswith("Task "):
            continue
        for part, points in claims(section):
            named = [test for test in tests if part == test.hole or part in test.name]
            possible = sum(test.points for test in named
                           if set(runner.needed(COURSE, test)) <= written)
            wanted = sum(test.points for test in named) if points is None else points
            assert possible == wanted, f"{section.splitlines()[0]}: T={part} gives {possible}"


# --- what it shows is true ------------------------------------------------------------------------

def blocks(text: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line.rstrip())
    return found


def is_shown(shown: list[str], printed: list[str]) -> bool:
    """Whether these lines were printed, where `...` is any number of lines."""
    wanted = "".join(r"(.*\n)*" if line == "..." else re.escape(f"{line}\n")
                     for line in without_addresses(shown))
    return bool(re.fullmatch(wanted, "".join(f"{line}\n" for line in without_addresses(printed))))


def without_addresses(lines: list[str]) -> list[str]:
    """Addresses in the kernel move with every change of it."""
    return [re.sub(r"0x802[0-9a-f]{5}\b", "0x802.....", line) for line in lines]


def test_what_is_shown_is_compared_line_by_line():
    assert is_shown(["a", "...", "d"], ["a", "b", "c", "d"]) and is_shown(["..."], [])
    assert not is_shown(["a"], ["a", "b"]) and not is_shown(["a", "...", "d"], ["a", "b"])


def newcomer(target: Path) -> Student:
    """Somebody who has cloned the course and done nothing yet."""
    fresh.copy_to(target)
    student = Student(target)
    student.git("init", "-q", "-b", "main")
    student.git("add", "-A")
    student.git("commit", "-q", "-m", "The course")
    return student


@pytest.fixture(scope="module")
def student(tmp_path_factory) -> Student:
    """A student's tree with all holes of all labs filled."""
    target = tmp_path_factory.mktemp("handouts") / "onering"
    student = newcomer(target)
    for lab in COURSE.labs:
        student.tool("start", str(lab.number))
    opening.fill_holes(COURSE, target, COURSE.holes, ROOT)
    for lab in COURSE.labs:
        opening.lay_reference(target, lab)
    student.tool("save")
    return student


def takes_long(command: str) -> bool:
    """Whether musl is built for it: in a fresh tree that takes minutes."""
    slow = {image.name for lab in COURSE.labs for image in lab.images if "LIBC=musl" in image.make}
    return "LIBC=musl" in command or any(re.search(rf"\bqemu-{name}\b", command) for name in slow)


def differing(student: Student, text: str) -> list[str]:
    """The commands that print something else than the text shows, run one after the other: what one
    leaves behind the next may use."""
    wrong = []
    for command, shown in blocks(text):
        if takes_long(command) and not FULL:
            continue
        done = subprocess.run(["bash", "-c", command], cwd=student.root, env=student.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=300,
                              stderr=subprocess.STDOUT, text=True, errors="replace")
        printed = [line.rstrip() for line in done.stdout.replace("\r", "").splitlines()
                   if not line.startswith("make: ***")]
        if done.returncode in NOT_FOUND or shown and not is_shown(shown, printed):
            wrong.append(f"$ {command}\n{done.stdout}")
    return wrong


@each_lab
def test_its_commands_print_what_it_shows(student, lab):
    student.tool("start", str(lab.number))
    wrong = differing(student, text_of(lab))
    assert not wrong, "\n".join(wrong)


@pytest.mark.skipif(not written, reason="there are no labs here")
def test_the_first_hour_of_a_student_goes_as_the_page_says(tmp_path):
    wrong = differing(newcomer(tmp_path / "onering"), (ROOT / "docs/student.md").read_text())
    assert not wrong, "\n".join(wrong)

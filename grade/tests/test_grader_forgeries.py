"""Ways to get points without writing a kernel: each earns nothing, and the report says what was tried."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys

import pytest

from grade.elf import ROOT
from grade.grader.grading import Wish, grade
from grade.grader.report import Report
from grade.grader.subject import from_folder
from labs.tool import course, cutter, opening, state

SBI, ENTRY, TRAP = "kern/riscv/sbi.c", "kern/riscv/entry.S", "kern/riscv/trap.c"


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    """A student's tree in which lab 1 has begun and nothing is written."""
    root = tmp_path_factory.mktemp("handed-out")
    for name, source in from_folder(ROOT).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.content)
        path.chmod(0o755 if source.executable else 0o644)
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "as handed out")
    git(root, "tag", state.BASE_TAG)
    state.store(root, state.State(lab=1, open=[1]))
    opening.open_holes(root, course.load(root).lab(1).holes)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "lab 1 begins")
    return root


@pytest.fixture
def tree(handed_out):
    yield handed_out
    git(handed_out, "checkout", "-q", ".")
    git(handed_out, "clean", "-q", "-fdx")


def git(root, *words):
    subprocess.run(["git", "-C", root, "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True)


def graded(tree, only="", base="", labs=(1,)):
    """The points, and all that was said."""
    said = io.StringIO()
    wish = Wish(tree, labs, only, seed=1, base=base, stage=f"tests of forgeries in {ROOT}")
    grades = grade(wish, Report(said))
    return sum(each.points for each in grades), said.getvalue()


def write(tree, file, hole, body):
    """Into a hole."""
    text = (tree / file).read_text()
    (tree / file).write_text(cutter.fill(text, course.load().hole(hole), body))


def add(tree, file, text):
    (tree / file).write_text((tree / file).read_text() + text)


# --- the tree as it is handed out -------------------------------------------------------------------

def test_nothing_written_is_no_points_and_no_failure(tree):
    points, said = graded(tree)
    assert points == 0 and "FAIL" not in said and "not written yet" in said
    assert "!" not in said


def test_a_lab_that_has_not_begun_is_not_graded(tree):
    """Its files are the solution's."""
    with pytest.raises(course.CourseError, match="lab 2 has not begun; begin it with: make lab-2"):
        graded(tree, labs=(2,))
    state.store(tree, state.State(lab=0, open=[]))
    with pytest.raises(course.CourseError, match="no lab has begun"):
        graded(tree, labs=())


def test_a_hole_that_is_written_earns_its_points(tree):
    """So the forgeries below do not fail for another reason."""
    text = (ROOT / SBI).read_text()
    write(tree, SBI, "1.1", cutter.body(text, course.load().hole("1.1")))
    points, said = graded(tree, only="1.1")
    assert points == course.load().hole("1.1").points, said


# --- forgeries --------------------------------------------------------------------------------------

PRINTS = """
    static const char said[] = "First light.\\nspark: done\\nboot: done\\ntick 1\\n";
    for (const char *c = said; *c; c++)
        *(volatile char *)0x10000000 = *c;
    *(volatile unsigned *)0x100000 = 0x5555;
    return 0;
"""


def test_printing_what_tests_look_for_and_ending_well(tree):
    write(tree, SBI, "1.1", PRINTS)
    points, said = graded(tree, only="1.1")
    assert points == 0 and said.count("FAIL") == 4 and "expected" in said


def test_edited_files_that_are_not_the_labs(tree):
    add(tree, "Makefile", "\n$(shell touch /tmp/onering-was-here)\n")
    add(tree, "grade/grader/grading.py", "\ndef grade(*_): return []\n")
    (tree / "grade/labs/lab1.py").write_text("")
    (tree / "labs/1-first-light/lab.toml").write_text("")
    add(tree, "kern/core/printk.c", "\nint extra;\n")
    points, said = graded(tree)
    assert points == 0
    assert ("changed, but not counted: Makefile, grade/grader/grading.py, grade/labs/lab1.py, "
            "kern/core/printk.c, labs/1-first-light/lab.toml") in said


def test_a_changed_grader_does_not_grade(tree):
    """Started in the student's own tree, as `make grade` does."""
    (tree / "grade/labs/lab1.py").write_text("")
    add(tree, "grade/grader/verdict.py", "\nGrade.points = property(lambda self: 100)\n")
    done = subprocess.run([sys.executable, "-m", "grade.grader", "--only", "1.1"], cwd=tree,
                          capture_output=True, text=True)
    assert "not counted: grade/grader/verdict.py, grade/labs/lab1.py" in done.stdout, done.stderr
    assert done.stdout.count("not written yet") == 4 and "0 of" in done.stdout


def test_a_forged_result_file(tree):
    results = tree / "build/grade/results.json"
    results.parent.mkdir(parents=True)
    results.write_text('{"score": 100, "tests": []}')
    points, _ = graded(tree)
    found = json.loads(results.read_text())
    assert points == found["score"] == 0 and len(found["tests"]) > 20


def test_a_result_of_zero_is_there_before_anything_runs(tree, monkeypatch):
    from grade.grader import grading

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(grading, "open_builder", interrupted)
    with pytest.raises(KeyboardInterrupt):
        graded(tree)
    found = json.loads((tree / "build/grade/results.json").read_text())
    assert found["score"] == 0 and not found["extra_data"]["judged"]
    assert {each["score"] for each in found["tests"]} == {0}


REFUSED = {
    "incbin": (SBI, '\n__asm__(".incbin \\"grade/labs/lab1.py\\"");\n',
               "a lab file may not take in other files (.incbin)"),
    "include of the grader": (SBI, '\n#include "grade/labs/lab1.py"\n',
                              "may not include grade/labs/lab1.py"),
    "include from outside": (SBI, '\n#include "/etc/shadow"\n', "may not include /etc/shadow"),
    "include of the grader in disguise": (SBI, f'\n#define IT "{ROOT}/grade/labs/lab1.py"\n'
                                          "#include IT\n", "Permission denied"),
    "a secret of root's in disguise": (SBI, '\n#define IT "/etc/shadow"\n#include IT\n',
                                       "Permission denied"),
    "an endless file": (SBI, '\n#define IT "/dev/zero"\n#include IT\n', "rror"),
    "a file without end": (SBI, "\n#include __FILE__\n", "error"),
    "a constructor": (SBI, "\n__attribute__((constructor)) void first(void) {}\n",
                      "it puts something into the section ."),
    "an init entry": (SBI, '\n#include "kern/core/init.h"\nvoid mine(void);\nvoid mine(void) {}\n'
                      "INIT_ENTRY(INIT_MEMORY, mine);\n",
                      "it puts something into the section .init_table.10.mine"),
    "in front of the entry": (SBI, '\n__attribute__((section(".text.entry"))) void a(void);\n'
                              "void a(void) {}\n", "it puts something into the section .text.entry"),
    "a function of the judge": (SBI, "\nvoid power_off(int status);\n"
                                "void power_off(int status) { for (;;); }\n",
                                "it defines power_off, which belongs to kern/dev/power"),
    "a weak twin": (TRAP, "\n__attribute__((weak)) int printk(const char *f, ...) { return 0; }\n",
                    "it defines printk, which belongs to kern/core/printk"),
    "a file that does not compile": (SBI, "\nint main(\n", "error"),
    "a file that does not link": (SBI, "\nvoid nowhere(void);\nvoid sbi_shutdown_(void);\n"
                                  "void sbi_shutdown_(void) { nowhere(); }\n"
                                  "void (*volatile keep)(void) = sbi_shutdown_;\n", ""),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_takes_liberties_counts_as_it_was_handed_out(tree, what):
    file, text, words = REFUSED[what]
    body = cutter.body((ROOT / SBI).read_text(), course.load().hole("1.1"))
    write(tree, SBI, "1.1", body)
    add(tree, file, text)
    points, said = graded(tree, only="answers_come_back")
    if words:
        assert f"! {file} counts as it was handed out" in said and words in said, said
    if file == SBI and words:
        assert points == 0 and f"not written yet ({SBI} is no good, see above)" in said
    else:
        assert points > 0, said        # the other file is no reason to lose these


def test_given_functions_that_were_changed_are_listed(tree):
    text = (tree / SBI).read_text()
    (tree / SBI).write_text(text.replace("SBI_LEGACY_PUTCHAR, 0, (", "SBI_LEGACY_PUTCHAR, 0, 1 + ("))
    _, said = graded(tree, only="1.1")
    assert f"! given functions that were changed: {SBI}: sbi_putchar" in said


def test_a_link_is_no_lab_file(tree):
    (tree / SBI).unlink()
    (tree / SBI).symlink_to("/etc/passwd")
    points, said = graded(tree, only="1.1")
    assert points == 0 and f"! {SBI} is gone, or no plain file" in said


def test_the_instructors_base_is_the_one_that_counts(tree, tmp_path):
    """A student may move the tag; whoever grades names the commit or the folder."""
    given = subprocess.run(["git", "-C", tree, "rev-parse", state.BASE_TAG], capture_output=True,
                           text=True).stdout.strip()
    add(tree, "kern/core/printk.c", "\nint extra;\n")
    git(tree, "commit", "-q", "-am", "mine")
    git(tree, "tag", "-f", state.BASE_TAG)
    try:
        assert "printk" not in graded(tree, only="1.1")[1]
        assert "not counted: kern/core/printk.c" in graded(tree, only="1.1", base=given)[1]
    finally:
        git(tree, "reset", "-q", "--hard", "HEAD~1")
        git(tree, "tag", "-f", state.BASE_TAG, given)


def test_every_lab_file_of_windows_is_read(tree):
    body = cutter.body((ROOT / SBI).read_text(), course.load().hole("1.1"))
    write(tree, SBI, "1.1", body)
    (tree / SBI).write_bytes((tree / SBI).read_bytes().replace(b"\n", b"\r\n"))
    points, said = graded(tree, only="answers_come_back")
    assert points > 0 and "!" not in said


def test_without_its_base_a_tree_is_not_graded(tree, tmp_path):
    copy = tmp_path / "tree"
    shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(".git", "build"))
    with pytest.raises(course.CourseError, match="commit this course began with"):
        graded(copy)

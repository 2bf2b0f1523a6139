"""The result files: for Gradescope, JUnit and a table; and what the terminal shows."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree

from grade.grader import answers, results, symptoms, verdict
from grade.grader.api import LabTest
from grade.grader.report import Report, replay, side_by_side
from grade.grader.verdict import Grade, Other, Verdict
from labs.tool.course import Lab, Measure, Symptom


def verdict_of(name, status, points=4, **more):
    return Verdict(LabTest(name, f"It {name}.", "1.2", points, (), lambda run: None), status, **more)


def grade_of(*found, others=()):
    return Grade(1, "Tries", 7, list(found), list(others), ["a remark"])


MIXED = grade_of(verdict_of("walks", verdict.PASSED),
                 verdict_of("talks", verdict.FAILED, words="a word", expected="x < y & z", seen="\x00\x1b[1m",
                            symptom=Symptom("It stutters", "cold")),
                 verdict_of("waits", verdict.WAITS, words="waits for 1.1"),
                 verdict_of("sleeps", verdict.NOT_JUDGED, words="too slow"),
                 others=[Other("1.a", "How many?", 1, 2, "why?")])


def write(tmp_path, *grades, judged=True):
    results.write(tmp_path, list(grades), "Ada, B.", judged)
    return tmp_path


def test_gradescope_finds_scores_and_the_unjudged_have_none(tmp_path):
    found = json.loads((write(tmp_path, MIXED) / "results.json").read_text())
    assert found["score"] == 5
    assert [(each["name"], each.get("score"), each["max_score"]) for each in found["tests"]] == [
        ("1.2 walks", 4, 4), ("1.2 talks", 0, 4), ("1.2 waits", 0, 4), ("1.2 sleeps", None, 4),
        ("1 1.a", 1, 2)]
    assert [each.get("status") for each in found["tests"]] == ["passed", "failed", "failed", None, "passed"]
    assert "4 points were not judged" in found["output"] and "a remark" in found["output"]
    assert "It stutters" in found["tests"][1]["output"]
    assert found["extra_data"] == {"judged": False, "seeds": {"1": 7}}


def test_an_interrupted_grading_says_so(tmp_path):
    found = json.loads((write(tmp_path, MIXED, judged=False) / "results.json").read_text())
    assert found["output"].startswith("The grading did not come to its end.")


def test_junit_is_valid_whatever_the_guest_printed(tmp_path):
    root = ElementTree.parse(write(tmp_path, MIXED) / "junit.xml").getroot()
    suite, = root
    assert suite.attrib["tests"] == "4" and suite.attrib["failures"] == "1"
    assert suite.attrib["skipped"] == "2"
    cases = {case.attrib["name"]: [child.tag for child in case] for case in suite}
    assert cases == {"walks": [], "talks": ["failure"], "waits": ["skipped"], "sleeps": ["skipped"]}
    assert "x < y & z" in suite.find(".//failure").text


def test_the_table_has_a_heading_and_one_line(tmp_path):
    text = (write(tmp_path, MIXED) / "grades.csv").read_text()
    heading, line = csv.reader(io.StringIO(text))
    assert dict(zip(heading, line)) == {"student": "Ada, B.", "lab 1": "5", "of 1": "18", "walks": "4",
                                        "talks": "0", "waits": "0", "sleeps": "", "1 1.a": "1"}


def test_files_are_whole_or_not_there(tmp_path):
    write(tmp_path, MIXED)
    write(tmp_path, grade_of())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grades.csv", "junit.xml", "results.json"]


# --- the terminal -----------------------------------------------------------------------------------

def shown(found):
    out = io.StringIO()
    Report(out).test(found, 7)
    return out.getvalue()


def test_a_test_is_one_line():
    assert shown(MIXED.verdicts[0]) == "  ok     4/4  1.2  It walks.   [walks]\n"
    assert shown(MIXED.verdicts[2]) == "  waits  0/4  1.2  It waits.: waits for 1.1   [waits]\n"


def test_a_failure_says_how_to_go_on():
    failed = verdict_of("talks", verdict.FAILED, words="the words", expected=["a", "b"], seen=["a", "c"],
                        last_functions=["boot", "talk"], boot=2, transcript="build/grade/x.txt",
                        symptom=Symptom("It stutters", "cold", "gdb"))
    lines = shown(failed).splitlines()
    assert [line.strip() for line in lines[1:]] == [
        "the words", "expected | seen", "a        | a", "b        | c", "ran last: boot > talk",
        "symptom:  It stutters", "cause:  cold", "look:   gdb",
        "replay:   make grade-gdb T=talks SEED=7 BOOT=2", "all of it: build/grade/x.txt"]


def test_the_transcript_is_named_from_the_students_tree(tmp_path):
    out = io.StringIO()
    found = verdict_of("talks", verdict.FAILED, transcript=str(tmp_path / "build/grade/x.txt"))
    Report(out, tmp_path).test(found, 7)
    assert out.getvalue().splitlines()[-1].strip() == "all of it: build/grade/x.txt"


def test_what_is_long_is_shown_one_above_the_other_and_cut():
    lines = side_by_side("x" * 80, list(range(100)))
    assert lines[0] == "expected: " + "x" * 80 and lines[1] == "seen:     0"
    assert lines[-1].strip() == "... and 88 more" and len(lines) == 14


def test_large_numbers_are_shown_in_both_ways():
    assert side_by_side(0x80200000, 5)[1:] == ["2149580800 (0x80200000) | 5"]


def test_the_first_machine_needs_no_number():
    assert replay(verdict_of("talks", verdict.FAILED), 3) == "make grade-gdb T=talks SEED=3"


# --- answers ----------------------------------------------------------------------------------------

LAB = Lab(1, "tries", "Tries", None, 1, (), (), measures=(
    Measure("1.a", "How many?", "instructions", ("call", "body"), 2),
    Measure("1.b", "How long?", "instructions", (), 3)))


def points(tmp_path, text):
    (tmp_path / "answers.toml").write_text(text)
    return [each.points for each in answers.others(tmp_path, LAB)]


def test_predictions_count_and_need_not_be_right(tmp_path):
    assert points(tmp_path, "") == [0, 0]
    assert points(tmp_path, '[measure."1.a"]\npredicted = 5\n') == [0, 0]
    assert points(tmp_path, '[measure."1.a"]\npredicted = 5\nmeasured = 900\n') == [1, 0]


def test_what_to_do_next_follows_what_was_done(tmp_path):
    def said(text):
        (tmp_path / "answers.toml").write_text(text)
        return answers.others(tmp_path, LAB)[0].words
    assert "make predict M=1.a" in said("")
    assert "make measure M=1.a" in said('[measure."1.a"]\npredicted = 5\n')


def test_an_explanation_adds_up(tmp_path):
    before = '[measure."1.a"]\npredicted = 5\nmeasured = 900\n'
    assert points(tmp_path, before + "parts = { call = 400, body = 499 }") == [1, 0]
    assert points(tmp_path, before + "parts = { call = 400, body = 500 }") == [2, 0]
    assert points(tmp_path, before + "parts = { call = 400, luck = 500 }") == [1, 0]
    assert points(tmp_path, before + "parts = { call = 1000, body = -100 }") == [1, 0]


def test_without_parts_a_sentence_explains(tmp_path):
    before = '[measure."1.b"]\npredicted = 5\nmeasured = 900\n'
    assert points(tmp_path, before + 'why = "because"') == [0, 2]
    assert points(tmp_path, before + 'why = "the loop runs once more"') == [0, 3]


def test_answers_that_cannot_be_read_are_no_points(tmp_path):
    assert points(tmp_path, "[measure\n") == [0]


# --- symptoms ---------------------------------------------------------------------------------------

def test_conditions_of_a_row():
    seen = {"ending": "asleep", "console": "", "function": ["boot", "trap_kernel"], "cause": 2,
            "test": "walks_far", "seen": "it ran"}
    holds = [("ending", "hang"), ("console", ""), ("function", "trap_.*"), ("cause", 2),
             ("test", "far"), ("seen", "^it"), ("without", "^trap$")]
    for key, wanted in holds:
        assert symptoms._holds(key, wanted, seen), key
    for key, wanted in [("ending", "panic"), ("console", "x"), ("function", "sbi"), ("cause", 3),
                        ("test", "near"), ("luck", 1), ("without", "trap_.*")]:
        assert not symptoms._holds(key, wanted, seen), key


def test_of_long_tables_the_rows_that_differ_are_shown():
    expected = [f"row {n}" for n in range(40)]
    seen = [*expected[:30], "another", *expected[31:]]
    shown = "\n".join(side_by_side(expected, seen))
    assert "row 30" in shown and "another" in shown and "(39 that are equal)" in shown
    assert "row 29" not in shown

"""The grader is graded: a sample here, all of it by `make selftest-full`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from grade.elf import ROOT
from grade.grader import selftest, variants, verdict
from grade.grader.api import LabTest
from grade.grader.subject import reference
from grade.grader.verdict import Verdict
from grade.tests.campaign import FULL
from labs.tool import course as course_file
from labs.tool.course import CourseError, Mutant

COURSE = course_file.load()
KINDS = {"off-by-one", "wrong-flag", "wrong-error", "once", "one-hart", "leak", "hard-coded", "prints",
         "fence", "wrong-order"}

pytestmark = pytest.mark.one_worker     # they build in one stage, one after the other


def grader(module: str, *words: str) -> str:
    """What a command of the grader prints, in a process of its own: it is threads and shared memory
    throughout. It must end well."""
    done = subprocess.run([sys.executable, "-X", "faulthandler", "-m", f"grade.grader.{module}", *words],
                          cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"status {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


# A grader's stage begins with nothing: a lab whose images take musl is for the long campaign.
QUICK = [lab for lab in COURSE.labs if FULL or not any("LIBC=musl" in image.make for image in lab.images)]


@pytest.mark.parametrize("lab", QUICK, ids=lambda lab: lab.name)
def test_a_sample_of_each_lab_is_as_it_should_be(lab):
    wanted = list(selftest.quick(COURSE, [lab], reference(ROOT)))
    assert len(wanted) > 2
    assert f"{len(wanted)} of {len(wanted)} are as they should be" in \
        grader("selftest", "--lab", str(lab.number), "--jobs", "1")


@pytest.mark.parametrize("lab", QUICK, ids=lambda lab: lab.name)
def test_a_few_runs_with_new_seeds_pass(lab):
    grader("soak", "--lab", str(lab.number), "--runs", "2", "--seed", "100", "--jobs", "1")


# --- the labs' files --------------------------------------------------------------------------------

@pytest.mark.parametrize("lab", COURSE.labs, ids=lambda lab: lab.name)
def test_tests_and_holes_share_the_points(lab):
    by_hole = {hole.id: 0 for hole in lab.holes}
    for test in variants.tests_of(lab.number):
        by_hole[test.hole] += test.points
    assert by_hole == {hole.id: hole.points for hole in lab.holes}
    whole = sum(by_hole.values()) + sum(each.points for each in lab.measures) + (
        lab.bug.points if lab.bug else 0)
    assert whole == 100


@pytest.mark.parametrize("lab", COURSE.labs, ids=lambda lab: lab.name)
def test_every_hole_has_three_mutants_that_can_be_made(lab):
    solution = reference(ROOT)
    by_hole = {hole.id: [each for each in lab.mutants() if each.hole == hole.id] for hole in lab.holes}
    assert not {hole: len(found) for hole, found in by_hole.items() if len(found) < 3}
    for each in lab.mutants():
        assert variants.of_mutant(lab, each, solution).subject.files != solution.files
        assert each.kind in KINDS, f"{each.name}: {each.kind}"


# --- what it would notice ---------------------------------------------------------------------------

TEST = LabTest("walks", "It walks.", "1.2", 4, (), lambda run: None)


def judged(status):
    return [Verdict(TEST, status, "so it is")]


def test_a_solution_that_loses_points_is_noticed():
    assert not variants.all_pass(judged(verdict.PASSED))
    for status in (verdict.FAILED, verdict.OPEN, verdict.WAITS, verdict.NOT_JUDGED, verdict.CAUGHT_UP):
        assert "walks is" in variants.all_pass(judged(status))[0]


def test_points_for_nothing_are_noticed():
    assert not variants.none_passes(judged(verdict.OPEN) + judged(verdict.WAITS))
    assert variants.none_passes(judged(verdict.PASSED)) and variants.none_passes(judged(verdict.FAILED))


def test_a_test_that_needs_a_hole_and_does_not_say_so_is_noticed():
    def complaint(status, needs_it):
        return variants._wrong_about(judged(status)[0], needs_it, "1.1")

    assert "does not say so" in complaint(verdict.WAITS, False)
    assert "which it says it needs" in complaint(verdict.PASSED, True)
    assert "which it says it needs" in complaint(verdict.FAILED, True)
    assert complaint(verdict.FAILED, False) and not complaint(verdict.PASSED, False)
    assert not complaint(verdict.WAITS, True)


def test_a_mutant_that_lives_is_noticed():
    lab, solution = COURSE.lab(1), reference(ROOT)
    variant = variants.of_mutant(lab, lab.mutants()[0], solution)
    assert not variant.complaints(judged(verdict.FAILED))
    for status in (verdict.PASSED, verdict.WAITS, verdict.OPEN, verdict.NOT_JUDGED):
        assert "lives" in variant.complaints(judged(status))[0]


def test_a_mutant_that_does_not_fit_the_solution_is_refused():
    lab, solution = COURSE.lab(1), reference(ROOT)
    observer = lab.mutants()[0].observer
    stale = Mutant("stale", "1.1", observer, "once", edits=(("no such words", ""),))
    with pytest.raises(CourseError, match="is not in the solution of 1.1"):
        variants.of_mutant(lab, stale, solution)
    with pytest.raises(CourseError, match="has no test nobody"):
        variants.of_mutant(lab, Mutant("seen by none", "1.1", "nobody", "once", body="x"), solution)


def test_a_kernel_that_does_not_compile_is_noticed():
    lab, solution = COURSE.lab(1), reference(ROOT)
    broken = Mutant("broken", "1.1", lab.mutants()[0].observer, "once", body="this is no C")
    assert "sbi.c" in selftest.judge(variants.of_mutant(lab, broken, solution))[0]

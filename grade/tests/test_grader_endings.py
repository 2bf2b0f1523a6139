"""Whatever a kernel does instead of what it should: the right words, and the other tests still run."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from grade.grader import verdict
from grade.grader.machine import place_of
from grade.tests.grader_fixture import judge, judge_all

BUDGET = 40_000_000


def ends(how: str, **options):
    """A test that boots a kernel which misbehaves so, and wants it to end well."""
    def test(run):
        run.boot("boot", args=how, budget=BUDGET).finish(**options)
    test.__name__ = how.replace(" ", "_")
    return test


ENDINGS = {
    "loop": "it ran on and on in misbehave",
    "asleep": "every hart sleeps, and nothing will wake one in misbehave",
    "panic": "the kernel panicked: out of ideas",
    "reset": "the machine was reset",
    "flood": "it printed and printed, and was stopped",
    "status": "the machine was switched off with status 3",
    "trap loop": "it ran on and on",
    "nowhere": "it ran on and on in misbehave",
}


@pytest.fixture(scope="module")
def endings():
    """All of them, and a good one at the end, in one go."""
    found = judge_all(*map(ends, ENDINGS), ends("say well"))
    return dict(zip([*ENDINGS, "well"], found))


@pytest.mark.parametrize("how", ENDINGS)
def test_every_ending_has_its_words(endings, how):
    found = endings[how]
    assert (found.status, found.points) == (verdict.FAILED, 0)
    assert found.words == "how the machine ends"
    assert found.expected == "the machine is switched off"
    assert found.seen.startswith(ENDINGS[how])


def test_a_hart_that_cannot_trap_uses_no_budget_up_and_is_found_out(endings):
    assert "the first instruction of its trap vector is a trap" in endings["nowhere"].seen


def test_the_tests_beside_them_still_run(endings):
    assert (endings["well"].status, endings["well"].points) == (verdict.PASSED, 5)


def test_a_failure_names_the_functions_that_ran_last(endings):
    assert endings["loop"].last_functions[-2:] == ["strcmp", "misbehave"]


def test_how_a_machine_is_switched_off_is_no_news(endings):
    assert endings["status"].last_functions == []


def test_a_panic_says_where_and_who_called(endings):
    assert re.search(r"out of ideas in \w+\+0x\w+ kern/\S+:\d+", endings["panic"].seen)
    assert "misbehave" in endings["panic"].last_functions
    assert not any(name.startswith("panic") for name in endings["panic"].last_functions)


def test_the_symptom_is_the_row_that_fits(endings):
    assert endings["loop"].symptom.seen == "It loops"
    assert endings["asleep"].symptom.seen == "It sleeps"
    assert endings["panic"].symptom is None
    assert endings["status"].symptom.seen == "All else"


def test_a_row_that_asks_for_more_and_gets_it_comes_first():
    def lucky(run):
        run.fact(luck=2)
        run.boot("boot", args="status").finish()
    assert judge(lucky).symptom.seen == "Two"


def test_a_place_in_the_firmware_is_called_so():
    nothing = SimpleNamespace(describe=lambda pc: "")
    assert place_of(nothing, 0x80000476) == "the firmware (0x80000476)"
    assert place_of(nothing, 0x80200476) == "0x80200476"


def test_an_open_hole_is_no_failure():
    found, other = judge_all(ends("hole"), ends("hole elsewhere"))
    assert (found.status, found.words, found.points) == (verdict.OPEN, "not written yet", 0)
    assert (other.status, other.words, other.points) == (verdict.WAITS, "waits for 1.5", 0)


def test_a_hole_is_seen_at_once_whatever_the_budget():
    def patient(run):
        machine = run.boot("boot", args="hole", budget=10**12)
        machine.finish(endings=("hole",))
        assert machine.ending.hole == "1.3" and "misbehave" in machine.ending.place
    assert judge(patient).status == verdict.PASSED


def test_an_early_end_is_told_from_waiting():
    def early(run):
        run.boot("boot", args="early").expect("boot: done")
    found = judge(early)
    assert found.words == "the console never showed 'boot: done'"
    assert found.seen.startswith("the machine was switched off; the console is empty")


def test_waiting_for_a_word_ends_when_the_machine_sleeps_for_good():
    def waiting(run):
        run.boot("boot", args="asleep").expect("a word")
    assert "every hart sleeps" in judge(waiting).seen


def test_a_panic_that_is_only_printed_is_none():
    found = judge(ends("liar", endings=("panic",)))
    assert found.expected == "the kernel panics" and found.seen == "the machine was switched off"


def test_a_wanted_panic_is_told_with_its_report():
    def wanted(run):
        ending = run.boot("boot", args="panic").finish(endings=("panic",))
        run.same("panic", ("out of ideas", "0"), (ending.remark, ending.report["cause"]))
    assert judge(wanted).status == verdict.PASSED


def test_when_the_hosts_clock_runs_out_nothing_is_said_about_the_kernel():
    def slow(run):
        run.boot("boot", args="loop", budget=10**12).finish()
    found = judge(slow, deadline=1.0)
    assert found.status == verdict.NOT_JUDGED


def test_the_guests_bytes_do_not_drive_the_terminal():
    def rude(run):
        machine = run.boot("boot", args="bytes")
        machine.finish()
        run.same("nothing", [], machine.lines("\x1b"))
    found = judge(rude)
    assert found.status == verdict.FAILED
    from grade.grader.report import side_by_side
    assert "\x1b" not in "".join(side_by_side(found.expected, found.seen))


def test_nonsense_in_a_machines_output_fails_the_test_only():
    def trusting(run):
        machine = run.boot("boot", args="early")
        machine.finish()
        int(machine.lines()[0])
    found = judge(trusting)
    assert found.status == verdict.FAILED and "IndexError" in found.seen


def test_memory_can_be_read_after_the_end():
    def looks(run):
        machine = run.boot("boot", args="early", poison=True, memory="64M")
        machine.finish()
        run.same("memory size", 64 << 20, machine.read_u64("machine", 1) or 64 << 20)
        run.check(any(machine.read_physical(0x80200000, 64)), "the text is there")
    assert judge(looks).status == verdict.PASSED


def test_speed_is_counted_from_outside_and_not_believed(tmp_path, monkeypatch):
    """A kernel says what it likes of its own speed; the plugin counts between two addresses."""
    monkeypatch.setattr("grade.grader.world.bars.bar", lambda _lab, _name: 100)

    def slow_but_proud(run):
        machine = run.boot("boot", args="proud", regions=[("misbehave", "power_off")])
        machine.finish()
        run.same("the result", ["1 instruction"], machine.lines("this took "))
        run.at_most("misbehaving", machine.profile.regions[0].max)
    found = judge(slow_but_proud)
    assert found.words == "misbehaving: too many instructions" and found.points == 0
    assert found.expected == "at most 100" and found.seen > 1000 and found.counts["misbehaving"] > 1000


def test_all_there_is_to_know_is_in_the_transcript(tmp_path):
    with_transcript = judge(ends("panic"), transcripts=tmp_path)
    text = (tmp_path / "panic.txt").read_text()
    assert with_transcript.transcript == str(tmp_path / "panic.txt")
    assert "panic: out of ideas" in text and "misbehave" in text and "ran last" in text

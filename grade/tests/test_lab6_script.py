"""Lab 6's judge: what it may not blame on a heap, and what it must."""

from __future__ import annotations

import pytest

from grade.grader.api import Failed, Run
from grade.grader.builder import _that_make_names
from grade.labs.lab6_script import Judge, Kind, Log, Script, digest, trades

BLOCK = 0x80010000


class Console:
    def lines(self, prefix: str) -> list[str]:
        return ["two free blocks side by side"]


def judged(script: Script, *results: int, taken: list[int] | None = None) -> Log:
    log = Log(list(results), taken or [0] * len(results), [], 0, [(BLOCK, BLOCK + 0x10000)], Console(), script)
    Judge(script.run, script, log).judge()
    return log


@pytest.fixture
def script() -> Script:
    return Script(Run("a test", 1, None))


def test_what_a_failed_malloc_was_to_hold_is_in_no_block(script):
    """The slot has a block later, by realloc."""
    script.malloc(0, 100)
    script.realloc(0, 50, 100)
    script.free(0)
    filled = script.steps[3].pattern
    judged(script, 0, BLOCK, 12345, 0, digest(filled, 50))


def test_what_a_block_held_must_stay(script):
    script.malloc(0, 100)
    script.free(0)
    judged(script, BLOCK, digest(script.steps[0].pattern, 100))
    with pytest.raises(Failed, match="step 1, free of 100 bytes"):
        judged(script, BLOCK, 1)


def test_realloc_to_nothing_leaves_nothing(script):
    script.malloc(0, 100)
    script.just_realloc(0, 0)
    script.malloc(1, 100)
    judged(script, BLOCK, 0, BLOCK)
    with pytest.raises(Failed, match="realloc of 0 bytes"):
        judged(script, BLOCK, BLOCK, BLOCK + 0x100)


def test_the_check_is_quoted(script):
    script.malloc(0, 100)
    script.ask(Kind.CHECK)
    with pytest.raises(Failed) as failed:
        judged(script, BLOCK, 1)
    assert failed.value.seen == "two free blocks side by side"


def test_calls_that_trade_pages_are_counted(script):
    for slot in range(4):
        script.malloc(slot, 16)
    log = judged(script, *(BLOCK + 32 * slot for slot in range(4)), taken=[4096, 4096, 8192, 8192])
    assert trades(script, log) == 33


def test_a_file_that_the_makefile_names_is_to_blame():
    said = "Makefile:68: *** ALLOC=mine: that is kern/alloc/mine.c, which is yours to write.  Stop.\n"
    assert _that_make_names(said, ["kern/alloc/tlsf.c", "kern/alloc/mine.c"]) == ["kern/alloc/mine.c"]

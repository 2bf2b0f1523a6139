"""Lab 3's call of one's own: the kernel's box against the host's model of it (lab3_spec.py)."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from grade.grader.api import Run, lab_test
from grade.labs.lab3_spec import Box, Call, Terms, parameters

NEEDS = ("3.1", "3.2", "3.3", "3.4", "3.5", "3.6")
EXACT = "shift=0,sleep=off"     # sleep takes no time: ticks alone use up the budget of what hangs


# --- a script, and what must come of it -------------------------------------------------------------

@dataclass
class Script:
    """Calls, and children that make calls: words for the probe, and steps for the model."""

    terms: Terms
    words: list[str] = field(default_factory=list)
    steps: list[Call | str] = field(default_factory=list)       # "{" and "}" begin and end a child

    def call(self, operation: str, count: int = 1, place: str = "good",
             values: tuple[int, ...] = ()) -> None:
        call = Call(operation, count, place, values)
        self.words.append(call.words(self.terms))
        self.steps.append(call)

    def put(self, *values: int, place: str = "good") -> None:
        self.call("put", len(values), place, values)

    def take(self, count: int = 1, place: str = "good") -> None:
        self.call("take", count, place)

    def look(self) -> None:
        self.call("look", 0)

    def begin_child(self) -> None:
        self.words.append("{")
        self.steps.append("{")

    def end_child(self) -> None:
        self.words.append("}")
        self.steps.append("}")

    def empty(self) -> None:
        """Take all there is, one by one."""
        for _ in range(self.terms.capacity + 1):
            self.take()

    def expected(self) -> list[str]:
        """The lines that a right kernel makes the probe print. Processes are numbered as they come:
        each has one thread."""
        box, lines, pids, newest = Box(self.terms), [], [1], 2
        for step in self.steps:
            if step == "{":
                newest += 1
                pids.append(newest)
            elif step == "}":
                pids.pop()
            else:
                lines.append(box.call(pids[-1], step).line(step, pids[-1], self.terms))
        return lines


def play(run: Run, script: Script) -> None:
    words = " ".join([f"number {script.terms.number}", *script.words])
    machine = run.boot("wall", args=f"'{words}'", icount=EXACT)
    machine.finish()
    expected, seen = script.expected(), machine.lines("box ")
    calls = [step for step in script.steps if isinstance(step, Call)]
    for number, (want, have) in enumerate(zip(expected, seen + [""] * len(expected))):
        if want != have:
            if saw_fewer(calls[number], want, have):
                run.fact(letters="too few")
            before = [f"box {line}" for line in expected[max(0, number - 4):number]]
            run.same("\n".join([f"call {number + 1} of {len(expected)}: pid, op, where = answer, "
                                "letters (value/sender/number); before it, rightly:", *before]),
                     want, have)
    run.same("how many calls are reported", len(expected), len(seen))


def saw_fewer(call: Call, want: str, have: str) -> bool:
    """Did this call find fewer letters in the box than there are?"""
    found = [re.match(r"\d+ \S+ good = (-?\d+)", line) for line in (want, have)]
    return call.operation in ("take", "look") and all(found) and int(found[1][1]) < int(found[0][1])


def terms_of(run: Run) -> Terms:
    return parameters(run.key)


def values(draw: random.Random, count: int) -> tuple[int, ...]:
    """Few different ones, so that some are equal; negative ones too."""
    return tuple(draw.randint(-9, 9) * draw.choice((1, 1, 1 << 33)) for _ in range(count))


# --- what is tested ---------------------------------------------------------------------------------

@lab_test("3.8", points=3, needs=NEEDS)
def letters_come_out_of_the_box(run: Run) -> None:
    """Letters put in come out in the specified order, numbered, with their sender."""
    draw, script = run.random, Script(terms_of(run))
    most = min(script.terms.batch, script.terms.quota or script.terms.batch)
    for _ in range(4):
        script.put(*values(draw, draw.randint(1, most)))
        script.look()
        script.take(draw.randint(1, script.terms.batch))
    for _ in range(script.terms.numbers):        # until the numbers begin again
        script.put(*values(draw, 1))
        script.take()
    play(run, script)


@lab_test("3.8", points=4, needs=NEEDS)
def the_box_has_its_limits(run: Run) -> None:
    """Batches that are too long, a full box, an empty one, a sender's share: the right answers."""
    draw, script = run.random, Script(terms_of(run))
    terms = script.terms
    script.take(draw.randint(1, terms.batch))
    for count in (0, terms.batch + 1, terms.batch):
        script.call("put", count, "good", values(draw, count))
        script.call("take", count)
    for _ in range(3):                           # children, each with a share
        script.begin_child()
        for _ in range(terms.capacity // 2):
            script.put(*values(draw, draw.randint(1, 2)))
        script.put(*values(draw, terms.batch))
        script.look()
        script.end_child()
    script.take(draw.randint(1, terms.batch))
    script.put(*values(draw, 2))
    script.put(*values(draw, terms.batch))
    script.empty()
    play(run, script)


@lab_test("3.8", points=4, needs=NEEDS)
def a_call_that_fails_changes_nothing(run: Run) -> None:
    """Operations that do not exist, pointers that lead nowhere: the right error, and nothing lost."""
    draw, script = run.random, Script(terms_of(run))
    most = min(3, script.terms.quota or 3)
    script.put(*values(draw, most))
    bad = [("77", "good"), ("-1", "good"), ("put", "half"), ("put", "kernel"), ("put", "nowhere"),
           ("take", "half"), ("take", "kernel"), ("take", "readonly"), ("take", "nowhere")]
    draw.shuffle(bad)
    for operation, place in bad:
        count = draw.randint(1, 2)
        script.call(operation, count, place, values(draw, count) if operation == "put" else ())
        if draw.random() < 0.4:
            script.look()
    script.put(*values(draw, 1), place="readonly")
    script.look()
    script.empty()
    script.put(*values(draw, 1))
    script.take()
    play(run, script)


@lab_test("3.8", points=3, needs=NEEDS)
def many_processes_share_the_box(run: Run) -> None:
    """Parents, children and theirs put and take in turns: whose letters, and for whom."""
    draw, script = run.random, Script(terms_of(run))

    def life(depth: int) -> None:
        for _ in range(draw.randint(2, 5)):
            kind = draw.random()
            if kind < 0.25 and depth < 4:
                script.begin_child()
                life(depth + 1)
                script.end_child()
            elif kind < 0.6:
                script.put(*values(draw, draw.randint(1, min(3, script.terms.batch))))
            elif kind < 0.9:
                script.take(draw.randint(1, script.terms.batch))
            else:
                script.look()
    for _ in range(6):
        life(1)
    script.empty()
    play(run, script)


@lab_test("3.8", points=3, needs=NEEDS)
def the_request_is_read_once(run: Run) -> None:
    """Letters that are written over the request itself change nothing of what the call does."""
    draw, script = run.random, Script(terms_of(run))
    most = min(script.terms.batch, script.terms.quota or script.terms.batch)
    for _ in range(3):
        script.put(*values(draw, most))
        script.take(draw.randint(2, script.terms.batch), place="over")
        script.look()
        script.take(script.terms.batch)
    play(run, script)


@lab_test("3.8", points=2, needs=NEEDS)
def nothing_is_lost_on_many_harts(run: Run) -> None:
    """Four harts put and take at the same time: no letter twice, none lost, none invented."""
    race(run, 60, icount=EXACT)             # on one hart, where waiting for ever shows at once
    race(run, run.random.randint(700, 900), harts=4, budget=2_000_000_000)


def race(run: Run, rounds: int, **options) -> None:
    terms = terms_of(run)
    machine = run.boot("wall", args=f"number {terms.number} race {terms.put} {terms.take} 4 {rounds} 2",
                       **options)
    machine.finish()
    found = re.fullmatch(r"(\d+) put, (\d+) taken, (\d+) twice, (\d+) lost, (\d+) invented",
                         "".join(machine.lines("race: ")))
    run.check(found, "the report", "how many letters were put and taken", machine.lines("race: "))
    put, taken, twice, lost, invented = map(int, found.groups())
    # Who may not take their own letters are soon done with their share, if nobody else comes by.
    least = min(terms.capacity, terms.quota or rounds) if terms.readers == "others" else rounds
    run.check(put >= least, "how many letters were put in", f"at least {least}", put)
    if terms.when_full == "push out":
        lost, taken = 0, put
    run.same("letters taken twice, lost, invented", (0, 0, 0), (twice, lost, invented))
    run.same("how many letters were taken", put, taken)

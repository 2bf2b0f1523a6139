"""Lab 3's call of one's own, where processes give way to each other in the middle of it.

The image wall-torn (kern/images/torn.c) lets another thread run at any access to memory that box.c makes.
Whatever comes of it, there must be an order of the calls, one after the other, that explains each answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Iterator

from grade.grader.api import Run, lab_test
from grade.labs.lab3_box import EXACT, NEEDS, terms_of
from grade.labs.lab3_spec import Box, Call, Terms

ROUNDS, OPERATIONS = 40, 6
MEETINGS = 10 * ROUNDS          # a call has more accesses to memory than this takes


@dataclass(frozen=True)
class Step:
    """A call, and its answer."""

    pid: int
    call: Call
    result: int
    letters: tuple[str, ...]    # those that a take got
    text: str


@lab_test("3.8", points=3, needs=NEEDS)
def calls_happen_one_after_the_other(run: Run) -> None:
    """Processes give way to each other in the middle of calls: one order explains all answers."""
    terms, draw = terms_of(run), run.random
    numbers = [terms.put, terms.take, terms.look, terms.batch, ROUNDS, OPERATIONS, draw.getrandbits(31)]
    machine = run.boot("wall-torn", args=f"'number {terms.number} duel {' '.join(map(str, numbers))}'",
                       icount=EXACT, budget=1_000_000_000,
                       load={"torn_seed": draw.getrandbits(63).to_bytes(8, "little")})
    machine.finish()
    rounds = list(rounds_of(machine.lines("duel "), terms))
    run.same("how many times processes have met", ROUNDS, len(rounds))
    where = machine.symbols.address("torn_count")
    meetings = int.from_bytes(machine.read_physical(where, 8), "little")
    run.check(meetings >= MEETINGS, "how often somebody gave way in box.c: it must be compiled like any file, "
              "without attributes that keep the compiler from telling of accesses", f"at least {MEETINGS}", meetings)
    boxes = {Box(terms).state}
    for histories in rounds:
        boxes = explanations(terms, boxes, histories)
        if not boxes:
            run.fact(order="none")
            calls = [step.text for history in histories for step in history]
            run.check(False, "\n".join(["three processes made these calls at the same time (pid op count values = answer "
                                        ": letters value/sender/number):", *calls]),
                      "answers as if the calls had come one after the other", "answers that no order explains")


def rounds_of(lines: Iterable[str], terms: Terms) -> Iterator[list[list[Step]]]:
    """Of each round what each process did."""
    histories: dict[int, list[Step]] = {}
    for line in lines:
        if line == "over":
            yield list(histories.values())
            histories = {}
        elif step := step_of(line, terms):
            histories.setdefault(step.pid, []).append(step)


def step_of(line: str, terms: Terms) -> Step | None:
    """79 1 3 = 3 76 77 78 : 76/-1/-1 77/-1/-1 78/-1/-1"""
    found = re.fullmatch(r"(\d+) (\d+) (\d+) = (-?\d+)((?: -?\d+)*) :((?: \S+)*)", line)
    if not found:
        return None
    names = {number: name for name, number in terms.operations.items()}
    pid, operation, count, result = map(int, found.groups()[:4])
    call = Call(names.get(operation, str(operation)), count, "good", tuple(map(int, found[5].split())))
    letters = found[6].split()[:max(result, 0)] if call.operation == "take" else []
    return Step(pid, call, result, tuple(letters), line)


def explanations(terms: Terms, boxes: set[tuple], histories: list[list[Step]]) -> set[tuple]:
    """What may be in the box when all is done. It began as one of `boxes`; each process made its calls in
    the order of its history, and nothing else is known. Empty: nothing explains the answers."""
    front = {tuple(0 for _ in histories): boxes}     # how far each has come, and what may be in the box then
    for _ in range(sum(map(len, histories))):
        reached: dict[tuple, set[tuple]] = {}
        for place, here in front.items():
            for who, history in enumerate(histories):
                if place[who] < len(history) and (left := after(terms, here, history[place[who]])):
                    further = (*place[:who], place[who] + 1, *place[who + 1:])
                    reached.setdefault(further, set()).update(left)
        front = reached
    return set().union(*front.values())


def after(terms: Terms, boxes: set[tuple], step: Step) -> set[tuple]:
    """Those boxes, after a call, that give its answer."""
    left = set()
    for state in boxes:
        box = Box.in_state(terms, state)
        answer = box.call(step.pid, step.call)
        if answer.result == step.result and tuple(map(str, answer.letters)) == step.letters:
            left.add(box.state)
    return left

"""make predict and make measure: a number is written down before it is measured."""

from __future__ import annotations

import re
from pathlib import Path

from . import say
from .answers import FILE, Book
from .course import CourseError, Lab, Measure
from .student import Tree


def find(tree: Tree, identity: str) -> Measure:
    number = re.fullmatch(r"(\d+)\.[a-z]", identity)
    if not number:
        raise CourseError(f"{identity!r} is not the name of a measure, such as 1.a")
    lab = tree.course.lab(int(number[1]))
    for measure in lab.measures:
        if measure.id == identity:
            return measure
    raise CourseError(f"lab {lab.number} has no measure {identity}; it has {_names(lab)}")


def _names(lab: Lab) -> str:
    return ", ".join(measure.id for measure in lab.measures) or "none"


def ask_for(tree: Tree) -> None:
    """No M= was given: the questions of the current lab."""
    for measure in tree.lab.measures:
        say.note(f"{measure.id}  {measure.question} ({measure.unit})")
    if not tree.lab.measures:
        say.say(f"Lab {tree.lab.number} has nothing to predict.")
    else:
        say.say(f"Predict one: make predict M={tree.lab.measures[0].id} N=...   "
                f"and then: make measure M={tree.lab.measures[0].id}")


def predict(tree: Tree, identity: str, number: str) -> None:
    """Records; a number that is already measured is no prediction any more."""
    if not identity:
        return ask_for(tree)
    tree.begun
    measure, book = find(tree, identity), Book(tree.root)
    if not number:
        say.note(measure.question)
        say.say(f"Write your number down with: make predict M={identity} N=...   (in {measure.unit})")
        return
    if not re.fullmatch(r"[0-9][0-9_,]*", number):
        raise CourseError(f"N={number}: a prediction is a whole number, such as N=1200")
    measured, before = (book.get("measure", identity, key) for key in ("measured", "predicted"))
    if measured is not None:
        raise CourseError(f"{identity} is already measured ({measured} {measure.unit}), and what comes "
                          f"after is no prediction; yours was {before}")
    value = int(re.sub("[_,]", "", number))
    book.set("measure", identity, predicted=value)
    instead = f" instead of {before}" if before not in (None, value) else ""
    say.say(f"Noted in {FILE}: you expect {value} {measure.unit}{instead}. "
            f"When what it asks about is written: make measure M={identity}")


def measure(tree: Tree, identity: str) -> None:
    """Measures with the grader, on the student's own kernel."""
    if not identity:
        return ask_for(tree)
    tree.begun
    asked, book = find(tree, identity), Book(tree.root)
    predicted = book.get("measure", identity, "predicted")
    if predicted is None:
        say.note(asked.question)
        raise CourseError(f"first write down what you expect: make predict M={identity} N=...")
    from grade.grader.measuring import take_measure     # needs the grader's packages
    reading = take_measure(tree.root, identity)
    book.set("measure", identity, measured=reading.number, build=reading.build[:16])
    parts = book.get("measure", identity, "parts")
    if asked.parts and not isinstance(parts, dict):
        book.set("measure", identity, parts={part: 0 for part in asked.parts})
    if book.get("measure", identity, "why") is None:
        book.set("measure", identity, why="")
    _compare(asked, predicted, reading.number)
    for name, text in reading.pages.items():
        say.say(f"Drawn: {_written(tree.root, name, text)}")
    _explain(asked, predicted, reading.number, parts, reading.parts)


def _written(root: Path, name: str, text: str) -> Path:
    path = Path("build") / f"{name}.html"
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text(text)
    return path


def _compare(asked: Measure, predicted: int, measured: int) -> None:
    say.note(asked.question)
    say.table([["predicted", f"{predicted:>14,}", asked.unit], ["measured", f"{measured:>14,}", asked.unit]])


def _explain(asked: Measure, predicted: int, measured: int, parts: object, real: dict[str, int]) -> None:
    """What is left to do; or how well it was done, where the parts were measured, too."""
    if real and _adds_up(parts, measured):
        rows = [[part, f"{parts.get(part, 0):>14,}", f"{real.get(part, 0):>14,}", asked.unit] for part in asked.parts]
        say.table([["", f"{'you say':>14}", f"{'measured':>14}", ""], *rows])
    elif asked.parts:
        say.note(f"Now explain the number: in {FILE}, under [measure.\"{asked.id}\"], say how much of "
                 f"the {measured:,} comes from each of: {', '.join(asked.parts)}. The parts must add up.")
    else:
        why = "You expected it: what made you sure" if predicted == measured else "They differ: why"
        say.note(f"{why}? Write a sentence into {FILE}, under [measure.\"{asked.id}\"].")


def _adds_up(parts: object, measured: int) -> bool:
    return (isinstance(parts, dict) and all(isinstance(part, int) for part in parts.values())
            and sum(parts.values()) == measured)

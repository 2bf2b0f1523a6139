"""Points for what a student wrote into answers.toml: predictions, explanations, the planted bug.

A prediction earns its points by having been made before the measurement, an explanation by adding up;
whether the number was right is nobody's business.
"""

from __future__ import annotations

from pathlib import Path

from labs.tool import bug
from labs.tool.answers import Book
from labs.tool.course import CourseError, Lab, Measure

from .verdict import Other

WORDS = 4       # of an explanation, at least


def others(root: Path, lab: Lab) -> list[Other]:
    """The points of a lab that no test gives."""
    try:
        book = Book(root)
    except CourseError as error:
        return [Other("answers", str(error), 0, _most(lab))]
    found = [_measured(book, measure) for measure in lab.measures if measure.points]
    return found + ([_found(book, lab)] if lab.bug and lab.bug.points else [])


def _most(lab: Lab) -> int:
    return sum(each.points for each in lab.measures) + (lab.bug.points if lab.bug else 0)


def _measured(book: Book, measure: Measure) -> Other:
    def written(key: str):
        return book.get("measure", measure.id, key)

    recorded = all(isinstance(written(key), int) for key in ("predicted", "measured"))
    for_explaining = measure.points // 2
    points = (measure.points - for_explaining) * recorded
    words = "" if recorded else _what_is_next(measure, written("predicted"))
    if recorded and _is_explained(measure, written("measured"), written("parts"), written("why")):
        points += for_explaining
    elif recorded:
        words = "say in answers.toml what the number is made of" if measure.parts else \
            "say in answers.toml why it is not what you expected"
    return Other(measure.id, measure.question, points, measure.points, words)


def _what_is_next(measure: Measure, predicted: object) -> str:
    if isinstance(predicted, int):
        return f"predicted; now: make measure M={measure.id}"
    return f"predict, then measure: make predict M={measure.id} N=..."


def _is_explained(measure: Measure, measured: int, parts: object, why: object) -> bool:
    if not measure.parts:
        return isinstance(why, str) and len(why.split()) >= WORDS
    return (isinstance(parts, dict) and set(parts) <= set(measure.parts)
            and all(isinstance(part, int) and part >= 0 for part in parts.values())
            and sum(parts.values()) == measured)


def _found(book: Book, lab: Lab) -> Other:
    answer = book.get("bug", str(lab.number), "answer")
    try:
        right = isinstance(answer, str) and bug.is_right(lab, bug.normal(lab, answer))
    except CourseError:
        right = False
    words = "" if right else f"not found yet: make bug-{lab.number}"
    return Other("bug", f"The planted bug: {lab.bug.title}", lab.bug.points * right, lab.bug.points,
                 words)

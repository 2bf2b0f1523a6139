"""Opens holes in sources, and fills them again.

A C function is found by its name: a definition begins in column 0, its body opens with `{` and closes
with `}`, both alone on a line in column 0 (clang-format sees to it). In assembly a hole reaches from
behind a label to before the line that `until` begins. In Python it is what is indented below a `def` in
column 0. So the kernel's sources need no marks.

    open_hole(text, hole)       the text with the contract and HOLE(1, 2) instead of the body
    body(text, hole)            what stands between: the solution, or the open hole
    fill(text, hole, body)      the text with that body instead
    is_open(text, hole)         whether the hole's mark is still there

Everything here works on texts; files are the caller's business.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from typing import Iterable

from .course import CourseError, Hole

WIDTH = 92


@dataclass(frozen=True)
class Span:
    """Lines start .. end-1 of a text."""

    start: int
    end: int


def body(text: str, hole: Hole) -> str:
    """The lines of the hole, without the braces or the label around them."""
    lines = text.splitlines(keepends=True)
    span = _inside(lines, hole)
    return "".join(lines[span.start:span.end])


def fill(text: str, hole: Hole, new: str) -> str:
    """The text with `new` instead of what stands in the hole."""
    if hole.kind == "file":
        return new
    lines = text.splitlines(keepends=True)
    span = _inside(lines, hole)
    if new and not new.endswith("\n"):
        new += "\n"
    return "".join(lines[:span.start]) + new + "".join(lines[span.end:])


def open_hole(text: str, hole: Hole, contract: bool = True) -> str:
    """The text as a student finds it; without the contract, just its number."""
    if hole.kind == "file":
        return file_comment(hole, contract)
    text = fill(text, hole, open_body(hole, contract))
    for name in hole.gone:
        text = remove(text, name, hole)
    return text


def open_body(hole: Hole, contract: bool = True) -> str:
    """What stands in an open hole."""
    if _is_python(hole):
        comment = "".join(f"    # {line}".rstrip() + "\n" for line in _words(hole)) if contract else ""
        return f"{comment}    raise {hole.mark}\n"
    end = ";" if hole.function else ""
    return f"{_comment(_words(hole)) if contract else ''}    {hole.mark}{end}\n"


def file_comment(hole: Hole, contract: bool = True) -> str:
    """What an empty file says of what it should become."""
    return textwrap.dedent(_comment(_words(hole) if contract else [f"Hole {hole.id}."]))


def is_open(text: str, hole: Hole) -> bool:
    """Whether nobody has taken out the mark, in whatever spelling of blanks; comments do not count."""
    if hole.kind == "file":
        return not strip_comments(text).strip()
    mark = rf"\bHOLE\s*\(\s*{hole.lab}\s*,\s*{hole.number}\s*\)"
    bare = re.sub(r"#[^\n]*", " ", text) if _is_python(hole) else strip_comments(text)
    return re.search(mark, bare) is not None


def strip_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)


def remove(text: str, name: str, hole: Hole) -> str:
    """The text without the function, type or macro `name` and the comment right above it."""
    lines = text.splitlines(keepends=True)
    span = _find(lines, name)
    if not span:
        raise CourseError(f"hole {hole.id}: {hole.file} has nothing called {name} to take out")
    start = _with_comment(lines, span.start)
    end = span.end
    while end < len(lines) and not lines[end].strip() and (start == 0 or not lines[start - 1].strip()):
        end += 1
    return "".join(lines[:start] + lines[end:])


def add_missing(text: str, hole: Hole, solved: str, names: Iterable[str]) -> str:
    """The text with those definitions of the solved text above the hole that are called `names`,
    that the hole uses, and that the text lacks."""
    lines, wanted = solved.splitlines(keepends=True), body(solved, hole)
    found: dict[int, str] = {}
    lacking = {name: span for name in names if not _find(text.splitlines(keepends=True), name)
               and (span := _find(lines, name))}
    while used := [name for name in lacking if re.search(rf"\b{re.escape(name)}\b", wanted)]:
        for name in used:
            span = lacking.pop(name)
            start = _with_comment(lines, span.start)
            found[start] = "".join(lines[start:span.end])
            wanted += found[start]
    added = "".join(f"{found[start]}\n" for start in sorted(found))
    target = text.splitlines(keepends=True)
    at = _with_comment(target, first_line(text, hole))
    return "".join(target[:at]) + added + "".join(target[at:])


def first_line(text: str, hole: Hole) -> int:
    """The index of the line in which the hole's function or label begins; its comment is above it."""
    lines = text.splitlines(keepends=True)
    start = _inside(lines, hole).start - 1
    if _is_python(hole):
        return _python_def(lines, hole)
    return _first_line(lines, start) if hole.function else start


def functions(text: str) -> dict[str, str]:
    """Every C or Python function of a text with its whole definition: to see which were changed."""
    lines = text.splitlines(keepends=True)
    found = {match[1]: "".join(lines[at:_python_end(lines, at)]) for at, line in enumerate(lines)
             if (match := re.match(r"def (\w+)\(", line))}
    for at, line in enumerate(lines):
        if line.rstrip() == "{" and (name := _name_above(lines, at)):
            found[name] = "".join(lines[_first_line(lines, at):_close(lines, at) + 1])
    return found


# --- finding ----------------------------------------------------------------------------------------

def _inside(lines: list[str], hole: Hole) -> Span:
    if hole.kind != "body":
        raise CourseError(f"hole {hole.id} is of kind {hole.kind} and has no body")
    if _is_python(hole):
        start = _python_def(lines, hole)
        return Span(_python_body(lines, start), _python_end(lines, start))
    return _function_body(lines, hole) if hole.function else _label_body(lines, hole)


def _is_python(hole: Hole) -> bool:
    return hole.file.endswith(".py")


def _python_def(lines: list[str], hole: Hole) -> int:
    starts = [at for at, line in enumerate(lines) if line.startswith(f"def {hole.function}(")]
    if len(starts) != 1:
        many = "more than once" if starts else "not"
        raise CourseError(f"hole {hole.id}: {hole.function} is {many} defined in {hole.file}")
    return starts[0]


def _python_body(lines: list[str], start: int) -> int:
    """Behind the line on which the signature ends."""
    return next((at + 1 for at in range(start, len(lines)) if lines[at].rstrip().endswith(":")),
                start + 1)


def _python_end(lines: list[str], start: int) -> int:
    """Up to what is in column 0 again, but for a bracket that closes the signature."""
    end = next((at for at in range(start + 1, len(lines))
                if lines[at].strip() and not lines[at][:1].isspace() and lines[at][0] != ")"), len(lines))
    return _back_over_blanks(lines, end)


def _function_body(lines: list[str], hole: Hole) -> Span:
    spans = [at for at, line in enumerate(lines)
             if line.rstrip() == "{" and _name_above(lines, at) == hole.function]
    if len(spans) != 1:
        many = "more than once" if spans else "not"
        raise CourseError(f"hole {hole.id}: {hole.function} is {many} defined in {hole.file}")
    return Span(spans[0] + 1, _close(lines, spans[0]))


def _label_body(lines: list[str], hole: Hole) -> Span:
    starts = [at for at, line in enumerate(lines) if re.match(rf"{re.escape(hole.label)}:", line)]
    if len(starts) != 1:
        many = "more than once" if starts else "not"
        raise CourseError(f"hole {hole.id}: the label {hole.label} is {many} in {hole.file}")
    for at in range(starts[0] + 1, len(lines)):
        if lines[at].startswith(hole.until):
            return Span(starts[0] + 1, _back_over_blanks(lines, at))
    raise CourseError(f"hole {hole.id}: no line behind {hole.label} in {hole.file} begins with "
                      f"{hole.until!r}")


def _back_over_blanks(lines: list[str], at: int) -> int:
    while not lines[at - 1].strip():
        at -= 1
    return at


def _find(lines: list[str], name: str) -> Span | None:
    return _function(lines, name) or _definition(lines, name)


def _function(lines: list[str], name: str) -> Span | None:
    for at, line in enumerate(lines):
        if line.rstrip() == "{" and _name_above(lines, at) == name:
            return Span(_first_line(lines, at), _close(lines, at) + 1)
    return None


def _definition(lines: list[str], name: str) -> Span | None:
    """A struct, union or enum, a macro, or a variable or prototype in column 0."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    for at, line in enumerate(lines):
        if re.match(rf"\s*\.macro\s+{re.escape(name)}\b", line):
            return Span(at, next(end for end in range(at, len(lines)) if ".endm" in lines[end]) + 1)
        if line[:1].isspace() or not word.search(line) or line.startswith(("/", " ", "*")):
            continue
        if line.startswith("#define"):
            end = at
            while lines[end].rstrip().endswith("\\"):
                end += 1
            return Span(at, end + 1)
        if re.match(rf"(typedef\s+)?(struct|union|enum)\s+{re.escape(name)}\s*\{{", line) or \
                re.match(rf"[a-z].*\b{re.escape(name)}\b.*[;=]", line):
            end = at
            while not lines[end].rstrip().endswith(";") or lines[end][:1].isspace() and end > at:
                end += 1
            return Span(at, end + 1)
    return None


def _close(lines: list[str], opening: int) -> int:
    for at in range(opening + 1, len(lines)):
        if lines[at].startswith("}"):
            return at
    raise CourseError(f"the brace in line {opening + 1} is never closed in column 0")


def _first_line(lines: list[str], opening: int) -> int:
    """The first line of the declarator above a `{`: back to a blank line or the end of something."""
    at = opening
    while at > 0 and re.match(r"[A-Za-z_]| +[^ *]", lines[at - 1]) and \
            not lines[at - 1].rstrip().endswith(";"):
        at -= 1
    return at


def _name_above(lines: list[str], opening: int) -> str | None:
    declarator = "".join(lines[_first_line(lines, opening):opening])
    declarator = re.sub(r"__attribute__\s*\(\(.*?\)\)\s*", "", declarator, flags=re.S)
    match = re.search(r"\b(\w+)\s*\(", declarator)
    return match[1] if match else None


def _with_comment(lines: list[str], start: int) -> int:
    if start > 0 and lines[start - 1].rstrip().endswith("*/"):
        at = start - 1
        while at > 0 and not lines[at].lstrip().startswith("/*"):
            at -= 1
        return at
    return start


# --- the text in a hole -----------------------------------------------------------------------------

def _words(hole: Hole) -> list[str]:
    return [f"Hole {hole.id}: {hole.title} ({hole.points} points).", "", *_paragraphs(hole)]


def _paragraphs(hole: Hole) -> list[str]:
    """The contract, wrapped; pictures and lists of cases are narrow enough to stay as they are."""
    wrapped: list[str] = []
    for line in hole.text.strip("\n").splitlines():
        wrapped += textwrap.wrap(line, WIDTH, subsequent_indent=_hanging(line)) or [""]
    return wrapped


def _hanging(line: str) -> str:
    """What the rest of a wrapped line begins with: in a list, below the item's words."""
    if not line[:1].isspace():
        return ""
    return " " * len(re.match(r" *(- |\S+ {2,})?", line)[0])


def _comment(lines: list[str]) -> str:
    first, *rest = lines
    return f"    /* {first}\n" + "".join(f"     * {line}".rstrip() + "\n" for line in rest) + "     */\n"

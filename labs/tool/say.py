"""What the tool says, and asks."""

from __future__ import annotations

import os
import re
import sys
import textwrap

WIDTH = 100


def is_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _colour(code: str, text: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{code}m{text}\033[0m"


def bold(text: str) -> str:
    return _colour("1", text)


def good(text: str) -> str:
    return _colour("32", text)


def bad(text: str) -> str:
    return _colour("33", text)


def say(text: str = "") -> None:
    """To whoever listens: with nobody at the other end of a pipe, the work still goes on."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")


def note(text: str) -> None:
    """A remark in running text; `a command` stays on one line."""
    whole = re.sub(r"`[^`]*`", lambda match: match[0].replace(" ", "\0"), text)
    wrapped = textwrap.fill(whole, WIDTH, break_long_words=False, break_on_hyphens=False)
    say(wrapped.replace("\0", " "))


def ask(question: str) -> bool:
    """Only on a terminal: is_terminal()."""
    try:
        answer = input(f"{question} [Y/n] ")
    except EOFError:
        say()
        return False
    return answer.strip().lower() in ("", "y", "yes")


def listed(names: list[str], most: int = 4) -> str:
    """"a, b and 3 more"."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def count(number: int, noun: str) -> str:
    """"1 hole", "2 holes"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def table(rows: list[list[str]], indent: str = "  ") -> None:
    """Columns as wide as they must be; what is in colour counts by what is seen of it."""
    if not rows:
        return
    widths = [max(len(plain(row[column])) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [cell + " " * (width - len(plain(cell))) for cell, width in zip(row, widths)]
        say((indent + "  ".join(cells)).rstrip())


def plain(text: str) -> str:
    """The text without colours."""
    while "\033[" in text:
        before, _, rest = text.partition("\033[")
        text = before + rest.partition("m")[2]
    return text

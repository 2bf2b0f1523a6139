"""Holes in Python: text may be worked on; nothing else can be reached from there."""

from __future__ import annotations

import pytest

from grade.elf import ROOT
from grade.grader import scripts
from labs.tool import cutter
from labs.tool.course import Hole

FILE = "tools/syscalls.py"
SOLVED = (ROOT / FILE).read_text()
HOLE = Hole("5.1", "X", "body", 1, "text", ("a", "b", "c"), file=FILE, function="enosys_body")
GIVEN = cutter.open_hole(SOLVED, HOLE)


def filled(body: str, more: str = "") -> str:
    return cutter.fill(GIVEN, HOLE, body) + more


@pytest.mark.parametrize("text", [
    GIVEN, SOLVED,
    filled("    made = [f'    mv {a}, {b}' for a, b in zip('xy', PAIRS)]\n    return '\\n'.join(made)\n",
           "\n\nPAIRS = ('a', 'b')\n"),
    filled("    return quoted(name)\n", "\n\ndef quoted(name):\n    return f'\"{name}\"'\n"),
], ids=["open", "solved", "constant", "helper"])
def test_text_may_be_worked_on(text):
    assert scripts.liberty(text, GIVEN, {"enosys_body"}) == ""


@pytest.mark.parametrize("text, words", [
    (filled("    return open(name)\n"), "no use for open"),
    (filled("    return Path('build/x').write_text(name)\n"), "no use for"),
    (filled("    import os\n"), "leads elsewhere"),
    (filled("    return sys.exit(0)\n"), "no use for"),
    (filled("    return name.__class__\n"), "no use for .__class__"),
    (filled("    return eval(name)\n"), "no use for eval"),
    (filled("    return name\n", "\n\nmain = str\n"), "changes main"),
    (filled("    return name\n", "\n\nenosys_body('x')\n"), "neither a function nor a constant"),
    (filled("    return name\n").replace("ENOSYS = 38", "ENOSYS = 39"), "lacks"),
    (filled("    return name\n").replace("def stub(", "def another("), "lacks"),
    (filled("    return name\n").replace("return calls, also", "return []") + "def f(:\n", "no Python"),
], ids=["open", "path", "import", "exit", "class", "eval", "main", "statement", "constant", "renamed", "syntax"])
def test_nothing_else_can_be_reached(text, words):
    assert words in scripts.liberty(text, GIVEN, {"enosys_body"})

"""A small course in a folder of its own, for tests of the lab tool: two labs, one source, no kernel."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
from pathlib import Path

from grade.elf import ROOT

SOURCE = """\
/* Sums. */
int add(int a, int b)
{
    return a + b;
}

/* Twice. */
static int twice(int a)
{
    return 2 * a;
}

int four_times(int a)
{
    return twice(twice(a));
}

int power(int a, int n)
{
    int result = 1;
    while (n-- > 0)
        result *= a;
    return result;
}
"""

HOLE = """
[[hole]]
id = "{id}"
title = "{title}"
kind = "{kind}"
file = "{file}"
points = {points}
text = '''The contract of {id}.'''
hints = ["look {id}", "read {id}", "write {id}"]
{more}
"""

LAB1 = """\
title = "Sums"
hours = 1
[[image]]
name = "sums"
make = "sums"
[[measure]]
id = "1.a"
question = "How many instructions does add take?"
unit = "instructions"
parts = ["call", "add"]
points = 2
[bug]
title = "Wrong sums"
story = "Sums are wrong."
image = { name = "bug", make = "sums" }
patch = "bug.patch"
invariants = { a = "a sum is a sum", b = "nothing is lost" }
answers = ["add:4:a"]
points = 3
""" + HOLE.format(id="1.1", title="Add", kind="body", file="kern/sums.c", points=10,
                  more='function = "add"') \
    + HOLE.format(id="1.2", title="Four times", kind="body", file="kern/sums.c", points=15,
                  more='function = "four_times"\ngone = ["twice"]')

LAB2 = """\
title = "Powers"
hours = 2
extra_files = ["kern/notes.txt"]
[[image]]
name = "sums"
make = "sums"
""" + HOLE.format(id="2.1", title="Power", kind="body", file="kern/sums.c", points=20,
                  more='function = "power"\nneeds = ["1.1"]') \
    + HOLE.format(id="2.2", title="Your own", kind="new", file="kern/own.c", points=20, more="")

MUTANT = """\
name = "subtracts"
hole = "1.1"
kind = "off-by-one"
observer = "adds"
edits = [["a + b", "a - b"]]
"""

PATCH = """\
--- a/kern/sums.c
+++ b/kern/sums.c
@@ -1,5 +1,5 @@
 /* Sums. */
 int add(int a, int b)
 {
-    return a + b;
+    return a - b;
 }
"""

MAKEFILE = """\
PYTHON = python3
all:
sums:
\t@mkdir -p build && cc -fsyntax-only -include kern/core/hole.h kern/*.c
\t@cat kern/*.c > build/sums.elf
\t@echo build/sums.elf
FORCE:
include labs/labs.mk
"""

IDENTITY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull,
            "GIT_AUTHOR_NAME": "A Student", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A Student", "GIT_COMMITTER_EMAIL": "a@example.org"}


def make_course(folder: Path) -> Path:
    """The files, without a repository."""
    for path, text in {"kern/sums.c": SOURCE, "labs/1-sums/lab.toml": LAB1, "Makefile": MAKEFILE,
                       "labs/2-powers/lab.toml": LAB2, ".gitignore": "/build/\n__pycache__/\n",
                       "labs/2-powers/reference/kern/own.c": "int own(void)\n{\n    return 42;\n}\n",
                       "labs/1-sums/mutants/1.1-minus.toml": MUTANT,
                       "labs/1-sums/INSTRUCTOR.md": "For instructors.\n",
                       "labs/1-sums/bug.patch": PATCH, "README.md": "A small course.\n"}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "kern/core").mkdir()
    shutil.copy(ROOT / "kern/core/hole.h", folder / "kern/core/hole.h")
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "labs/tool", folder / "labs/tool", ignore=ignore)
    shutil.copy(ROOT / "labs/labs.mk", folder / "labs/labs.mk")
    return folder


class Student:
    """Somebody at a keyboard in that folder."""

    def __init__(self, root: Path, **environment: str):
        self.root = root
        self.environment = {**os.environ, **IDENTITY, **environment}
        for name in ("PYTHONPATH", "MAKEFLAGS", "MAKELEVEL"):
            self.environment.pop(name, None)

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, env=self.environment, check=True,
                              capture_output=True, text=True)
        return done.stdout.strip()

    def tool(self, *words: str, status: int = 0) -> str:
        """Without a terminal; what it prints, errors last."""
        done = subprocess.run([sys.executable, "-m", "labs.tool", *words], cwd=self.root,
                              env=self.environment, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True)
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def typing(self, *words: str, answer: str) -> str:
        """On a terminal, with this answer to whatever is asked."""
        master, slave = pty.openpty()
        process = subprocess.Popen([sys.executable, "-m", "labs.tool", *words], cwd=self.root,
                                   env=self.environment, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        os.write(master, answer.encode() + b"\n")
        said = b""
        while select.select([master], [], [], 60)[0]:
            try:
                said += os.read(master, 4096)
            except OSError:         # the other side was closed
                break
        process.wait()
        os.close(master)
        return said.decode().replace("\r\n", "\n")

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text)

    def solve(self, mark: str, body: str) -> None:
        """Puts a body where HOLE(mark) stands."""
        text = self.read("kern/sums.c")
        assert mark in text
        self.write("kern/sums.c", text.replace(f"{mark};", body))


def begin(folder: Path, **environment: str) -> Student:
    """The course in a repository, with one commit on main."""
    student = Student(make_course(folder), **environment)
    student.git("init", "-q", "-b", "main")
    student.git("add", "-A")
    student.git("commit", "-q", "-m", "The course")
    return student

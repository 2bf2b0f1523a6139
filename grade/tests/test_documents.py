"""What the documents tell a reader to do is done, to the letter, in a fresh copy of the tree.

A document is followed from top to bottom. What counts are its fenced blocks:

    ```console          lines after `$ ` are run; what stands below is what must be printed
    ```c user/greet.c   a file to write (any language, then the path)
    ```diff             a change to make with `patch -p1`

In the output, `...` on a line of its own stands for any lines, and blanks for any blanks. Counts and
sizes may have changed by a third since the document was written, lines of the Makefile and addresses
at will. The progress of the build (CC, LD, ...) is not in documents.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from grade.elf import ROOT
from grade.images import clean_environment
from grade.tests import fresh

FOLLOWED = ["writing-applications.md", "customising.md", "two-shapes.md"]
PROGRESS = re.compile(r"^  [A-Z]+ +\S+$")
DEADLINE = 240


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    language: str
    path: str
    lines: list[str]
    where: str


def blocks(document: Path) -> list[Block]:
    found: list[Block] = []
    fence = None
    for number, line in enumerate(document.read_text().splitlines(), 1):
        if fence is None and (fence := re.fullmatch(r"```(\w*) ?(\S*)", line)):
            found.append(Block(fence[1], fence[2], [], f"{document.name}:{number}"))
        elif line == "```":
            fence = None
        elif fence:
            found[-1].lines.append(line)
    return found


def commands(block: Block) -> list[tuple[str, list[str]]]:
    """Each command of a console block with the lines that it shall print."""
    found: list[tuple[str, list[str]]] = []
    for line in block.lines:
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = (found[-1][0] + "\n" + line, [])
        else:
            found[-1][1].append(line)
    return found


def words(line: str) -> list[str]:
    """What is compared of a line: its words, each number one of them."""
    line = re.sub(r"Makefile:\d+|\b0x[0-9a-f]+|(\.[ch]|\.S):\d+", "PLACE", line)
    return re.findall(r"\d[\d,]*(?:\.\d+)?|[^\d\s]+", line)


def near(printed: str, expected: str) -> bool:
    """Is it the same word, or a number of two digits or more that is about the same?"""
    if printed == expected:
        return True
    if not (printed[0].isdigit() and expected[0].isdigit()):
        return False
    measured, written = (float(word.replace(",", "")) for word in (printed, expected))
    return "." in expected or (written >= 10 and abs(measured - written) <= written / 3)


def same(printed: str, expected: str) -> bool:
    pairs = words(printed), words(expected)
    return len(pairs[0]) == len(pairs[1]) and all(map(near, *pairs))


def agrees(printed: list[str], expected: list[str]) -> bool:
    """Is `printed` what the document says?"""
    if not expected:
        return not printed
    if expected[0] == "...":
        return any(agrees(printed[skipped:], expected[1:]) for skipped in range(len(printed) + 1))
    return bool(printed) and same(printed[0], expected[0]) and agrees(printed[1:], expected[1:])


def run(command: str, tree: Path) -> list[str]:
    done = subprocess.run(["bash", "-c", command], cwd=tree, env=clean_environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, timeout=DEADLINE)
    lines = done.stdout.replace("\r", "").splitlines()
    return [line.rstrip() for line in lines if not PROGRESS.match(line)]


def follow(block: Block, tree: Path) -> None:
    text = "\n".join(block.lines) + "\n"
    if block.path:
        (tree / block.path).parent.mkdir(parents=True, exist_ok=True)
        (tree / block.path).write_text(text)
    elif block.language == "diff":
        subprocess.run(["patch", "-p1", "--no-backup-if-mismatch"], input=text, cwd=tree,
                       text=True, check=True, stdout=subprocess.DEVNULL)
    elif block.language == "console":
        for command, expected in commands(block):
            printed = run(command, tree)
            assert agrees(printed, expected), (
                f"{block.where}: `{command}` printed\n" + "\n".join(printed) +
                "\n--- and the document says\n" + "\n".join(expected))


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    return fresh.copy_to(tmp_path_factory.mktemp("tree"))


@pytest.mark.parametrize("name", FOLLOWED)
def test_a_document_can_be_followed(name, tree):
    document = ROOT / "docs" / name
    followed = [block for block in blocks(document) if block.language in ("console", "diff")]
    assert followed, f"{name} has nothing to do in it"
    for block in blocks(document):
        follow(block, tree)


def test_a_wrong_transcript_is_noticed():
    assert agrees(["a", "b 1,234", "c"], ["...", "b   1300", "c"])
    assert not agrees(["b 1,234"], ["b 5,678"])
    assert agrees([], []) and agrees(["x", "y"], ["..."])
    assert not agrees(["exit status 7"], ["exit status 8"])
    assert not agrees(["a", "b"], ["a"])
    assert not agrees(["a"], ["...", "b"])


def test_every_goal_of_make_that_documents_name_exists():
    """`make GOAL ...` in a sentence; what stands in blocks is run."""
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    goals = {goal for line in re.findall(r"^  ([a-z][\w -]*?)  ", shown, re.M) for goal in line.split()}
    goals |= {goal for rule in re.findall(r"^([a-z][a-z -]*):", (ROOT / "Makefile").read_text(), re.M)
              for goal in rule.split()} | {"spark", "boot", "maps", "threads"}
    unknown = []
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for command in re.findall(r"`make ([^`\n]+)`", document.read_text()):
            for word in re.findall(r"(?:^|(?<= ))[a-z][\w-]*(?= |$)", re.split("[<>|]", command)[0]):
                kinds = {word, re.sub(r"-(\d+|N)$", "-N", word), re.sub(r"^(qemu(-gdb)?)-\w+$", r"\1-NAME", word)}
                if not kinds & goals:
                    unknown.append(f"{document.name}: make {command}")
    assert not unknown


def test_links_between_documents_lead_somewhere():
    """Relative links, and the files and folders that documents name."""
    lost = []
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:\s]+)[^):]*\)", document.read_text()):
            if not (document.parent / target).exists():
                lost.append(f"{document.name}: {target}")
    assert not lost

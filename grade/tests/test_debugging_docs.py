"""What the documents say of the code is there: locks, files, links, commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grade import images

ROOT = images.ROOT
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A page for people who write something names files that are not there yet; these do not.
ABOUT_THE_CODE = [ROOT / name for name in ("README.md", "docs/architecture.md",
                                           "docs/debugging.md", "docs/locking.md")]
SOURCES = sorted(path for path in (ROOT / "kern").rglob("*.[ch]"))

_LOCK = re.compile(r"^\s*(?:static |extern )?struct (?:spinlock|mutex) (\w+)(?: =|;)", re.M)
_ROW = re.compile(r"^\| `([\w>.-]+)` \| `(\w+/\w+\.[ch])` \|", re.M)
_PATH = re.compile(r"`((?:kern|lib|user|linker|grade|tools|docs)/[\w./-]*\w)`")
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([\w-]+))?\)")


def declared_locks() -> set[tuple[str, str]]:
    """(name, file without kern/) of every lock; one that a header and a file share counts once,
    where it is defined."""
    found = {(name, str(path.relative_to(ROOT / "kern")))
             for path in SOURCES for name in _LOCK.findall(path.read_text())}
    shared = {(name, file) for name, file in found
              if re.search(rf"^extern .*\b{name};", (ROOT / "kern" / file).read_text(), re.M)}
    return found - shared


def listed_locks() -> set[tuple[str, str]]:
    """(last part of the name, file) of every row of the tables."""
    text = (ROOT / "docs/locking.md").read_text()
    return {(re.split(r"->|\.", name)[-1], file) for name, file in _ROW.findall(text)}


def test_every_lock_is_listed():
    assert declared_locks() - listed_locks() == set()


def test_every_listed_lock_exists():
    assert listed_locks() - declared_locks() == set()


@pytest.mark.parametrize("page", ABOUT_THE_CODE, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    named = {name for name in _PATH.findall(page.read_text()) if "NAME" not in name}
    assert {name for name in named if not (ROOT / name).exists()} == set()


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in _LINK.findall(page.read_text()):
        if target.startswith("http"):
            continue
        there = (page.parent / target) if target else page
        assert there.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}#{anchor}"


def test_the_commands_of_the_tutorial_are_those_there_are():
    page = (ROOT / "docs/debugging.md").read_text()
    banner = re.search(r"^Onering: ([\w ]+) \('onering'", page, re.M)
    source = (ROOT / "tools/gdb/onering_gdb/__init__.py").read_text()
    assert banner and banner[1] in source

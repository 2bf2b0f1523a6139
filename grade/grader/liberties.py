"""What a lab file may not do, looked for in what the compiler made of it.

A lab file fills holes. It may not define what another file defines (in an archive the first definition
wins, silently), nor put itself where the linker script has a place of its own: into the init table, in
front of the entry, among the stacks.
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from grade.elf import ROOT
from labs.tool import cutter

from . import scripts
from .jail import Jail
from .subject import Subject

# Sections that linker scripts treat specially.
SPECIAL = re.compile(r"\.(init_table|init_array|fini_array|preinit_array|ctors|dtors|text\.entry|text\.startup|stack|"
                     r"embedded|init|fini)\b")
# In the source: other files in binary form, and files from outside the tree.
_INCBIN = re.compile(r"\.incbin\b")
_INCLUDE = re.compile(r'^\s*#\s*(?:include|embed)\w*\s*[<"]((?:/|[^>"]*\.\./|grade/|labs/)[^>"]*)[>"]', re.M)


def in_sources(subject: Subject) -> dict[str, str]:
    """By lab file: the liberty that can be read in it."""
    return {file: words for file in _mine(subject)
            if (words := _in_script(subject, file) if file.endswith(".py")
                else _in_source(subject.files[file].content))
            and not _in_source(subject.given[file] or b"")}


def _in_script(subject: Subject, file: str) -> str:
    holes = {hole.function for hole in subject.course.holes if hole.file == file}
    mine, given = (text.decode(errors="replace") for text in
                   (subject.files[file].content, subject.given[file] or b""))
    return scripts.liberty(mine, given, holes)


def in_objects(subject: Subject, tree: Path, jail: Jail) -> dict[str, str]:
    """By lab file: the liberty that its objects show."""
    found: dict[str, str] = {}
    for folder in sorted((tree / "build").glob("kern-*/kern")):
        objects = {file: path for file in _mine(subject)
                   if (path := folder.parent / (os.path.splitext(file)[0] + ".o")).exists()}
        if objects:
            _names(subject, folder, objects, jail, found)
            _sections(subject, objects, found)
    return found


def _mine(subject: Subject) -> list[str]:
    return [file for file in subject.given if file in subject.files]


def _in_source(content: bytes) -> str:
    text = cutter.strip_comments(content.decode(errors="replace"))
    if _INCBIN.search(text):
        return "a lab file may not take in other files (.incbin)"
    if match := _INCLUDE.search(text):
        return f"a lab file may not include {match[1]}"
    return ""


def _names(subject: Subject, folder: Path, objects: dict[str, Path], jail: Jail,
           found: dict[str, str]) -> None:
    """Names that a lab file defines and another file too."""
    line = [f"{_tools()}nm", "-A", "-g", "--defined-only",
            *(str(path) for path in sorted(folder.rglob("*.o")))]
    done = subprocess.run(jail.build(line, folder.parent.parent.parent), capture_output=True,
                          text=True)
    defined: dict[str, set[str]] = {}
    for path, name in re.findall(r"^(\S+?):[0-9a-f]+ \w (\S+)$", done.stdout, re.M):
        defined.setdefault(path, set()).add(name)
    owner = {name: path for path, names in defined.items() for name in names
             if Path(path) not in objects.values()}
    for file, path in objects.items():
        for name in sorted(defined.get(str(path), set()) & owner.keys()):
            if not defines(subject.given[file], name):
                other = Path(owner[name]).relative_to(folder.parent).with_suffix("")
                found.setdefault(file, f"it defines {name}, which belongs to {other}")


def _sections(subject: Subject, objects: dict[str, Path], found: dict[str, str]) -> None:
    """Places in the linker script that a lab file took and had not been given."""
    for file, path in objects.items():
        given = (subject.given[file] or b"").decode(errors="replace")
        entries = set(re.findall(r"INIT_ENTRY\(\w+, (\w+)\)", given))
        with path.open("rb") as stream:
            names = {section.name for section in ELFFile(stream).iter_sections()}
        for name in sorted(filter(SPECIAL.match, names)):
            if name not in given and name.rpartition(".")[2] not in entries:
                found.setdefault(file, f"it puts something into the section {name}")


def defines(given: bytes | None, name: str) -> bool:
    """Whether the file as it was handed out defines the name: its line is not indented."""
    word = re.escape(name)
    text = (given or b"").decode(errors="replace")
    return re.search(rf"^{word}:|^(?!extern)[A-Za-z].*\b{word}\b(?!.*;\s*$)|^(?!extern)[A-Za-z].*\b{word}\b.*="
                     rf"|^(?!extern|typedef)[A-Za-z][\w *]*\b{word}(\[[^\]]*\])*;", text, re.M) is not None


@cache
def _tools() -> str:
    return subprocess.run([ROOT / "tools" / "toolchain"], check=True, capture_output=True,
                          text=True).stdout.strip()

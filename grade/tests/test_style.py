"""How the source reads: what a machine can check of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grade.elf import ROOT

LONGEST = 600       # lines of a file of the kernel
FOLDERS = ("kern", "lib", "user", "grade", "tools", "linker", "labs", "docs")
CODE = (".c", ".h", ".S")


def sources(*folders: str, suffixes: tuple[str, ...] = CODE) -> list[Path]:
    """The files below these folders, but no build products."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*")
                  if path.suffix in suffixes and path.is_file() and "__pycache__" not in path.parts)


def texts() -> list[Path]:
    """Everything people wrote."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    found += [path for path in ROOT.iterdir() if path.name not in (".git", "build")]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts
                  and path.suffix not in (".pyc", ".png", ".cpio"))


def lines_with(pattern: str, paths: list[Path]) -> list[str]:
    """"file:line: text" of every matching line."""
    regex = re.compile(pattern)
    return [f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
            for path in paths
            for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
            if regex.search(line)]


def test_clang_format_agrees_with_every_file():
    if not shutil.which("clang-format"):
        pytest.skip("clang-format is not installed")
    files = sources(*FOLDERS, suffixes=(".c", ".h"))
    done = subprocess.run(["clang-format", "--dry-run", *files], cwd=ROOT, capture_output=True,
                          text=True)
    unlike = sorted(set(re.findall(rf"^{re.escape(str(ROOT))}/(\S+?):\d+:", done.stderr, re.M)))
    assert files and not unlike, f"run `make format` for {unlike}"


def test_no_file_of_the_kernel_is_too_long():
    length = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in sources("kern")}
    assert not {path: lines for path, lines in length.items() if lines > LONGEST}


def test_no_tabs_but_in_makefiles():
    """And in documents, which show what programs print."""
    may = {".mk", ".md"}
    paths = [path for path in texts() if path.name != "Makefile" and path.suffix not in may]
    assert not lines_with("\t", [path for path in paths if path.name != "test_style.py"])


def test_no_line_ends_in_blanks_and_every_file_in_a_line():
    """A patch shows an empty line as a blank."""
    assert not lines_with(r"[ \t\r]+$", [path for path in texts() if path.suffix != ".patch"])
    assert not [path for path in texts()
                if path.stat().st_size and not path.read_bytes().endswith(b"\n")]


def test_nothing_is_left_to_do():
    marks = "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3])
    assert not lines_with(rf"\b({marks})\b", [p for p in texts() if p.name != ".clang-format"])


def test_no_path_of_this_machine():
    assert not lines_with(r"(^|[\s\"'=(:])/(home|Users|work|root)/", texts())


def has_guard(text: str) -> bool:
    guard = re.search(r"^#ifndef (\w+)\n#define \1\n", text, re.M)
    return "#pragma once" in text or bool(guard and text.rstrip().endswith("#endif"))


def test_headers_may_be_included_twice():
    headers = sources(*FOLDERS, suffixes=(".h",))
    assert headers and not [path for path in headers if not has_guard(path.read_text())]


def test_files_begin_by_saying_what_they_are():
    begin = re.compile(r"(/\*[ \n*]*|#+ )\w.{7,}")
    assert not [path for path in sources(*FOLDERS) if not begin.match(path.read_text())]


def forks(path: Path) -> list[str]:
    """The #if and the like inside functions: a body is between { and } in column 0."""
    inside, found = False, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        inside = line == "{" or (inside and not line.startswith("}"))
        if inside and re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else)\b", line):
            found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def test_functions_of_the_kernel_do_not_fork_by_the_preprocessor():
    """The shapes differ by which files are linked."""
    assert not [fork for path in sources("kern", suffixes=(".c", ".h")) for fork in forks(path)]


def without_comments(path: Path) -> str:
    return re.sub(r"/\*.*?\*/|#\s.*", "", path.read_text(), flags=re.S if path.suffix != ".S" else 0)


def test_programs_enter_the_kernel_only_through_generated_stubs():
    """ecall by hand is for the tests, and probes of labs, that try what a stub would not."""
    users = [path.relative_to(ROOT) for path in sources("lib", "user")
             if re.search(r"\becall\b", without_comments(path))]
    assert Path("user/tests/raw.S") in users
    assert all(str(path).startswith(("user/tests/raw.S", "user/probe-")) for path in users)


def test_components_use_only_interfaces_of_others():
    """A header named *_impl.h, or of a folder's own, is included in that folder alone."""
    strangers = []
    for path in sources("kern"):
        for header in re.findall(r'#include "(kern/\S+_impl\.h)"', path.read_text()):
            if Path(header).parent != path.relative_to(ROOT).parent:
                strangers.append(f"{path.relative_to(ROOT)} includes {header}")
    assert not strangers

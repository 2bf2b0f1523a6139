"""What a lab file in Python may do: the tool it belongs to runs while an image is built, and could write
into the image whatever it liked.

So a hole in Python is filled with text work and nothing else. All that stands outside the holes must be as
it was handed out, but for functions and constants of one's own. In what is new, no name leads to files,
modules or other code.
"""

from __future__ import annotations

import ast
from typing import Iterator

# Of what every Python program has, this much; `raise HOLE(5, 1)` may stay.
BUILTINS = frozenset("""str int bool list dict tuple set frozenset len range enumerate zip map filter sorted
    reversed min max sum any all abs chr ord hex repr isinstance next iter format HOLE Call
    ValueError KeyError LookupError True False None""".split())
METHODS = frozenset("""number name arguments implemented first kernel_name prototype join split splitlines strip
    lstrip rstrip startswith endswith replace format ljust rjust center zfill upper lower title count index
    find items keys values get append extend insert pop add update sort copy removeprefix removesuffix
    partition rpartition isdigit isalnum""".split())


def liberty(text: str, given: str, holes: set[str]) -> str:
    """What the file does that no lab file may, or ""; `holes` are the functions that it may fill."""
    try:
        mine, theirs = ast.parse(text).body, ast.parse(given).body
    except (SyntaxError, ValueError) as error:
        return f"it is no Python: {error}"
    given_names = {name for each in theirs for name in _defines(each)}
    unchanged = {ast.dump(each) for each in theirs}
    new = [each for each in mine if ast.dump(each) not in unchanged]
    kept = [ast.dump(each) for each in mine if ast.dump(each) in unchanged]
    if kept != [ast.dump(each) for each in theirs if not set(_defines(each)) & holes or ast.dump(each) in kept]:
        return "it lacks, or changes the order of, what stood outside the holes"
    own = {name for each in new for name in _defines(each)}
    for each in new:
        if not isinstance(each, (ast.FunctionDef, ast.Assign, ast.AnnAssign)):
            return f"line {each.lineno} is neither a function nor a constant"
        if taken := set(_defines(each)) & given_names - holes:
            return f"it changes {', '.join(sorted(taken))}, which is no hole"
        if words := _reaches(each, own | _helpers(theirs)):
            return words
    return ""


def _helpers(theirs: list[ast.stmt]) -> set[str]:
    """Given functions and constants; not classes and what was imported."""
    return {name for each in theirs if isinstance(each, (ast.FunctionDef, ast.Assign))
            for name in _defines(each)} - {"main", "lines_of", "parse"}


def _defines(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        yield statement.name
    for node in ast.walk(statement) if isinstance(statement, (ast.Assign, ast.AnnAssign)) else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _reaches(statement: ast.stmt, known: set[str]) -> str:
    """The first thing in it that leads out of it."""
    local = {node.arg for node in ast.walk(statement) if isinstance(node, ast.arg)}
    local |= {node.id for node in ast.walk(statement)
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    local |= {node.name for node in ast.walk(statement) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.With, ast.ClassDef,
                             ast.AsyncFunctionDef)):
            return f"line {node.lineno}: a hole in Python is for text; this leads elsewhere"
        if isinstance(node, ast.Name) and node.id not in local | known | BUILTINS:
            return f"line {node.lineno}: a hole in Python has no use for {node.id}"
        if isinstance(node, ast.Attribute) and node.attr not in METHODS:
            return f"line {node.lineno}: a hole in Python has no use for .{node.attr}"
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            return f"line {node.lineno}: a hole in Python has no use for decorators"
    return ""

"""make hint, make catchup, make uncatchup: for a student who is stuck.

Nothing is replaced before it was kept, and what was kept is named on the screen.
"""

from __future__ import annotations

from . import cutter, kept, opening, say, sources, state
from .course import CourseError, Hole, Lab
from .student import Tree


# --- hints ----------------------------------------------------------------------------------------

def hint(tree: Tree, identity: str) -> None:
    """The next one; with all taken, all of them once more."""
    if not identity:
        raise CourseError(f"which hole? For example: make hint H={_next_open(tree)}")
    known, hole = tree.begun, tree.course.hole(identity)
    taken = known.hints.get(identity, 0)
    say.say(say.bold(f"{hole.id} {hole.title}"))
    if taken == len(hole.hints):
        say.say("You have had all hints; here they are again.")
        for text in hole.hints:
            _print_hint(text)
        return
    known.hints[identity] = taken + 1
    state.store(tree.root, known)
    say.say(f"Hint {taken + 1} of {len(hole.hints)}:")
    _print_hint(hole.hints[taken])
    if taken + 1 < len(hole.hints):
        say.say(f"Another one: make hint H={identity}")


def _print_hint(text: str) -> None:
    say.say()
    say.say("\n".join(f"  {line}".rstrip() for line in text.strip("\n").splitlines()))
    say.say()


def _next_open(tree: Tree) -> str:
    lab = tree.lab
    return next((hole.id for hole in lab.holes if tree.is_open(hole)), lab.holes[0].id)


# --- catching up ----------------------------------------------------------------------------------

def catch_up(tree: Tree, identity: str, lab: str, everything: bool) -> None:
    known = tree.begun
    holes = _chosen(tree, identity, lab, everything)
    # What is not to be had is said before anything is touched.
    solutions = {hole.id: tree.solution(hole) for hole in holes}
    for hole in holes:
        known.kept[hole.id] = _put_in(tree, hole, solutions[hole.id])
        known.caught_up = sorted({*known.caught_up, hole.id})
        state.store(tree.root, known)
        say.say(f"{hole.id} {hole.title}: the solution is in; it counts no points.")
        for name in known.kept[hole.id].values():
            if name:
                say.say(f"    What you had is kept in {name}.")
    if holes:
        which = f"H={identity}" if identity else f"LAB={lab}"
        say.say(f"Your own version comes back with: make uncatchup {which}")


def _chosen(tree: Tree, identity: str, lab: str, everything: bool) -> list[Hole]:
    if identity:
        hole = tree.course.hole(identity)
        tree.check_begun(hole.lab)
        if hole.id in tree.caught_up:
            raise CourseError(f"the solution of {hole.id} is in already; your own version comes back "
                              f"with: make uncatchup H={hole.id}")
        return [hole]
    if not lab:
        raise CourseError("which hole, or which lab? For example: make catchup "
                          f"H={_next_open(tree)}   or   make catchup LAB={tree.lab.number}")
    return _of_lab(tree, tree.lab_or_current(lab), everything)


def _of_lab(tree: Tree, lab: Lab, everything: bool) -> list[Hole]:
    """The open ones; what the student wrote stays unless it is asked for."""
    tree.check_begun(lab.number)
    mine = [hole for hole in lab.holes if hole.id not in tree.caught_up]
    holes = [hole for hole in mine if everything or tree.is_open(hole)]
    stay = [hole.id for hole in mine if hole not in holes]
    if stay:
        say.say(f"What you wrote stays: {', '.join(stay)}. To replace that too: "
                f"make catchup LAB={lab.number} ALL=1")
    if not holes:
        say.say(f"Lab {lab.number} has no open hole.")
    return holes


def _put_in(tree: Tree, hole: Hole, solution: dict[str, str]) -> dict[str, str]:
    """Replaces, and says what is kept where: "" if there was only the open hole, or no file."""
    before = {}
    for file, solved in solution.items():
        now = tree.text(file) if (tree.root / file).exists() else None
        new = solved
        if hole.kind == "body":
            new = opening.fill_text(tree.course, now or "", hole, solved)
            now = cutter.body(now, hole)
        before[file] = "" if now in (None, _untouched(hole)) else kept.keep(tree.root, hole.id, file, now)
        sources.write(tree.root / file, new)
    return before


def _untouched(hole: Hole) -> str:
    """What stands where nobody has written anything yet."""
    return cutter.open_body(hole) if hole.kind == "body" else cutter.file_comment(hole)


def uncatch_up(tree: Tree, identity: str, lab: str) -> None:
    known = tree.begun
    holes = [tree.course.hole(one) for one in known.caught_up
             if (not identity or one == identity) and (not lab or one.split(".")[0] == lab)]
    if not holes:
        which = f" of hole {identity}" if identity else f" of lab {lab}" if lab else ""
        raise CourseError(f"no solution{which} was put in, so there is nothing to take out")
    if not identity and not lab and len(holes) > 1:
        raise CourseError("which one? Solutions stand in " + ", ".join(hole.id for hole in holes)
                          + f"; for example: make uncatchup H={holes[-1].id}")
    for hole in holes:
        _take_out(tree, hole)
        known.caught_up.remove(hole.id)
        known.kept.pop(hole.id, None)
        state.store(tree.root, known)
        say.say(f"{hole.id} {hole.title}: your own version is back.")


def _take_out(tree: Tree, hole: Hole) -> None:
    """What stands there now is kept as well: it may have been changed."""
    for file, name in tree.begun.kept.get(hole.id, {hole.file: ""}).items():
        now, mine = tree.text(file), kept.read(tree.root, name) if name else None
        if mine is None and file == hole.file:
            mine = _untouched(hole)
        if hole.kind == "body":
            standing = cutter.body(now, hole)
            new = cutter.fill(now, hole, mine)
        else:
            standing, new = now, mine
        if standing not in ("", mine, _solved(tree, hole, file)):
            say.say(f"    What stood there is kept in {kept.keep(tree.root, hole.id, file, standing)}.")
        if new is None:
            (tree.root / file).unlink(missing_ok=True)
        else:
            sources.write(tree.root / file, new)


def _solved(tree: Tree, hole: Hole, file: str) -> str | None:
    """The solution's text there, if it is still to be had."""
    try:
        text = tree.solution(hole)[file]
        return cutter.body(text, hole) if hole.kind == "body" else text
    except (CourseError, KeyError):
        return None

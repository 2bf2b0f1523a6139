"""make labs, make lab-status, and what make lab-N says: where the student is."""

from __future__ import annotations

import textwrap

from . import answers, grades, opening, say
from .course import CourseError, Hole, Image, Lab
from .student import Tree

BAR = 20


def introduce(tree: Tree, lab: Lab) -> None:
    """What there is to write, where, for how many points, and what to read."""
    holes = sum(hole.points for hole in lab.holes)
    say.say(say.bold(f"Lab {lab.number}: {lab.title}")
            + f"   ({total_points(lab)} points, about {say.count(lab.hours, 'hour')})")
    say.say()
    say.table([_row(tree, hole) for hole in lab.holes])
    if lab.extra_files:
        say.say(f"  yours too: {', '.join(lab.extra_files)}")
    rest = total_points(lab) - holes
    if rest:
        say.say(f"  and {rest} points for measures and the planted bug")
    say.say()
    _warn_of_needs(tree, lab)
    say.say(f"Read     labs/{lab.folder.name}/README.md")
    goals = " and ".join(f"make qemu-{image.name}" for image in lab.images if image.name != "kernel")
    say.say(f"Boot     {goals or 'make qemu'}")
    say.say(f"Grade    make grade              Stuck?  make hint H={_first(tree, lab)}")
    if not any(tree.is_open(hole) for hole in lab.holes):
        say.say()
        say.note("Every hole of this lab is written. To see how it began: "
                 f"`git diff lab-{lab.number}-start`")


def _first(tree: Tree, lab: Lab) -> str:
    """The hole to think of next."""
    return next((hole.id for hole in lab.holes if tree.is_open(hole)), lab.holes[0].id)


def _warn_of_needs(tree: Tree, lab: Lab) -> None:
    needed = [need for hole in lab.holes for need in hole.needs if int(need.split(".")[0]) < lab.number]
    lacking = dict.fromkeys([*tree.open_needs(*lab.images), *filter(tree.open_ids().__contains__, needed)])
    if lacking:
        earlier = min(int(need.split(".")[0]) for need in lacking)
        say.note(f"This lab builds on {', '.join(lacking)}, not written yet: its machine runs into "
                 "them before it comes to yours. Write them first, or put the solution in: "
                 f"`make catchup LAB={earlier}`")
        say.say()


def warn_of_open_holes(tree: Tree, name: str) -> None:
    """Nobody watches a machine that gdb holds."""
    lab, image = next((lab, image) for lab in tree.course.labs for image in lab.images if image.name == name)
    lacking = tree.open_needs(image)
    own = [hole.id for hole in lab.holes if tree.is_open(hole)]
    if lacking or own:
        say.note(f"Open: {', '.join([*lacking, *own])}. Where the machine runs into one, it stays there; ^C "
                 "in gdb shows it. Functions that are called only behind one may not be in the image.")


def demand_links(tree: Tree, image: Image) -> None:
    """Without a linker script there is nothing to boot."""
    for hole in map(tree.course.hole, image.links):
        if tree.is_open(hole):
            raise CourseError(f"there is no {image.name} yet: it is linked with {hole.file}, which is hole "
                              f"{hole.id} ({hole.title})")


def total_points(lab: Lab) -> int:
    return sum(hole.points for hole in lab.holes) + sum(measure.points for measure in lab.measures) \
        + (lab.bug.points if lab.bug else 0)


def _row(tree: Tree, hole: Hole) -> list[str]:
    return [hole.id, hole.title, f"{hole.points:3} points", place(tree, hole), status(tree, hole)]


def place(tree: Tree, hole: Hole) -> str:
    """file:line"""
    if not hole.file:
        return "a file of your own"
    if hole.kind == "new":
        return hole.file
    return f"{hole.file}:{opening.line_of(tree.text(hole.file), hole)}"


def status(tree: Tree, hole: Hole) -> str:
    if tree.state and hole.id in tree.state.caught_up:
        return say.bad("solution put in (no points)")
    if tree.is_release and hole.lab in tree.state.release.done:
        return "came solved"
    if not tree.state or hole.lab not in tree.state.open:
        return ""
    return say.bad("open") if tree.is_open(hole) else say.good("written")


# --- make labs ------------------------------------------------------------------------------------

def draw(tree: Tree) -> None:
    """The whole course, a line a lab."""
    known = tree.state
    rows = []
    for lab in tree.course.labs:
        here = "  <- you are here" if known and known.lab == lab.number else ""
        rows.append([str(lab.number), lab.title, *_progress(tree, lab), here])
    say.table(rows)
    say.say()
    if not known or not known.lab:
        say.say(f"Begin with: make lab-{tree.first}")
    else:
        say.say("make lab-status tells more of the current lab, make lab-N goes to another.")


def _progress(tree: Tree, lab: Lab) -> list[str]:
    points = total_points(lab)
    if tree.is_release and lab.number in tree.state.release.done:
        return ["", f"{points} points", "came solved"]
    if not tree.state or lab.number not in tree.state.open:
        return ["", f"{points} points", "not begun"]
    put_in = [hole for hole in lab.holes if hole.id in tree.state.caught_up]
    written = [hole for hole in lab.holes if hole not in put_in and not tree.is_open(hole)]
    done = sum(hole.points for hole in written)
    full = sum(hole.points for hole in lab.holes)
    filled = BAR * done // full
    bar = "[" + "#" * filled + "." * (BAR - filled) + "]"
    score = grades.last(tree, lab)
    return [bar, f"{points} points" if score is None else f"{score}/{points} points",
            f"{len(written)} of {say.count(len(lab.holes), 'hole')} written"
            + (f", {len(put_in)} put in" if put_in else "")]


# --- make lab-status ------------------------------------------------------------------------------

def report(tree: Tree, lab: Lab) -> None:
    """All that is known of one lab."""
    say.say(say.bold(f"Lab {lab.number}: {lab.title}") + f"   labs/{lab.folder.name}/README.md")
    say.say()
    say.table([[*_row(tree, hole), _hints(tree, hole)] for hole in lab.holes])
    if lab.extra_files:
        say.say(f"  yours too: {', '.join(lab.extra_files)}")
    book = answers.Book(tree.root)
    say.table([[measure.id, textwrap.shorten(measure.question, 48, placeholder=" ..."), f"{measure.points:3} points",
                _numbers(book, measure.id, measure.unit)] for measure in lab.measures])
    if lab.bug:
        found = book.get("bug", str(lab.number), "right")
        seen = {None: "make bug-%d" % lab.number, True: say.good("found")}.get(found, "not yet found")
        say.table([["bug", lab.bug.title, f"{lab.bug.points:3} points", seen]])
    say.say()
    score = grades.last(tree, lab)
    say.say("Last graded as a whole: " + ("never (make grade without T=)" if score is None else
                               f"{score} of {total_points(lab)} points"
                               + ("" if grades.is_current(tree, lab) else ", before your last changes")))


def _hints(tree: Tree, hole: Hole) -> str:
    taken = tree.state.hints.get(hole.id, 0) if tree.state else 0
    return say.count(taken, "hint") if taken else ""


def _numbers(book: answers.Book, identity: str, unit: str) -> str:
    predicted = book.get("measure", identity, "predicted")
    measured = book.get("measure", identity, "measured")
    if predicted is None:
        return f"predict it: make predict M={identity} N=..."
    if measured is None:
        return f"predicted {predicted} {unit}; now: make measure M={identity}"
    return f"predicted {predicted}, measured {measured} {unit}"

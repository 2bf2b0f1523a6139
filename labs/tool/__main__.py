"""python3 -m labs.tool COMMAND ...: what labs/labs.mk calls."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from . import bug, handin, helping, images, looking, numbers, opening, pack, progress, release, say, start, state
from .course import ROOT, Course, CourseError, Hole, load
from .student import Tree, lab_number

Words = argparse.Namespace


# --- for students ---------------------------------------------------------------------------------

def start_command(words: Words) -> None:
    """start a lab, or return to it"""
    start.start(ROOT, words.number)


def labs_command(words: Words) -> None:
    """the course, and where you are"""
    progress.draw(Tree(ROOT))


def status_command(words: Words) -> None:
    """holes, measures and points of a lab"""
    tree = Tree(ROOT)
    progress.report(tree, tree.lab_or_current(words.lab))


def look_command(words: Words) -> None:
    """a lab as it was left"""
    looking.look(Tree(ROOT), words.lab)


def hint_command(words: Words) -> None:
    """the next hint for a hole"""
    helping.hint(Tree(ROOT), words.hole)


def catchup_command(words: Words) -> None:
    """put in the solution"""
    helping.catch_up(Tree(ROOT), words.hole, words.lab, words.all)


def uncatchup_command(words: Words) -> None:
    """take the solution out again"""
    helping.uncatch_up(Tree(ROOT), words.hole, words.lab)


def predict_command(words: Words) -> None:
    """write down a number before it is measured"""
    numbers.predict(Tree(ROOT), words.measure, words.value)


def measure_command(words: Words) -> None:
    """measure it"""
    numbers.measure(Tree(ROOT), words.measure)


def bug_command(words: Words) -> int:
    """the planted bug of a lab"""
    tree = Tree(ROOT)
    return bug.run(tree, tree.course.lab(lab_number(words.number)), words.answer, words.build_only)


def boot_command(words: Words) -> int:
    """build and boot an image of a lab"""
    tree = Tree(ROOT)
    image = images.find(tree.course, words.name)
    progress.demand_links(tree, image)
    built = images.build(ROOT, image.make, show=True)
    if words.gdb:
        progress.warn_of_open_holes(tree, words.name)
    return images.boot(ROOT, built, words.args, words.memory, words.harts, words.gdb)


def save_command(words: Words) -> None:
    """commit everything"""
    handin.save(ROOT, words.message)


def submit_command(words: Words) -> None:
    """make the file to hand in"""
    tree = Tree(ROOT)
    handin.submit(tree, tree.lab_or_current(words.lab))


# --- for instructors and authors ------------------------------------------------------------------

def pack_command(words: Words) -> None:
    """the solutions of a lab in a file, for students to catch up"""
    tree = Tree(ROOT)
    if tree.state:
        raise CourseError("this is a student's tree; packs are made in the full one, on its main branch")
    if not words.lab:
        raise CourseError("which lab? For example: make catchup-pack LAB=1")
    lab = tree.lab_or_current(words.lab)
    path = ROOT / "build" / pack.name(lab.number)
    path.parent.mkdir(exist_ok=True)
    path.write_text(pack.make(tree.course, lab, words.key))
    say.say(f"Made {path.relative_to(ROOT)}. Students put it beside their Makefile.")


def handout_command(words: Words) -> None:
    """the tree that students get"""
    if not words.labs or not words.dir:
        raise CourseError("which labs, and where to? For example: make handout LABS=1-3 DIR=../release")
    done = lab_numbers(words.done) if words.done else []
    release.make(ROOT, lab_numbers(words.labs), done, Path(words.dir).expanduser().absolute(), words.key)


def open_command(words: Words) -> None:
    """open holes in a tree, which then counts as a student's"""
    holes = chosen_holes(load(ROOT), words)
    files = opening.open_holes(words.root, holes)
    known = state.load(words.root) or state.State()
    known.open = sorted({*known.open, *(hole.lab for hole in holes)})
    known.lab = known.lab or known.open[0]
    state.store(words.root, known)
    print("\n".join(files))


def fill_command(words: Words) -> None:
    """fill holes of a tree from the tree the tool is in"""
    course = load(ROOT)
    holes = chosen_holes(course, words)
    files = opening.fill_holes(course, words.root, holes, ROOT)
    for number in {hole.lab for hole in holes if hole.kind == "new"}:
        files += opening.lay_reference(words.root, course.lab(number))
    print("\n".join(files))


def chosen_holes(course: Course, words: Words) -> list[Hole]:
    """--lab 1-2, --hole 1.2, or all."""
    if words.hole:
        return [course.hole(identity) for identity in words.hole]
    labs = lab_numbers(words.lab) if words.lab else [lab.number for lab in course.labs]
    return [hole for number in labs for hole in course.lab(number).holes]


def lab_numbers(text: str) -> list[int]:
    """"1-3" or "1,3"."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not first.isdigit() or last and not last.isdigit():
            raise CourseError(f"{text!r} is not a list of labs such as 1-3 or 1,2")
        found += range(int(first), int(last or first) + 1)
    return sorted(set(found))


# --- the command line -----------------------------------------------------------------------------

def arguments() -> Words:
    parser = argparse.ArgumentParser(prog="labs.tool", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(command: str, function, **options) -> None:
        one = commands.add_parser(command, help=function.__doc__)
        one.set_defaults(function=function)
        for option, given in options.items():
            words = {"default": "", **given} if isinstance(given, dict) else {"default": given}
            one.add_argument(option if option in ("number", "name") else f"--{option.replace('_', '-')}", **words)

    flag = {"action": "store_true", "default": False}
    plain = {"default": None}
    add("start", start_command, number=plain)
    add("labs", labs_command)
    add("status", status_command, lab="")
    add("look", look_command, lab="")
    add("hint", hint_command, hole="")
    add("catchup", catchup_command, hole="", lab="", all=flag)
    add("uncatchup", uncatchup_command, hole="", lab="")
    add("predict", predict_command, measure="", value="")
    add("measure", measure_command, measure="")
    add("bug", bug_command, number=plain, answer="", build_only=flag)
    add("boot", boot_command, name=plain, args="", memory="128M", harts="1", gdb=flag)
    add("save", save_command, message="")
    add("submit", submit_command, lab="")
    add("catchup-pack", pack_command, lab="", key="")
    add("handout", handout_command, labs="", dir="", done="", key="")
    several = {"action": "append", "default": []}
    add("open", open_command, root={"type": Path, "required": True}, lab="", hole=several)
    add("fill", fill_command, root={"type": Path, "required": True}, lab="", hole=several)
    return parser.parse_args()


def main() -> int:
    words = arguments()
    try:
        return words.function(words) or 0
    except CourseError as error:
        say.sys.stdout.flush()
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"lab: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

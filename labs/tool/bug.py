"""make bug-N: a bug planted in given code, to be found with gdb in a finished image.

    make bug-1                      boots the image, frozen, for `make gdb` in another terminal
    make bug-1 A=function:line:b    says where the bug is, and which sentence about the kernel it breaks

In the full tree the image is built from bug.patch in a copy of the solution below build/; a release
has the finished image, and of the answers only hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import subprocess
from pathlib import Path

from . import images, say
from .answers import Book
from .course import CourseError, Lab
from .images import Built
from .student import Tree

ROUNDS = 200_000            # trying all answers takes longer than finding the bug
SHIPPED = "bug.elf"         # beside lab.toml in a release; bug.cpio if it has a root


def run(tree: Tree, lab: Lab, answer: str, build_only: bool = False) -> int:
    if not lab.bug:
        raise CourseError(f"lab {lab.number} has no planted bug")
    if answer:
        return _judge(tree, lab, answer)
    built = image(tree, lab)
    if build_only:
        say.say(str(built))
        return 0
    _tell(tree, lab)
    return images.boot(tree.root, built, args=lab.bug.args, gdb=True)


def _tell(tree: Tree, lab: Lab) -> None:
    bug = lab.bug
    say.say(say.bold(f"The planted bug of lab {lab.number}: {bug.title}") + f"   ({bug.points} points)")
    say.say()
    for paragraph in bug.story.strip().split("\n"):
        say.note(paragraph)
    say.say()
    say.say("Which of these does it break?")
    for letter, sentence in sorted(bug.invariants.items()):
        say.say(f"  {letter}  {sentence}")
    say.say()
    say.say(f"Answer with: make bug-{lab.number} A=function:line:letter")
    say.say()


# --- the image ------------------------------------------------------------------------------------

def image(tree: Tree, lab: Lab) -> Built:
    """The machine with the bug in it; built if need be."""
    shipped = lab.folder / SHIPPED
    if shipped.exists():
        root = shipped.with_suffix(".cpio")
        return Built(shipped, root if root.exists() else None)
    patch = lab.folder / lab.bug.patch
    if not patch.exists():
        raise CourseError(f"labs/{lab.folder.name} has neither {SHIPPED} nor {lab.bug.patch}")
    folder = tree.root / f"build/bug-{lab.number}"
    source = folder / "source"
    if source.exists():
        shutil.rmtree(source)
    tree.copy_solution(source)
    return build_from(source, lab, folder / SHIPPED)


def build_from(source: Path, lab: Lab, elf: Path) -> Built:
    """Plants the bug in a copy of the solution, and builds."""
    apply_patch(source, lab.folder / lab.bug.patch)
    return images.build(source, lab.bug.image.make).copied(elf)


def apply_patch(source: Path, patch: Path) -> None:
    """As outside of any repository: inside one, git would look for the files from its top."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(source.parent.resolve())}
    done = subprocess.run(["git", "apply", str(patch.resolve())], cwd=source, env=environment,
                          capture_output=True, text=True)
    if done.returncode:
        raise CourseError(f"{patch} does not fit the sources any more:\n{done.stderr.strip()}")


# --- the answer -----------------------------------------------------------------------------------

def hashed(answer: str, salt: str) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", answer.encode(), salt.encode(), ROUNDS)
    return f"pbkdf2:{salt}:{digest.hex()[:32]}"


def is_right(lab: Lab, answer: str) -> bool:
    """Against plain answers, or the hashes of a release."""
    for known in lab.bug.answers:
        kind, salt, *_ = known.split(":")
        given = hashed(answer, salt) if kind == "pbkdf2" else answer
        if hmac.compare_digest(given.encode(), known.encode()):
            return True
    return False


def normal(lab: Lab, answer: str) -> str:
    """The answer as it is compared; complains about one that cannot be right."""
    parts = [part.strip() for part in answer.split(":")]
    letters = sorted(lab.bug.invariants)
    if len(parts) != 3 or not parts[0] or not parts[1].isdigit():
        raise CourseError(f"A={answer}: an answer is function:line:letter, such as "
                          f"A=printk:120:{letters[0]}")
    if parts[2].lower() not in letters:
        raise CourseError(f"A={answer}: the letter is one of {', '.join(letters)}")
    return f"{parts[0]}:{int(parts[1])}:{parts[2].lower()}"


def _judge(tree: Tree, lab: Lab, answer: str) -> int:
    tree.begun
    answer = normal(lab, answer)
    book, right = Book(tree.root), is_right(lab, answer)
    if book.get("bug", str(lab.number), "right"):
        say.say("You had found it already." if right else
                "That is not it; your earlier answer was right, and stays.")
        return 0
    tries = (book.get("bug", str(lab.number), "tries") or 0) + 1
    book.set("bug", str(lab.number), answer=answer, right=right, tries=tries)
    if right:
        say.say(say.good("That is it.") + f" {lab.bug.points} points.")
        return 0
    say.say("That is not it. All three must be right: the function, the line in it that is wrong, and "
            "the sentence it breaks.")
    return 1

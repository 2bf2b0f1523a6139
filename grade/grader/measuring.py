"""make measure: a number of [[measure]], taken on the student's own kernel by the grader's means."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path

from labs.tool.course import CourseError

from . import api
from .api import Failed, NotJudged, Run
from .grading import Wish, open_builder
from .machine import Stopped
from .subject import Subject
from .world import Images, World

SEED = 1        # the question is about the kernel, not about luck


@dataclass(frozen=True)
class Reading:
    """A measured number."""

    number: int
    build: str                          # SHA-256 of the image that was measured
    parts: dict[str, int] = field(default_factory=dict)     # what it is made of, if that was measured too
    pages: dict[str, str] = field(default_factory=dict)     # by name, HTML


def take_measure(root: Path, identity: str) -> Reading:
    """Measure; a CourseError with one sentence if it cannot be done."""
    lab = int(identity.split(".")[0])
    importlib.import_module(f"grade.labs.lab{lab}")
    if identity not in api.MEASURES:
        raise CourseError(f"nobody knows how to measure {identity}")
    wish = Wish(tree=root)
    builder = open_builder(Subject.of_tree(root), wish)
    images = Images(builder, builder.subject.course.lab(lab))
    world = World(images)
    try:
        return _take(identity, world, builder.subject.key)
    except Stopped as stopped:
        raise CourseError(f"{identity} cannot be measured yet: {stopped.ending.sentence}") from stopped
    except (Failed, NotJudged) as error:
        raise CourseError(f"{identity} cannot be measured: {str(error).splitlines()[0]}") from error
    finally:
        world.close()
        builder.stage.close()


def _take(identity: str, world: World, key: str) -> Reading:
    run = Run(identity, SEED, world, key)
    found = api.MEASURES[identity].function(run)
    number, parts = found if isinstance(found, tuple) else (found, {})
    digest = hashlib.sha256()
    for elf in sorted(world.elves):
        digest.update(elf.read_bytes())
    return Reading(number, digest.hexdigest(), dict(parts), run.pages)

"""Runs the tests of a lab, several at a time, and says of each what came out."""

from __future__ import annotations

import importlib
import traceback
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Callable, Iterable, Iterator

from grade.errors import DeadlineExpired, HarnessError
from labs.tool.course import Course, CourseError

from . import api, symptoms, verdict
from .api import Failed, HoleOpen, LabTest, NotJudged, Run
from .machine import DEADLINE, GradedMachine, Stopped
from .verdict import Verdict
from .world import Debug, Images, World

AGAIN = 4       # times the time, for what the host was too slow for


def tests_of(lab: int) -> list[LabTest]:
    """The tests of a lab, in the order of its holes."""
    try:
        importlib.import_module(f"grade.labs.lab{lab}")
    except ModuleNotFoundError as error:
        if error.name != f"grade.labs.lab{lab}":
            raise
    found = [test for test in api.TESTS.values() if test.lab == lab]
    return sorted(found, key=lambda test: [int(part) for part in test.hole.split(".")])


def needed(course: Course, test: LabTest) -> list[str]:
    """All holes the test cannot do without, its own first."""
    found: list[str] = []
    ahead = [test.hole, *test.needs]
    while ahead:
        hole = ahead.pop(0)
        if hole not in found:
            found.append(hole)
            ahead += course.hole(hole).needs
    return found


class Runner:
    """Runs tests against the images of one lab of one subject."""

    def __init__(self, images: Images, seed: int, transcripts: Path | None = None, jobs: int = 2,
                 **always):
        self.images, self.seed, self.transcripts, self.jobs = images, seed, transcripts, jobs
        self.subject = images.builder.subject
        self.debug: Debug | None = None
        self._always = always           # options of every machine

    def run(self, tests: Iterable[LabTest]) -> Iterator[Verdict]:
        """The verdicts, in the order of the tests. What the host was too slow for is tried once more,
        alone and with more time."""
        with ThreadPoolExecutor(self.jobs) as pool:
            all_coming = [pool.submit(self.judge, test) for test in tests]
            for coming in all_coming:
                found = coming.result()
                if found.status == verdict.NOT_JUDGED:
                    wait(all_coming)
                    deadline = AGAIN * self._always.get("deadline", DEADLINE)
                    found = self.judge(found.test, deadline=deadline)
                yield found

    def judge(self, test: LabTest, seed: int | None = None, **always) -> Verdict:
        """Run a test, unless it is clear what will come out."""
        try:
            return self._without_running(test) or self._run(test, seed, {**self._always, **always})
        except HoleOpen as error:
            return self._waits(test, error.hole)
        except NotJudged as error:
            return Verdict(test, verdict.NOT_JUDGED, str(error).splitlines()[0], details=str(error))

    def _without_running(self, test: LabTest) -> Verdict | None:
        self.images.prepare()
        opened = self.subject.open_holes()
        for hole in needed(self.images.builder.subject.course, test):
            if hole in opened:
                return self._waits(test, hole)
        if test.hole in self.subject.caught_up:
            return Verdict(test, verdict.CAUGHT_UP, "the reference stands there: no points")
        return None

    def _waits(self, test: LabTest, hole: str) -> Verdict:
        file = self.subject.course.hole(hole).file
        because = f" ({file} is no good, see above)" if self.images.builder.broken(file) else ""
        if hole == test.hole:
            return Verdict(test, verdict.OPEN, f"not written yet{because}{self._earlier()}")
        return Verdict(test, verdict.WAITS, f"waits for {hole}{because}")

    def _earlier(self) -> str:
        """What else stands between the student and the points, of earlier labs."""
        opened = self.subject.open_holes()
        ahead = [need for image in self.images.lab.images for need in image.needs if need in opened]
        return f", and waits for {ahead[0]}" if ahead else ""

    def _run(self, test: LabTest, seed: int | None, always: dict) -> Verdict:
        world = World(self.images, **always)
        world.debug = self.debug
        run = Run(test.name, self.seed if seed is None else seed, world, self.subject.key)
        try:
            failure = _outcome(test, run, world)
            if failure is None:
                return Verdict(test, verdict.PASSED, counts=run.counts)
            return replace(self._failed(test, run, world, failure), counts=run.counts)
        finally:
            world.close()

    def _failed(self, test: LabTest, run: Run, world: World, failure: Failed) -> Verdict:
        ending = failure.ending if isinstance(failure, Stopped) else None
        if ending and ending.kind == "hole" and ending.hole in _ids(self.subject.course):
            return self._waits(test, ending.hole)
        machine = world.machines[-1] if world.machines else None
        found = Verdict(test, verdict.FAILED, failure.what, failure.expected, failure.seen,
                        boot=len(world.machines))
        if machine:
            ending = ending or machine.ending
            if not (ending and ending.kind == "power-off"):     # else it is what switched it off
                found.last_functions = machine.last_functions()
            found.symptom = symptoms.match(self.images.lab.symptoms, test, failure, ending, machine,
                                           run.facts)
            found.transcript = self._keep(test, world.machines)
        return found

    def _keep(self, test: LabTest, machines: list[GradedMachine]) -> str:
        """Where the transcript of a failed test is."""
        if not self.transcripts:
            return ""
        self.transcripts.mkdir(parents=True, exist_ok=True)
        path = self.transcripts / f"{test.name}.txt"
        path.write_text("\n".join(machine.transcript() for machine in machines))
        return str(path)


def _outcome(test: LabTest, run: Run, world: World) -> Failed | None:
    """None: it passed. Whatever else a guest may provoke is a failure of the guest."""
    try:
        test.function(run)
    except Failed as failure:
        return failure
    except (NotJudged, CourseError):
        raise
    except DeadlineExpired as error:
        raise NotJudged(str(error)) from error
    except HarnessError as error:
        if not world.machines:
            raise NotJudged(str(error)) from error
        return world.machines[-1].surprise(error)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return Failed("what was seen makes no sense", "something the test can read",
                      f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})")
    return None


def _ids(course: Course) -> set[str]:
    return {hole.id for hole in course.holes}



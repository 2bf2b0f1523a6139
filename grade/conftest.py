"""pytest fixtures: machines that clean up after themselves and explain why they failed.

    def test_reads(boot, kernel):               # any image, any hardware
        machine = boot(kernel, args="-c 'echo hi'", harts=2)
        assert machine.wait() == 0

    def test_pipes(shell):                      # the kernel shape at its prompt
        assert shell.run("echo hi | wc -c").output.strip() == "3"

    def test_many_harts(boot_shell):
        shell = boot_shell(harts=7, icount=True)

When a test fails, each machine it used leaves its transcript in build/grade/transcripts.
"""

from __future__ import annotations

import os
import re
import signal
from typing import Callable, Iterator

import pytest

from grade import compiler_cache, images
from grade.images import Image
from grade.machine import Machine
from grade.scheduling import FilesThatShareStayTogether

_MACHINES = pytest.StashKey[list[Machine]]()

Boot = Callable[..., Machine]


def pytest_configure() -> None:
    compiler_cache.use()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log) -> FilesThatShareStayTogether:
    return FilesThatShareStayTogether(config, log)


@pytest.fixture(autouse=True)
def the_process_stays_as_it_was() -> Iterator[None]:
    """What a test changes in its own process, all later ones would run with: a fatal SIGPIPE, for
    one, ends the worker at the first machine that dies while somebody asks it something."""
    before = _process_state()
    yield
    assert _process_state() == before, "the test leaves its process changed"


def _process_state() -> tuple:
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return os.getcwd(), handlers


def _booter(node: pytest.Item | pytest.Collector) -> Iterator[Boot]:
    """boot(), for as long as `node` lasts."""
    machines = node.stash.setdefault(_MACHINES, [])

    def boot(image: Image | str, **options) -> Machine:
        if isinstance(image, Image):
            options.setdefault("initrd", image.initrd)
            image = image.elf
        machine = Machine(image, **options)
        machines.append(machine)
        return machine

    yield boot
    for machine in machines:
        machine.close()
    machines.clear()


@pytest.fixture
def boot(request: pytest.FixtureRequest) -> Iterator[Boot]:
    """boot(image, args=..., harts=..., memory=..., icount=..., plugin=..., deadline=...): a
    Machine, ended with the test."""
    yield from _booter(request.node)


@pytest.fixture(scope="module")
def boot_for_module(request: pytest.FixtureRequest) -> Iterator[Boot]:
    """As boot, for machines shared by the tests of a file."""
    yield from _booter(request.node)


@pytest.fixture(scope="session")
def build() -> Callable[..., Image]:
    """build(SHAPE="kernel", HARTS=4), build("boot"): an image, made by the Makefile."""
    return images.build


@pytest.fixture(scope="session")
def kernel(build: Callable[..., Image]) -> Image:
    """The kernel shape with its root file system."""
    return build(SHAPE="kernel")


@pytest.fixture
def boot_shell(boot: Boot, kernel: Image) -> Boot:
    """boot_shell(harts=..., ...): the kernel shape, at its shell's prompt."""
    def start(**options) -> Machine:
        machine = boot(kernel, **options)
        machine.console.prompt()
        return machine
    return start


@pytest.fixture
def shell(boot_shell: Boot) -> Machine:
    """The kernel shape at its shell's prompt, on one hart."""
    return boot_shell()


# --- what a failed test leaves behind ---------------------------------------------------------

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for number, machine in enumerate(_machines_of(item)):
            report.sections.append(("machine", _keep_transcript(item, number, machine)))


def _machines_of(item: pytest.Item) -> list[Machine]:
    return [machine for node in item.listchain() for machine in node.stash.get(_MACHINES, [])]


def _keep_transcript(item: pytest.Item, number: int, machine: Machine) -> str:
    folder = images.STATE / "transcripts"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", item.nodeid.split("/")[-1]).strip("-")
    path = folder / f"{name}.{number}.txt"
    text = machine.transcript()
    path.write_text(text)
    tail = "\n".join(text.splitlines()[-40:])
    return f"{tail}\n\ntranscript: {os.path.relpath(path, images.ROOT)}"

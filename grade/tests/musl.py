"""What the tests of programs with musl share: builds that need a Debian source package."""

from __future__ import annotations

import re

import pytest

from grade import images
from grade.errors import BuildFailed
from grade.images import Image
from grade.machine import Machine

FIRMWARE_ENDS = "Boot HART MEDELEG"


def make(*words: str) -> str:
    """make; the test is skipped, with the sentence, if a source package cannot be had."""
    try:
        with images.lock("build"):
            return images.make(*words)
    except BuildFailed as error:
        skip_if_not_fetched(error)
        raise


def build(**choices: str | int) -> Image:
    """An image, with the same way out."""
    try:
        return images.build(**choices)
    except BuildFailed as error:
        skip_if_not_fetched(error)
        raise


def skip_if_not_fetched(error: BuildFailed) -> None:
    if sentence := re.search(r"^fetch-source: (.*cannot be fetched.*)$", str(error), re.M):
        pytest.skip(sentence[1])


def said(machine: Machine) -> str:
    """What came from the machine after the firmware's own words."""
    lines = machine.text.replace("\r", "").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(FIRMWARE_ENDS))
    return "\n".join(lines[start + 1:]).strip("\n")

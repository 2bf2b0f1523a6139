"""What a test can get: machines with the images of its lab, files for them, performance bars."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from typing import Protocol

from grade import qemu
from grade.symbols import Symbols
from labs.tool.course import CourseError, Image, Lab

from . import bars
from .api import HoleOpen
from .builder import Builder, Built
from .machine import GradedMachine


class Images:
    """The images of a lab, each built when it is first asked for. For several threads."""

    def __init__(self, builder: Builder, lab: Lab):
        self.builder, self.lab = builder, lab
        self._built: dict[str, Built] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Built:
        with self._lock:
            if name not in self._built:
                self._built[name] = self.builder.build(self._find(name))
            return self._built[name]

    def prepare(self) -> None:
        """Builds all there can be, so that it is known which files are no good."""
        for image in self.lab.images:
            try:
                self.get(image.name)
            except HoleOpen:
                continue

    def _find(self, name: str) -> Image:
        for image in self.lab.images:
            if image.name == name:
                return image
        raise CourseError(f"lab {self.lab.number} has no image {name}; it has "
                          + ", ".join(image.name for image in self.lab.images))


class Debug(Protocol):
    """Somebody who wants to see one of the machines with a debugger."""

    boot: int                           # which of the test's machines, from 1
    loose_times: bool                   # in it a sleeping hart waits for the host's clock

    def open(self, built: Built) -> str:
        """The socket at which the machine has to wait for the debugger."""


class World:
    """Of one run of one test."""

    def __init__(self, images: Images, **always):
        self.images = images
        self.machines: list[GradedMachine] = []
        self.elves: set[Path] = set()   # images that were booted or looked at
        self.debug: Debug | None = None
        self._always = always           # options of every machine, whatever the test says
        self._folder: Path | None = None

    def boot(self, image: str, **options) -> GradedMachine:
        built = self._get(image)
        options.setdefault("initrd", built.initrd)
        options |= self._always
        if self.debug and self.debug.boot == len(self.machines) + 1:
            options["session"] = self.debug.open(built)
            icount = options.get("icount", False)
            self.debug.loose_times = qemu.debuggable(icount) != icount
        machine = GradedMachine(built, self.images.builder.jail, **options)
        self.machines.append(machine)
        return machine

    def symbols(self, image: str) -> Symbols:
        return self._get(image).symbols

    def _get(self, image: str) -> Built:
        built = self.images.get(image)
        self.elves.add(built.elf)
        return built

    def file(self, name: str, content: bytes) -> Path:
        jail = self.images.builder.jail
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="file-", dir=jail.stage))
            self._folder.chmod(0o755)
        path = self._folder / Path(name).name
        path.write_bytes(content)
        return path

    def bar(self, name: str) -> int | None:
        return bars.bar(self.images.lab.folder, name)

    def close(self) -> None:
        for machine in self.machines:
            machine.close()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

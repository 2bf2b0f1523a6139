"""Lua 5.4, unmodified, in both shapes: its prompt, scripts from the file system, a suite of scripts.

The suite is grade/guests/lua/*.lua. Each script checks itself; and what they print must be the same,
whether Lua is a program in a process or one binary with the kernel.
"""

from __future__ import annotations

import re
from typing import Callable

import pytest

from grade.elf import ROOT
from grade.images import Image
from grade.machine import Machine
from grade.tests import archive, musl
from grade.tests.campaign import few
from grade.tests.test_musl import digests

SUITE = ROOT / "grade/guests/lua"
SCRIPTS = re.findall(r'"(\w+)"', (SUITE / "all.lua").read_text().split("}")[0])
SHAPES = ["fused", "process"]
CTRL_D = "\x04"
PROMPT, ANY_PROMPT = re.compile(r"\n> \Z"), re.compile(r"\n>>? \Z")
MEMORY = "512M"  # the stack of a runaway recursion doubles up to 16 MB, each time in one piece
SMALL = "8M"      # what print(1) needs at most


@pytest.fixture(scope="session")
def lua() -> dict[str, Image]:
    """The two images; their root file systems hold the suite."""
    images = {"fused": musl.build(APP="lua"), "process": musl.build(SHAPE="kernel", LIBC="musl")}
    entries = [archive.entry("suite", mode=archive.DIRECTORY)]
    entries += [archive.entry(f"suite/{path.name}", path.read_bytes()) for path in SUITE.glob("*.lua")]
    for shape, image in images.items():
        root = image.initrd.with_name(f"{image.initrd.stem}-suite.cpio")
        root.write_bytes(archive.extended(image.initrd, *entries))
        images[shape] = Image(image.elf, root)
    return images


@pytest.fixture
def start(boot, lua) -> Callable[..., Machine]:
    """start(shape, "lua's arguments"): a machine that runs it."""
    def run(shape: str, words: str, **options) -> Machine:
        if shape == "process":
            words = f"-c 'lua {words}'" if words else "-c lua"
        return boot(lua[shape], args=words, **{"memory": MEMORY, **options})
    return run


@pytest.fixture(scope="module")
def outputs(boot_for_module, lua) -> dict[str, dict[str, str]]:
    """What each script of the suite printed, in each shape."""
    found = {}
    for shape, words in (("fused", "/suite/all.lua"), ("process", "-c 'lua /suite/all.lua'")):
        machine = boot_for_module(lua[shape], args=words, memory=MEMORY, deadline=120)
        assert machine.wait() == 0
        parts = re.split(r"^== (\w+)\n", musl.said(machine) + "\n", flags=re.M)
        found[shape] = dict(zip(parts[1::2], parts[2::2]))
    return found


@pytest.mark.parametrize("script", SCRIPTS)
def test_suite_says_the_same_in_both_shapes(outputs, script):
    fused, process = (outputs[shape].get(script, "") for shape in SHAPES)
    assert fused.endswith(f"{script} ok\n")
    assert fused == process


def test_suite_is_all_there_is():
    assert sorted(SCRIPTS + ["all"]) == sorted(path.stem for path in SUITE.glob("*.lua"))


@pytest.mark.parametrize("shape", SHAPES)
def test_prompt(start, shape):
    """Typed at the console: an expression, a statement of several lines, an error, the end."""
    machine = start(shape, "")
    for typed, answer in [("6*7", "42"), ("s = 0", ""), ("for i = 1, 10 do", ""),
                          ("s = s + i end", ""), ("s", "55"), ("nothing()", "stdin:1: attempt to call a nil"),
                          ("'still ' .. 'here'", "still here")]:
        machine.expect(ANY_PROMPT)
        machine.send(typed + "\n")
        if answer:
            machine.expect(f"\n{answer}")
    machine.expect(PROMPT)
    machine.send(CTRL_D)
    assert machine.wait() == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_script_from_the_file_system(start, shape):
    machine = start(shape, "/hello.lua one two")
    assert machine.wait() == 0
    assert re.fullmatch(r"Hello from Lua 5\.4.*\n1\tone\n2\ttwo", musl.said(machine))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("words,status,says", [
    ('-e "os.exit(7)"', 7, ""),
    ('-e "os.exit(true)"', 0, ""),
    ('-e "error(12345)"', 1, "lua: 12345\nstack traceback:"),
    ("/no/such.lua", 1, "cannot open /no/such.lua"),
])
def test_exit_status(start, shape, words, status, says):
    machine = start(shape, words)
    assert machine.wait() == status
    assert says in musl.said(machine)


def test_print_in_a_small_machine(start):
    machine = start("fused", '-e "print(1)"', memory=SMALL)
    assert machine.wait() == 0
    assert musl.said(machine) == "1"


def test_objects_are_the_same_in_both_shapes(lua):
    files = sorted((ROOT / "build/lua/obj").glob("*.o"))
    before = digests(files)
    musl.make("LIBC=musl", "build/musl/bin/lua")
    assert len(files) == 33 and digests(files) == before
    linked = (lua["fused"].elf.parent / "onering.map").read_text()
    assert all(str(file.relative_to(ROOT)) in linked for file in files)


@pytest.mark.parametrize("shape", few(*SHAPES, most=1))
def test_large_strings_fit_into_a_machine_of_the_usual_size(start, shape):
    """What Lua needs for them at once it gets in one piece; and what does not fit is an error of Lua's."""
    quote = "[[{}]]".format
    script = (f"local s = string.rep({quote('x')}, 20 << 20) print(#s:gsub({quote('x')}, {quote('y')}), "
              f"pcall(string.rep, s, 50))")
    words = f'-e "{script}"' if shape == "fused" else f'-e \\"{script}\\"'.replace("\\", "")
    machine = start(shape, words, memory="128M")
    assert machine.wait() == 0
    assert musl.said(machine).splitlines()[-1].split("\t") == [str(20 << 20), "false", "not enough memory"]

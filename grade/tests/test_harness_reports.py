"""What is left when something fails: transcripts, panics explained, builds that do not work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grade import images
from grade.errors import BuildFailed
from grade.symbols import Symbols, explain
from grade.tests.bare import assemble, toolchain

FAILING_TEST = """
def test_fails(boot):
    machine = boot({elf!r})
    machine.wait()
    assert "never" in machine.text

def test_works(boot):
    assert boot({elf!r}).wait() == 9
"""

# Functions as the compiler makes them: with types and sizes.
CALLS = """
        call outer
        finish 0
        .type outer, @function
outer:  addi sp, sp, -16
        call inner
back:   ret
        .size outer, . - outer
        .type inner, @function
inner:  nop
here:   ret
        .size inner, . - inner
"""


def run_pytest(tmp_path: Path, *words: str) -> subprocess.CompletedProcess:
    """A test run of its own, as a user would start it."""
    elf = assemble('print text\nfinish 9\ntext: .asciz "@@ panic hart=0 cause=2 pc=0x80200004 '
                   'addr=0x0 bt=0x80200004\\n"')
    (tmp_path / "test_sample.py").write_text(FAILING_TEST.format(elf=str(elf)))
    environment = {**images.clean_environment(), "GRADE_STATE": str(tmp_path / "state")}
    environment = {name: value for name, value in environment.items()
                   if not name.startswith("PYTEST")}
    return subprocess.run([sys.executable, "-m", "pytest", "-p", "grade.conftest", "--rootdir",
                           str(tmp_path), "-p", "no:cacheprovider", *words,
                           str(tmp_path / "test_sample.py")],
                          cwd=images.ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_failed_test_keeps_its_transcript_and_says_where(tmp_path, words):
    done = run_pytest(tmp_path, *words)
    kept = list((tmp_path / "state" / "transcripts").iterdir())
    assert done.returncode == 1 and "1 failed, 1 passed" in done.stdout
    assert [path.name for path in kept] == ["test_sample.py-test_fails.0.txt"]
    assert f"transcript: {os.path.relpath(kept[0], images.ROOT)}" in done.stdout
    text = kept[0].read_text()
    assert "OpenSBI" in text and "# exit status: 9" in text


def test_a_panic_in_a_transcript_is_explained(tmp_path):
    done = run_pytest(tmp_path)
    text = next((tmp_path / "state" / "transcripts").iterdir()).read_text()
    assert "    | illegal instruction on hart 0, address 0x0\n" in text
    assert "    | 0x80200004  _start+0x4 " in text and "_start+0x4" in done.stdout


def calls() -> tuple[Symbols, int, int]:
    symbols = Symbols(assemble(CALLS))
    return symbols, symbols.address("here"), symbols.address("back")


def test_addresses_become_functions_and_lines():
    symbols, here, back = calls()
    source = symbols.elf.with_suffix(".S").read_text().splitlines()
    line = symbols.line(here)
    assert source[line.number - 1].startswith("here:")
    assert line.file == os.path.relpath(symbols.elf.with_suffix(".S"), images.ROOT)
    assert symbols.function(here).name == "inner"
    assert symbols.function(symbols.address("_start") - 1) is None
    assert symbols.describe(0x1234) is None


def test_a_return_address_is_shown_as_its_call():
    symbols, here, back = calls()
    end = symbols.function(back).end
    assert symbols.describe(end, is_return=False).startswith("inner+0x0")
    assert symbols.describe(end, is_return=True).startswith("outer+")


def test_a_backtrace_is_explained_from_the_pc_outwards():
    symbols, here, back = calls()
    text = (f"boom\n@@ panic hart=3 cause=15 pc={here:#x} addr=0x10 bt={here:#x},{back:#x}\n"
            f"backtrace: {here:#x} {back:#x}\nend")
    lines = explain(text, [symbols]).splitlines()
    assert lines[2] == "    | store page fault on hart 3, address 0x10"
    for first in (3, 6):
        assert lines[first].startswith(f"    | {here:#x}  inner+")
        assert lines[first + 1].startswith(f"    | {back:#x}  outer+")
    assert lines[0] == "boom" and lines[-1] == "end"


def test_text_without_a_panic_is_left_alone():
    symbols, _, _ = calls()
    text = "pc=0x80200000\n@@ hole id=6.1\n backtrace: 0x80200000\n"
    assert explain(text, [symbols]) == text.rstrip("\n")


def test_symbolize_reads_a_transcript_and_finds_the_image_in_it(tmp_path):
    symbols, here, back = calls()
    log = tmp_path / "log.txt"
    log.write_text(f"# image: {symbols.elf}\nbacktrace: {here:#x} {back:#x}\n")
    tool = [sys.executable, "tools/symbolize"]
    by_file = subprocess.run([*tool, str(log)], cwd=images.ROOT, capture_output=True, text=True)
    by_pipe = subprocess.run([*tool, "--elf", str(symbols.elf)], cwd=images.ROOT,
                             input=f"backtrace: {here:#x}\n", capture_output=True, text=True)
    assert f"    | {here:#x}  inner+" in by_file.stdout
    assert f"    | {here:#x}  inner+" in by_pipe.stdout


def test_symbolize_says_what_is_missing(tmp_path):
    done = subprocess.run([sys.executable, "tools/symbolize"], cwd=images.ROOT, input="x\n",
                          capture_output=True, text=True)
    assert done.returncode == 1 and "--elf" in done.stderr


def test_lines_of_functions_the_linker_dropped_do_not_count(tmp_path):
    source, elf = tmp_path / "k.c", tmp_path / "k.elf"
    source.write_text("int x;\nvoid dead(void)\n{\n    x = 1;\n}\n"
                      "void _start(void)\n{\n    x = 2;\n}\n")
    subprocess.run([f"{toolchain()}gcc", "-g", "-O1", "-march=rv64gc", "-mabi=lp64d",
                    "-mcmodel=medany", "-nostdlib", "-static", "-ffunction-sections",
                    "-Wl,--gc-sections,-Ttext=0x80200000,--build-id=none", "-o", elf, source],
                   check=True)
    numbers = {line.number for _, line in Symbols(elf).lines if line}
    assert 8 in numbers and 4 not in numbers


# --- building ---------------------------------------------------------------------------------

@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout whose Makefile counts how often it was asked."""
    (tmp_path / "Makefile").write_text(
        "print-image:\n\t@echo $(SHAPE)-$(HARTS) >> asked\n"
        "\t@test '$(SHAPE)' != broken || { echo no such shape >&2; exit 1; }\n"
        "\t@echo elf=build/$(SHAPE).elf\n\t@$(if $(ROOT),echo initrd=build/$(ROOT))\n"
        "boot:\n\t@echo CC x.c\n\t@echo build/boot.elf\n")
    monkeypatch.setattr(images, "ROOT", tmp_path)
    monkeypatch.setattr(images, "STATE", tmp_path / "state")
    return tmp_path


def test_an_image_is_built_once_in_a_run(checkout):
    first = images.build(SHAPE="kernel", HARTS=2)
    assert images.build(HARTS=2, SHAPE="kernel") == first
    assert images.build(SHAPE="kernel", HARTS=4) == first
    assert first == images.Image(checkout / "build/kernel.elf", None)
    assert (checkout / "asked").read_text() == "kernel-2\nkernel-4\n"


def test_another_run_builds_again(checkout, monkeypatch):
    images.build(SHAPE="kernel")
    monkeypatch.setattr(images, "_RUN", "another")
    images.build(SHAPE="kernel")
    assert (checkout / "asked").read_text() == "kernel-\nkernel-\n"


def test_an_image_may_come_with_a_file_system(checkout):
    assert images.build(SHAPE="x", ROOT="a.cpio").initrd == checkout / "build/a.cpio"


def test_other_goals_name_their_image_last(checkout):
    assert images.build("boot") == images.Image(checkout / "build/boot.elf", None)


def test_a_build_that_fails_says_why(checkout, monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "n")
    with pytest.raises(BuildFailed, match="no such shape"):
        images.build(SHAPE="broken")

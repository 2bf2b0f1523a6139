"""musl under programs in both shapes: one archive, whose system calls are calls of our functions.

Its programs are grade/guests/*.c, which check themselves, and those of user/. Without a network, and
with nothing in the cache, these tests are skipped.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from grade import images
from grade.elf import ROOT
from grade.images import Image
from grade.tests import archive, musl
from grade.tests.test_images import cross, tool  # noqa: F401

LIBC = ROOT / "build/musl/libc.a"
SOURCES = ROOT / "grade/guests"
GUESTS = sorted(path.stem for path in SOURCES.glob("*.c"))
WITHOUT_FORK = [name for name in GUESTS
                if name != "lines" and "fork(" not in (SOURCES / f"{name}.c").read_text()]
FUSED = [(name, 1) for name in WITHOUT_FORK] + [("threads", 4), ("memory", 4)]
PINS = ROOT / "lib/musl/source.sha256"


@pytest.fixture(scope="session")
def libc() -> Path:
    musl.make("LIBC=musl", "build/musl/libc.a")
    return LIBC


def guest(name: str, **choices: str | int) -> Image:
    if name == "stdio":
        choices["ROOTFS"] = "cpio"
    return musl.build(APP=f"guest-{name}", LIBC="musl", **choices)


# --- what is in it -----------------------------------------------------------------------------

def test_no_object_of_musl_issues_ecall(cross, libc):
    text = tool(cross, "objdump", "-d", "--no-show-raw-insn", libc)
    assert len(re.findall(r"\tret$", text, re.M)) > 1000, "is this a libc?"
    assert not re.findall(r".*\tecall$", text, re.M)


def test_only_syscall_chooses_the_call_by_its_number(cross, libc):
    """Everywhere else the number is a constant, and one call of one function remains."""
    listing = tool(cross, "nm", "-A", "--undefined-only", libc)
    calls = Counter(re.findall(r":([\w.-]+\.o): +U sys_\w+", listing))
    assert calls["write.o"] == 1 and calls["read.o"] == 1
    many = {name for name, count in calls.items() if count > 12}
    assert many == {"syscall.o"}


def test_fused_output_is_a_direct_call_into_the_kernel(cross):
    image = musl.build(APP="hello", LIBC="musl")
    text = tool(cross, "objdump", "-d", "--no-show-raw-insn", "--disassemble=__stdio_write", image.elf)
    assert re.search(r"\t(jal|j|call|tail)\b.*<sys_writev>", text)


def digests(files: list[Path]) -> list[str]:
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


def test_objects_and_libc_are_the_same_in_both_shapes(cross, libc):
    """The bytes that the fused image is linked from are those that the program of a process is."""
    files = [libc, ROOT / "build/musl/grade/guests/printf.o"]
    fused = guest("printf")
    before = digests(files)
    musl.make("LIBC=musl", "build/musl/bin/guest-printf")
    assert digests(files) == before
    linked = (fused.elf.parent / "onering.map").read_text()
    assert all(str(file.relative_to(ROOT)) in linked for file in files)
    process = tool(cross, "nm", ROOT / "build/musl/bin/guest-printf")
    assert "__stdio_write" in process and "__stdio_write" in tool(cross, "nm", fused.elf)


# --- programs ----------------------------------------------------------------------------------

@pytest.mark.parametrize("name,harts", FUSED)
def test_program_runs_fused(boot, name, harts):
    running = boot(guest(name, HARTS=harts), args="arg", harts=harts)
    assert running.wait() == 0
    output = musl.said(running)
    assert re.search(rf"^{name} ok", output, re.M)
    complaints = {line for line in output.splitlines() if line.startswith("libos:")}
    assert all("truncate" in line for line in complaints), complaints


def test_threads_run_fused_with_the_trap_shim(boot):
    running = boot(guest("threads", SYSCALL="trap"))
    assert running.wait() == 0
    assert musl.said(running) == "threads ok"


def test_start_of_a_program_is_silent(boot):
    running = boot(musl.build(APP="hello", LIBC="musl"), args="'two words' x")
    assert running.wait() == 0
    assert musl.said(running) == "hello, world\ntwo words\nx"


def test_without_a_scheduler_a_thread_is_refused(boot):
    running = boot(guest("threads", SCHED="none"))
    assert running.wait() == 1
    assert "failed: pthread_create" in musl.said(running)


@pytest.fixture(scope="session")
def with_guests(kernel, tmp_path_factory) -> Image:
    """The kernel shape, its root with the guests in /musl."""
    files = {name: f"build/musl/bin/guest-{name}" for name in GUESTS}
    musl.make("LIBC=musl", *files.values())
    entries = [archive.entry(f"musl/{name}", (ROOT / file).read_bytes())
               for name, file in files.items()]
    root = tmp_path_factory.mktemp("musl") / "root.cpio"
    root.write_bytes(archive.extended(kernel.initrd, *entries))
    return Image(kernel.elf, root)


@pytest.mark.parametrize("name", [name for name in GUESTS if name != "lines"])
def test_program_runs_in_a_process(boot, with_guests, name):
    running = boot(with_guests, args=f"-c '/musl/{name} arg'", harts=2)
    assert running.wait() == 0
    assert re.search(rf"^{name} ok", musl.said(running), re.M)


@pytest.mark.parametrize("how,status", [("abort", 134), ("term", 143)])
def test_fatal_signal_to_oneself_is_the_exit_status(boot, with_guests, how, status):
    process = boot(with_guests, args=f"-c '/musl/signals {how}'")
    fused = boot(guest("signals"), args=how)
    assert (process.wait(), fused.wait()) == (status, status)
    assert "signals ok" not in process.text + fused.text


# --- choices -----------------------------------------------------------------------------------

@pytest.mark.parametrize("words,complaint", [
    (("APP=hello", "LIBC=glibc"), "LIBC is one of: tiny musl"),
    (("APP=hello", "LIBC=musl", "LTO=1"), "Choose one of the two"),
    (("APP=lua", "LIBC=tiny"), "lua needs LIBC=musl"),
])
def test_a_choice_that_cannot_be_is_refused(words, complaint):
    with pytest.raises(Exception, match=complaint):
        images.make(*words)


# --- where the sources come from ---------------------------------------------------------------

def fetch(target: Path, cache: Path | None = None,
          pins: Path = PINS) -> subprocess.CompletedProcess[str]:
    """tools/fetch-source with no network."""
    nowhere = {f"{scheme}_proxy": "http://127.0.0.1:9" for scheme in ("http", "https", "ftp")}
    where = {"XDG_CACHE_HOME": str(cache)} if cache else {}
    return subprocess.run([ROOT / "tools/fetch-source", pins, target], text=True,
                          env={**os.environ, **nowhere, **where}, capture_output=True)


def test_without_a_network_one_sentence_says_so(tmp_path):
    done = fetch(tmp_path / "src", cache=tmp_path / "cache")
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch(r"fetch-source: the Debian source package musl .*\n", done.stderr)
    assert not (tmp_path / "src").exists()


def test_sources_are_fetched_once(libc, tmp_path):
    done = fetch(tmp_path / "src")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "src/VERSION").read_text().strip() in PINS.read_text()


def test_a_file_that_is_not_the_pinned_one_is_never_unpacked(libc, tmp_path):
    sources = tmp_path / "cache/onering/sources"
    sources.mkdir(parents=True)
    real = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onering/sources"
    for line in PINS.read_text().splitlines()[1:]:
        name = line.split()[1]
        (sources / name).write_bytes((real / name).read_bytes())
    assert fetch(tmp_path / "good", tmp_path / "cache").returncode == 0
    other = tmp_path / "pins"
    other.write_text(re.sub(r"\w{64}(?= .*orig\.tar\.gz$)", "0" * 64, PINS.read_text(), flags=re.M))
    assert fetch(tmp_path / "bad", tmp_path / "cache", other).returncode == 1
    assert not (tmp_path / "bad").exists()


def test_no_mirror_is_named_in_the_tree():
    text = (ROOT / "tools/fetch-source").read_text() + PINS.read_text()
    assert not re.search(r"https?://|\.(org|net|com)\b", text)

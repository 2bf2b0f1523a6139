"""What a student's code can reach: its tree, and nothing of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from grade.elf import ROOT
from grade.grader import jail as jails

KINDS = ["second-user", "bubble"]


def pytests_own(path: Path) -> list[Path]:
    """The folder of a test and those above it that pytest made, however many there are."""
    above = [path, *path.parents]
    names = [folder.name.startswith("pytest-of-") for folder in above]
    return above[:names.index(True) + 1] if True in names else [path]


@pytest.fixture(params=KINDS)
def jail(request, tmp_path):
    if request.param == "second-user" and os.geteuid() != 0:
        pytest.skip("only root can become another user")
    if request.param == "bubble" and not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    for folder in pytests_own(tmp_path):    # they are for their owner alone
        folder.chmod(0o755)
    stage = tmp_path / "stage"
    (stage / "build").mkdir(parents=True)
    found = jails.choose(stage, (ROOT,), request.param)
    found.give(stage / "build")
    return found


def run(jail, *words):
    done = subprocess.run(jail.build(list(words), jail.stage), capture_output=True, text=True,
                          cwd=jail.stage)
    return done.returncode, done.stdout + done.stderr


def test_it_is_chosen_where_it_works(jail):
    """Before anything is in the stage."""
    shutil.rmtree(jail.stage / "build")
    assert jail.works()


def test_the_grader_cannot_be_read(jail):
    status, said = run(jail, "cat", str(ROOT / "grade/grader/api.py"))
    assert status != 0 and "lab_test" not in said


def test_there_is_no_network(jail):
    status, said = run(jail, "cat", "/proc/net/dev")
    assert status == 0 and [line.split(":")[0].strip() for line in said.splitlines()[2:]] == ["lo"]


def test_it_can_write_where_it_builds_and_nowhere_else(jail):
    assert run(jail, "touch", str(jail.stage / "build/object"))[0] == 0
    assert run(jail, "touch", str(jail.stage / "Makefile"))[0] != 0
    run(jail, "touch", "/etc/onering-was-here", "/var/onering-was-here")
    assert not list(Path("/etc").glob("onering-*")) and not list(Path("/var").glob("onering-*"))


def test_it_is_not_root(jail):
    if isinstance(jail, jails.SecondUser):
        assert run(jail, "id", "-u") == (0, f"{jails.UID}\n")
        assert run(jail, "head", "-c1", "/etc/shadow")[0] != 0


def test_files_time_and_processes_are_limited(jail):
    status, _ = run(jail, "dd", "if=/dev/zero", f"of={jail.stage}/build/big", "bs=1M", "count=100")
    assert status != 0 and (jail.stage / "build/big").stat().st_size <= 64 << 20
    status, said = run(jail, "bash", "-c", "ulimit -t; ulimit -v; ulimit -u")
    assert "unlimited" not in said and status == 0


def test_it_knows_nothing_of_our_environment(jail, monkeypatch):
    monkeypatch.setenv("ONERING_KEY", "secret")
    assert "secret" not in run(jail, "env")[1]


def test_it_dies_with_whoever_started_it(jail, tmp_path):
    """A grader that is killed leaves no machine behind."""
    words = jail.build(["cat"], jail.stage)
    script = f"import subprocess; p = subprocess.Popen({words!r}); print(p.pid, flush=True); p.wait()"
    parent = subprocess.Popen(["python3", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              text=True)
    child = Path("/proc", parent.stdout.readline().strip())
    wait_until(lambda: (child / "cmdline").read_bytes().split(b"\0")[0] in (b"cat", b"bwrap"))
    parent.kill()
    parent.wait()
    wait_until(lambda: not child.exists() or (child / "stat").read_text().split()[2] == "Z")


def wait_until(condition):
    """Seconds are for a busy host; what is waited for comes at once or never."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_with_no_walls_there_is_a_warning(tmp_path):
    assert "nothing confines" in jails.choose(tmp_path, (), "open").warning


def test_a_folder_is_closed_where_the_kernel_gives_no_namespaces(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    secret = tmp_path / "secret"
    secret.mkdir(mode=0o755)
    (secret / "key").write_text("lab_test")
    (tmp_path / "stage/build").mkdir(parents=True)
    jail = jails.choose(tmp_path / "stage", (secret,), "covered")
    assert jail.warning and run(jail, "cat", str(secret / "key"))[0] != 0
    jail.open_again()
    assert secret.stat().st_mode & 0o777 == 0o755

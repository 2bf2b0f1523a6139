"""Set-up and doctor on machines that are not this one: a PATH and an os-release of their own."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grade import images
from grade.elf import ROOT

BASICS = "bash env grep cat head tail mktemp rm mkdir xargs git sleep make touch chmod".split()
RELEASES = {
    "debian": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
    "ubuntu": 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n',
    "mint": 'ID=linuxmint\nID_LIKE="ubuntu debian"\n',
    "fedora": 'ID=fedora\n',
    "rocky": 'ID="rocky"\nID_LIKE="rhel centos fedora"\n',
    "arch": 'ID=arch\n',
    "nixos": 'ID=nixos\n',
}
TOOLCHAIN = [f"riscv64-unknown-elf-{tool}" for tool in "gcc ld ar objcopy objdump nm".split()]
EVERYTHING = ["qemu-system-riscv64", *TOOLCHAIN, "python3", "cpio", "gdb-multiarch", "cc", "ccache", "dpkg-source", "dtc",
              "bwrap", "clang-format", "riscv64-linux-gnu-gcc"]

# apt-get: `update` makes packages known, `install` brings the commands of BRINGS.
APT_GET = """
echo "apt-get $*" >> {log}
case "$*" in
*" update") touch {known} ;;
*" install "*)
    [ -e {known} ] || {{ echo "E: Unable to locate package" >&2; exit 100; }}
    for tool in {brings}; do echo '#!/bin/sh' > {bin}/$tool; chmod +x {bin}/$tool; done ;;
esac
"""
APT_CACHE = """
[ -e {known} ] || exit 0
case $2 in
qemu-system-riscv) ;;
*) echo "$2:"; echo "  Candidate: 1.0" ;;
esac
"""
QEMU = """
case "$*" in
*--version*) echo "QEMU emulator version {version}" ;;
*-help*) echo "{help}" ;;
*) echo "{start}"; exit {status} ;;
esac
"""


class Computer:
    """A PATH, an os-release and a user, all of our choosing."""

    def __init__(self, folder: Path):
        self.folder, self.bin = folder, folder / "bin"
        self.log, self.known = folder / "log", folder / "known"
        self.bin.mkdir(parents=True)
        for name in BASICS:
            (self.bin / name).symlink_to(shutil.which(name))
        self.tool("uname", 'case "$1" in -r) echo 6.1.0 ;; *) echo Linux ;; esac')
        self.user(1000)
        self.modules()
        self.environment = {"PATH": str(self.bin), "PYTHON": str(self.bin / "the-python"),
                            "ROOT_DIRECTORY": str(folder), "TMPDIR": str(folder)}

    def tool(self, name: str, script: str = "") -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!{shutil.which('bash')}\n{script}\n")
        path.chmod(0o755)

    def user(self, uid: int) -> None:
        self.tool("id", f"echo {uid}")

    def modules(self, *names: str) -> None:
        """The Python modules there are."""
        self.tool("the-python", f'''
            case "$1" in --version) echo Python 3.11.2; exit ;; esac
            shift 2
            for name; do
                case " {' '.join(names)} " in *" $name "*) ;; *) absent="$absent $name" ;; esac
            done
            echo $absent''')

    def release(self, name: str) -> Computer:
        path = self.folder / "os-release"
        path.write_text(RELEASES[name])
        self.environment["OS_RELEASE"] = str(path)
        return self

    def mac(self) -> Computer:
        self.environment["OS_RELEASE"] = str(self.folder / "none")
        self.tool("uname", "echo Darwin")
        return self

    def apt(self, brings: list[str]) -> None:
        names = {"log": self.log, "known": self.known, "bin": self.bin,
                 "brings": " ".join(brings)}
        self.tool("apt-get", APT_GET.format(**names))
        self.tool("apt-cache", APT_CACHE.format(**names))

    def equip(self) -> Computer:
        """Everything there is to have."""
        for name in EVERYTHING:
            self.tool(name, "echo 12.2.0")
        self.tool("make", "echo GNU Make 4.3")
        self.qemu()
        self.modules("pytest", "xdist", "elftools", "scapy")
        for path in ("usr/include/stdio.h", "usr/riscv64-linux-gnu/lib/libc.a",
                     "usr/lib/picolibc/riscv64-unknown-elf/lib/release/rv64imafdc/lp64d/libc.a"):
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).touch()
        return self

    def qemu(self, version="7.2.22", help="-plugin file", start="", status=0) -> None:
        self.tool("qemu-system-riscv64", QEMU.format(version=version, help=help, start=start,
                                                     status=status))

    def run(self, *words: str, stdin=subprocess.DEVNULL, **environment: str):
        return subprocess.run([str(images.ROOT / "tools" / words[0]), *words[1:]], stdin=stdin,
                              env={**self.environment, **environment}, capture_output=True,
                              text=True, timeout=60)

    def did(self) -> list[str]:
        """What apt-get was asked for."""
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def computer(tmp_path) -> Computer:
    return Computer(tmp_path / "computer")


# --- setup ------------------------------------------------------------------------------------

@pytest.mark.parametrize("group", ["build", "debug", "test"])
def test_nothing_missing_costs_nothing(computer, group):
    computer.release("debian").equip()
    begin = time.monotonic()
    done = computer.run("setup", group)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - begin < 5


def test_root_on_a_fresh_debian_gets_all_after_one_line(computer):
    computer.release("debian").equip().user(0)
    for tool in ("qemu-system-riscv64", "riscv64-unknown-elf-gcc"):
        (computer.bin / tool).unlink()
    computer.apt(brings=["qemu-system-riscv64", "riscv64-unknown-elf-gcc"])
    done = computer.run("setup", "build")
    assert done.returncode == 0
    assert done.stderr == ("setup: installing with apt: qemu-system-riscv64, a RISC-V toolchain\n")
    install, update, again = computer.did()
    assert update.endswith(" update") and install.split(" install ")[1] == again.split(
        " install ")[1]
    assert again.endswith(" qemu-system-misc gcc-riscv64-unknown-elf")
    assert "DPkg::Lock::Timeout" in again


def test_an_install_that_does_not_help_is_a_failure(computer):
    computer.release("ubuntu").equip().user(0)
    (computer.bin / "cpio").unlink()
    computer.apt(brings=[])
    done = computer.run("setup", "build")
    assert done.returncode != 0
    assert "still not found: cpio" in done.stderr and "sudo apt-get" in done.stderr


@pytest.mark.parametrize("release, command", [
    ("debian", "sudo apt-get update && sudo apt-get install -y --no-install-recommends "
               "qemu-system-misc cpio"),
    ("ubuntu", "sudo apt-get update && sudo apt-get install -y --no-install-recommends "
               "qemu-system-misc cpio"),
    ("mint", "sudo apt-get update && sudo apt-get install -y --no-install-recommends "
             "qemu-system-misc cpio"),
    ("fedora", "sudo dnf install -y qemu-system-riscv cpio"),
    ("rocky", "sudo dnf install -y qemu-system-riscv cpio"),
    ("arch", "sudo pacman -S --needed qemu-system-riscv qemu-system-riscv-firmware cpio"),
])
def test_without_root_and_terminal_the_command_is_printed(computer, release, command):
    computer.release(release).equip()
    computer.apt(brings=[])
    computer.tool("sudo", 'echo "sudo $*" >> $0.log')
    for tool in ("qemu-system-riscv64", "cpio"):
        (computer.bin / tool).unlink()
    done = computer.run("setup", "build")
    assert done.returncode == 1
    assert done.stderr == (f"setup: missing: qemu-system-riscv64, cpio\n"
                           f"setup: install with: {command}\n")
    assert not computer.did() and not (computer.bin / "sudo.log").exists()


def test_root_on_fedora_is_told_too(computer):
    computer.release("fedora").equip().user(0)
    (computer.bin / "dtc").unlink()
    done = computer.run("setup", "test")
    assert done.returncode == 1 and "sudo dnf install -y dtc\n" in done.stderr


def test_macos_is_told_brew_and_pip(computer):
    computer.mac().equip().modules("pytest", "xdist")
    (computer.bin / "qemu-system-riscv64").unlink()
    done = computer.run("setup", "test")
    assert done.returncode == 1
    assert done.stderr.endswith("install with: brew install qemu && python3 -m pip install "
                                "pyelftools scapy\n")


def test_an_unknown_system_is_told_what_is_missing(computer):
    computer.release("nixos").equip()
    (computer.bin / "cpio").unlink()
    done = computer.run("setup", "build")
    assert done.returncode == 1 and "missing: cpio" in done.stderr
    assert "package manager" in done.stderr


def test_sudo_is_used_on_a_terminal(computer):
    computer.release("debian").equip()
    (computer.bin / "cpio").unlink()
    computer.apt(brings=["cpio"])
    computer.tool("sudo", f'echo sudo >> {computer.log}; exec "$@"')
    computer.known.touch()
    outer, terminal = pty.openpty()
    done = computer.run("setup", "build", stdin=terminal)
    os.close(outer), os.close(terminal)
    assert done.returncode == 0 and done.stderr == "setup: installing with sudo apt: cpio\n"
    first, second = computer.did()
    assert first == "sudo" and second.endswith(" install -y --no-install-recommends cpio")


def test_each_group_looks_at_its_own(computer):
    computer.release("debian").equip().modules()
    for tool in ("gdb-multiarch", "dtc"):
        (computer.bin / tool).unlink()
    computer.apt(brings=[])
    assert computer.run("setup", "build").returncode == 0
    assert "missing: gdb-multiarch\n" in computer.run("setup", "debug").stderr
    wanted = "missing: gdb-multiarch, dtc, Python's pytest, Python's xdist, Python's elftools"
    assert wanted in computer.run("setup", "test").stderr


@pytest.mark.parametrize("prefix", ["riscv64-unknown-elf-", "riscv64-linux-gnu-", "riscv64-elf-",
                                    "riscv64-none-elf-"])
def test_every_toolchain_prefix_is_accepted(computer, prefix):
    for tool in "gcc ld ar objcopy objdump nm".split():
        computer.tool(prefix + tool)
    assert computer.run("toolchain").stdout == f"{prefix}\n"


def test_a_toolchain_that_cannot_make_our_code_is_passed_over(computer):
    for prefix in ("riscv64-unknown-elf-", "riscv64-elf-"):
        for tool in "gcc ld ar objcopy objdump nm".split():
            computer.tool(prefix + tool)
    computer.tool("riscv64-unknown-elf-gcc", "exit 1")
    assert computer.run("toolchain").stdout == "riscv64-elf-\n"
    (computer.bin / "riscv64-elf-objcopy").unlink()
    done = computer.run("toolchain")
    assert done.returncode == 1 and "doctor" in done.stderr


# --- doctor -----------------------------------------------------------------------------------

def test_a_healthy_machine(computer):
    done = computer.release("debian").equip().run("doctor")
    assert done.returncode == 0, done.stdout
    assert "WRONG" not in done.stdout and "QEMU 7.2.22" in done.stdout


@pytest.mark.parametrize("break_it, says, advice", [
    (lambda c: c.qemu(version="6.2.0 (Debian 1:6.2)"), "QEMU is 6.2.0, 7.2 or later", "release"),
    (lambda c: c.qemu(help="-nothing"), "without plugins", "--enable-plugins"),
    (lambda c: c.qemu(start="Unable to load the bios image", status=1), "Unable to load the bios",
     "firmware"),
    (lambda c: c.tool("make", "echo GNU Make 3.81"), "GNU make is 3.81, 4 or later", "gmake"),
    (lambda c: c.tool("the-python", "echo Python 3.8.10"), "Python is 3.8.10, 3.10", "Python"),
    (lambda c: c.tool("riscv64-unknown-elf-gcc", "echo 8.3.0"), "gcc is 8.3.0", "toolchain"),
    (lambda c: (c.bin / "dtc").unlink(), "missing: dtc", "device-tree-compiler"),
    (lambda c: c.modules("pytest", "scapy", "xdist"), "missing: elftools", "python3-pyelftools"),
    (lambda c: c.environment.update(TMPDIR=f"{c.folder}/{'x' * 90}") or
     os.mkdir(c.environment["TMPDIR"]), "limit", "TMPDIR=/tmp"),
    (lambda c: c.tool("the-python", 'case "$*" in --version) echo Python 3.11.2 ;; '
                      '*labs.tool.health*) echo they need tomli; exit 1 ;; esac'),
     "the course does not work here", "they need tomli"),
], ids="qemu plugins firmware make python gcc tool module socket course".split())
def test_what_is_wrong_is_said_with_its_remedy(computer, break_it, says, advice):
    computer.release("debian").equip()
    computer.apt(brings=[])
    break_it(computer)
    done = computer.run("doctor")
    assert done.returncode == 1
    wrong = done.stdout.split("WRONG", 1)[1]
    assert says in wrong and advice in wrong.split("->")[1]
    assert "put right: 1." in done.stdout


@pytest.mark.parametrize("version, good", [("7.2.0", True), ("7.10.1", True), ("10.0.2", True),
                                           ("8.2", True), ("7.1.9", False), ("6.99", False)])
def test_versions_are_compared_as_numbers(computer, version, good):
    computer.release("debian").equip().qemu(version=version)
    assert (computer.run("doctor").returncode == 0) == good


def test_a_space_in_the_path(computer, tmp_path):
    place = tmp_path / "my work"
    place.mkdir()
    done = computer.release("arch").equip().run("doctor", DOCTOR_CHECKOUT=str(place))
    assert done.returncode == 1 and "a space in the path" in done.stdout


def test_windows_line_ends(computer, tmp_path):
    place = tmp_path / "checkout"
    place.mkdir()
    subprocess.run(["git", "init", "-q", place], check=True)
    (place / "bad.c").write_bytes(b"int x;\r\n")
    (place / "good.c").write_bytes(b"int x;\n")
    subprocess.run(["git", "-C", place, "add", "."], check=True)
    done = computer.release("debian").equip().run("doctor", DOCTOR_CHECKOUT=str(place))
    assert done.returncode == 1 and "(CRLF): bad.c\n" in done.stdout


def test_a_windows_drive(computer):
    computer.release("ubuntu").equip()
    computer.tool("uname", "echo 5.15.90-microsoft-standard-WSL2")
    done = computer.run("doctor", DOCTOR_CHECKOUT="/mnt/c/onering")
    assert done.returncode == 1 and "on a Windows drive" in done.stdout
    assert "not on a Windows drive" in computer.run("doctor").stdout


def test_the_doctor_works_with_nothing_there(computer):
    computer.release("fedora")
    (computer.bin / "the-python").unlink()
    done = computer.run("doctor")
    assert done.returncode == 1 and done.stderr == ""
    for package in ("qemu-system-riscv", "gcc-riscv64-linux-gnu", "python3-pytest", "cpio"):
        assert f"sudo dnf install -y {package}" in done.stdout


# --- what the course needs -----------------------------------------------------------------------

def health(**options) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "labs.tool.health"], cwd=ROOT, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)


def test_the_course_can_be_read_and_graded_here():
    done = health()
    number = len(list(ROOT.glob("labs/*/lab.toml")))
    assert done.returncode == 0 and done.stdout.startswith(f"{number} labs can be read and graded"), done.stdout


def test_a_module_that_is_missing_is_named(tmp_path):
    (tmp_path / "elftools").mkdir()
    (tmp_path / "elftools/__init__.py").write_text("raise ImportError('no', name='elftools')\n")
    done = health(env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert done.returncode == 1 and done.stdout == ("the course's tools need elftools, which this Python does not "
                                                    "have\n")


def test_the_container_is_made_by_the_same_set_up():
    """Of the image itself nothing but bash and apt is needed; the rest is tools/setup's."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    command = container["postCreateCommand"].split()
    assert command == ["sudo", "tools/setup", "test"] and os.access(ROOT / command[1], os.X_OK)
    assert container["image"].split(":")[1] == "bookworm" and not {"features", "build", "dockerFile"} & container.keys()
    needs = [line.split() for line in (ROOT / "tools/packages").read_text().splitlines() if line.strip()]
    assert ["cmd:make", "build", "make"] in [words[:3] for words in needs], "and that image has no make"

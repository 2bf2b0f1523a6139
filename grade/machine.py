"""A running machine: QEMU started, watched and ended from the outside.

      test ---- Machine --+-- console.py === two fifos === UART
                          +-- qmp.py     === socket ====== QEMU's control
                          +-- the process itself: exit status, deadline, end

All of that is made before QEMU starts, and our ends are open: there is no port and no moment at which
nobody listens. QEMU dies with the thread that started it (PR_SET_PDEATHSIG), however that ends; start
machines from a thread that outlives them.

    with Machine(image.elf, initrd=image.initrd, harts=2) as machine:
        print(machine.run("ls /bin").output)
        machine.send("poweroff\\n")
        assert machine.wait() == 0
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Sequence

from . import debugger, memory, qemu, turns
from .console import Console, Line, Pattern, Result, Seen
from .errors import DeadlineExpired, HarnessError, MachineEnded
from .pace import SLOW
from .profile import Plugin, Profile, Recorder, read_profile
from .qmp import Qmp
from .registers import parse_registers
from .symbols import Symbols, explain

DEADLINE = 120.0        # seconds a machine may run, unless the test says otherwise
ANSWER = 30.0           # seconds QEMU has to answer a command
GOODBYE = 10.0          # seconds QEMU has to end when asked to
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


class Machine:
    """One QEMU and all there is to know about it."""

    def __init__(self, elf: Path | str, *, plugin: Plugin | None = None, gdb: bool = False,
                 frozen: bool = False, hold_console: bool = False,
                 deadline: float = DEADLINE, **hardware):
        """`hardware` is what qemu.Hardware takes. `frozen` waits for cont() before it starts;
        `gdb` opens a debugger stub at `gdb_socket`. `hold_console`: nobody reads what the
        guest prints until release_console()."""
        self.hardware = qemu.Hardware(Path(elf), **hardware)
        self.symbols = self._read_symbols()
        self.directory = Path(tempfile.mkdtemp(prefix="onering-"))
        (self.directory / "stderr").touch()
        self.gdb_socket = self.directory / "gdb"
        self.profile: Profile | None = None      # what the plugin found; there after the end
        self._plugin = plugin
        self._stderr = ""                        # kept from close() on, like the next
        self._recorder: Recorder | None = None
        self._closed = False
        self._process: subprocess.Popen | None = None
        self._qmp: Qmp | None = None
        self._turns: turns.Turns | None = None
        try:
            self.command = self._command(gdb, frozen)
            self._start(time.monotonic() + deadline * SLOW, hold_console)
            if not gdb and turns.are_needed(self.hardware):
                self._take_turns(frozen)
        except BaseException:
            self.close()
            raise

    # --- the console (console.py) -----------------------------------------------------------

    def expect(self, pattern: Pattern, timeout: float = 30.0) -> Seen:
        """Wait for the console to show a string, or to match a compiled regex."""
        return self.console.expect(pattern, timeout)

    def send(self, data: str | bytes) -> None:
        """Type at the console; a line ends with the \\n you give."""
        self.console.send(data)

    def run(self, command: str, timeout: float = 30.0) -> Result:
        """Run a command at the shell's prompt: its output and exit status."""
        return self.console.run(command, timeout)

    def release_console(self) -> None:
        """Begin to read the console, if it was held."""
        self.console.release()

    @property
    def text(self) -> str:
        """All the console showed so far."""
        return self.console.text

    # --- its end ----------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the machine powers off; its exit status. All it printed is then in `text`."""
        try:
            status = self._process.wait(None if timeout is None else timeout * SLOW)
        except subprocess.TimeoutExpired as error:
            raise HarnessError(f"the machine did not power off within {timeout} s") from error
        self.console.drain()
        if self.console.expired:
            raise DeadlineExpired("the machine ran past its deadline and was killed\n"
                                  + self.last_seen())
        return status

    def stop(self) -> None:
        """End the machine in an orderly way, so that the plugin writes what it found."""
        try:
            self._qmp.execute("quit")
            self._process.wait(GOODBYE * SLOW)
        except (MachineEnded, subprocess.TimeoutExpired):
            self.kill()
        self.console.drain()

    def kill(self) -> None:
        """End the machine at once."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End the machine if it still runs and keep only what was learnt of it."""
        if self._closed:
            return
        if self._process:
            self._end_process()
        self._stderr, self._recorder = self.stderr, self.recorder
        self.profile = read_profile(self.directory)
        self._closed = True
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_exception) -> None:
        self.close()

    # --- looking inside ---------------------------------------------------------------------

    def registers(self, hart: int = 0) -> dict[str, int]:
        """The registers of a hart by ABI name (a0, sp), number (x10, x2) and CSR name (satp)."""
        return parse_registers(self._qmp.monitor("info registers", hart))

    def read_physical(self, pa: int, nbytes: int) -> bytes:
        """Guest memory by physical address."""
        dump = self.directory / "memory"
        self._qmp.execute("pmemsave", val=pa, size=nbytes, filename=str(dump))
        return dump.read_bytes()

    def read_virtual(self, va: int, nbytes: int, *, satp: int | None = None,
                     hart: int = 0) -> bytes:
        """Guest memory by virtual address, in the address space of `satp` (or of a hart now)."""
        satp = self.registers(hart)["satp"] if satp is None else satp
        found = bytearray()
        while len(found) < nbytes:
            mapping = memory.walk(self.read_physical, satp, va + len(found))
            if mapping is None:
                raise HarnessError(f"{va + len(found):#x} is not mapped (satp {satp:#x})")
            offset = va + len(found) - mapping.va
            length = min(nbytes - len(found), mapping.size - offset)
            found += self.read_physical(mapping.pa + offset, length)
        return bytes(found)

    def mappings(self, *, satp: int | None = None, hart: int = 0) -> list[memory.Mapping]:
        """Every leaf of an address space."""
        satp = self.registers(hart)["satp"] if satp is None else satp
        return list(memory.mappings(self.read_physical, satp))

    def read_u64(self, where: int | str, index: int = 0) -> int:
        """A 64-bit word at a physical address, or of a global variable of the identity-mapped
        kernel."""
        address = self.symbols.address(where) + 8 * index
        return struct.unpack("<Q", self.read_physical(address, 8))[0]

    def monitor(self, line: str, hart: int = 0) -> str:
        """A command of QEMU's human monitor."""
        return self._qmp.monitor(line, hart)

    def qmp(self, command: str, **arguments):
        """A command of QEMU's control protocol."""
        return self._qmp.execute(command, **arguments)

    def freeze(self) -> None:
        """Stop all harts."""
        if self._turns:
            self._turns.hold()
        self._qmp.execute("stop")

    def cont(self) -> None:
        """Let all harts run again."""
        self._qmp.execute("cont")
        if self._turns:
            self._turns.go()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Look at memory which does not change meanwhile."""
        self.freeze()
        try:
            yield
        finally:
            self.cont()

    def gdb(self, *commands: str, scripts: Sequence[str] = (), timeout: float = 60.0) -> str:
        """What gdb prints when it runs `commands` here (boot with gdb=True; frozen=True for the
        first instruction on). When gdb leaves, the machine runs on."""
        return debugger.batch(self.hardware.elf, self.gdb_socket, *commands, scripts=scripts,
                              timeout=timeout * SLOW)

    # --- what is kept -----------------------------------------------------------------------

    @property
    def stderr(self) -> str:
        """What QEMU itself had to say."""
        if self._closed:
            return self._stderr
        return (self.directory / "stderr").read_text(errors="replace").strip()

    def transcript(self) -> str:
        """How it was started, what was printed, where it ended, with addresses explained."""
        head = [f"# image: {self.hardware.elf}", "# " + " ".join(self.command)]
        tail = [f"# exit status: {'still running' if self.alive else self._process.returncode}"]
        if self.console.expired:
            tail.append("# killed: the deadline had passed")
        if self.stderr:
            tail.append("# QEMU said: " + self.stderr)
        last = self.last_seen()
        body = explain(self.console.text, [self.symbols])
        return "\n".join([*head, body, *tail, *([last] if last else [])]) + "\n"

    def last_seen(self) -> str:
        """The functions each hart ran last, if the plugin keeps a flight recorder."""
        recorder = self.recorder
        return recorder.describe(self.symbols) if recorder else ""

    @property
    def recorder(self) -> Recorder | None:
        """The plugin's flight recorder as it is now, or was at the end."""
        if self._closed or not self._plugin:
            return self._recorder
        return self._plugin.recorder(self.directory)

    # --- inside -----------------------------------------------------------------------------
    # Who starts machines in another way than this overrides these.

    _descriptors: tuple[int, ...] = ()      # more that QEMU inherits
    _most_output = 0                        # bytes the guest may print; 0: any number

    def _read_symbols(self) -> Symbols:
        return Symbols(self.hardware.elf)

    def _launch(self, line: list[str]) -> list[str]:
        """The command which starts this one."""
        return line

    def _command(self, gdb: bool, frozen: bool) -> list[str]:
        line = qemu.command(self.hardware) + ["-display", "none", "-nodefaults"]
        if self._plugin:
            line += self._plugin.arguments(self.directory, self.symbols)
        if gdb:
            line += qemu.gdb_stub(str(self.gdb_socket), frozen)
        elif frozen:
            line.append("-S")
        return line

    def _start(self, deadline: float, hold_console: bool) -> None:
        line = Line(self.directory, slow=hold_console)
        control, guest_control = socket.socketpair()
        try:
            with guest_control:
                self._process = self._spawn(line, guest_control.fileno())
        except BaseException:
            line.close()
            raise
        finally:
            line.give_away()
        self.console = Console(line, deadline, self._process.kill, self._most_output, hold_console)
        try:
            self._qmp = Qmp(control, timeout=ANSWER * SLOW)
            self._negotiate()
        except (MachineEnded, OSError) as error:
            control.close()
            raise MachineEnded(f"QEMU did not start: {self.stderr or error}") from error

    def _negotiate(self) -> None:
        """On a busy host the guest may have switched its machine off before we come to this. Then QEMU
        ends without a word of complaint, and that is no failure to start."""
        try:
            self._qmp.negotiate()
        except MachineEnded:
            self._process.wait(GOODBYE * SLOW)
            if self.stderr:
                raise

    def _spawn(self, line: Line, control: int) -> subprocess.Popen:
        wires = [*line.options(), "-chardev", f"socket,id=control,fd={control}",
                 "-mon", "chardev=control,mode=control"]
        with open(self.directory / "stderr", "wb") as errors:
            return subprocess.Popen(self._launch(self.command + wires), stdin=subprocess.DEVNULL,
                                    stdout=errors, stderr=errors,
                                    pass_fds=(*line.theirs, control, *self._descriptors),
                                    start_new_session=True, preexec_fn=_die_with_parent)

    def _take_turns(self, frozen: bool) -> None:
        self._turns = turns.Turns(self._qmp)
        if not frozen:
            self._turns.go()

    def _end_process(self) -> None:
        if self._plugin and self.alive and self._qmp:
            self.stop()
        self.kill()
        self.console.close()
        if self._turns:
            self._turns.close()
        if self._qmp:
            self._qmp.close()


def _die_with_parent() -> None:
    """Runs in the child: whatever kills the parent kills QEMU too."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

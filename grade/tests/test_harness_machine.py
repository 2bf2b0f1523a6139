"""The QEMU driver: console, memory, registers, exit status, deadline, and its own end."""

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from grade import console, images, memory
from grade.errors import DeadlineExpired, HarnessError, MachineEnded, NotSeen
from grade.machine import Machine
from grade.profile import Plugin
from grade.tests.bare import assemble

HANG = "hang: j hang"
ECHO = """
        print ready
again:  getc a0
        putc a0
        j again
ready:  .asciz "ready> "
"""

# A shell as small as it gets: echoes a line, answers as a shell would to `...; echo MARK $?`.
SHELL = """
prompt: print text
line:   getc a0
        putc a0
        li a1, '\\n'
        bne a0, a1, not_end
        print answer
        la s1, mark
        mv s2, s3
say:    beq s1, s2, said
        lbu a0, (s1)
        putc a0
        addi s1, s1, 1
        j say
said:   print status
        j prompt
not_end:
        li a1, '@'
        bne a0, a1, keep
        la s3, mark
keep:   li a1, ' '
        beq a0, a1, line
        li a1, '$'
        beq a0, a1, skip
        la a1, mark
        bltu s3, a1, line
        sb a0, (s3)
        addi s3, s3, 1
        j line
skip:   getc a0
        putc a0
        j line
text:   .asciz "# "
answer: .asciz "first\\r\\nunfinished"
status: .asciz " 3\\n"
mark:   .skip 64
"""


def gone(pid: int) -> bool:
    """No such process any more (a zombie nobody waits for has ended too)."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_gone(pid: int) -> bool:
    for _ in range(100):
        if gone(pid):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("code", [0, 1, 7, 134, 255])
def test_exit_status_is_the_guests(boot, code):
    assert boot(assemble(f"finish {code}")).wait() == code


def test_console_is_complete_when_the_machine_has_ended(boot):
    machine = boot(assemble("""
        li s0, 2000
        more: print text
        addi s0, s0, -1
        bnez s0, more
        finish 0
        text: .asciz "0123456789\\r\\n"
    """))
    machine.wait()
    assert machine.text.count("0123456789\n") == 2000


def test_a_host_that_listens_late_costs_the_guest_nothing(boot, monkeypatch):
    """Otherwise a UART would make it wait, and how many instructions it spends on that is luck."""
    monkeypatch.setattr(console, "SLOW_ROOM", console.ROOM)
    text = "li s0, 100000\nmore: li a0, '#'\nputc a0\naddi s0, s0, -1\nbnez s0, more\nfinish 0"
    executed = []
    for late in (False, True):
        machine = boot(assemble(text), icount=True, plugin=Plugin(), hold_console=late,
                       deadline=30)
        while machine.alive:
            time.sleep(0.01)
        machine.release_console()
        assert machine.wait() == 0 and machine.text.count("#") == 100000
        machine.close()
        executed.append(machine.profile.executed)
    assert executed[0] == executed[1]


def test_typing_is_received_byte_for_byte(boot):
    machine = boot(assemble(ECHO))
    machine.expect("ready> ")
    machine.send(bytes(range(1, 128)) + b"\xff\x00done")
    machine.expect("done")
    assert bytes(range(1, 128)) + b"\xff\x00done" in machine.console.raw


def test_expect_goes_on_behind_the_last_match(boot):
    machine = boot(assemble(ECHO))
    machine.expect("ready> ")
    machine.send("one two one")
    assert machine.expect("one").before == ""
    assert machine.expect(re.compile("o(n)e"))[1] == "n"
    assert "two" not in machine.console.since()
    with pytest.raises(NotSeen) as failure:
        machine.expect("one", timeout=0.3)
    assert "'one'" in str(failure.value) and "ready> one two one" in str(failure.value)


def test_run_separates_the_output_from_the_echo(boot):
    result = boot(assemble(SHELL)).run("ls /", timeout=10)
    assert result.output == "first\nunfinished"
    assert result.status == 3


def test_run_can_be_repeated(boot):
    machine = boot(assemble(SHELL))
    assert [machine.run("x").status for _ in range(5)] == [3] * 5


def test_expect_says_so_when_the_machine_ends(boot):
    with pytest.raises(MachineEnded, match="'never'"):
        boot(assemble("finish 3")).expect("never")


def test_deadline_kills_the_machine_while_the_test_waits(boot):
    machine = boot(assemble(HANG), deadline=0.7)
    with pytest.raises(DeadlineExpired):
        machine.wait()
    assert gone(machine.pid)


def test_deadline_kills_the_machine_while_the_test_sleeps(boot):
    machine = boot(assemble(HANG), deadline=0.5)
    assert wait_gone(machine.pid)
    with pytest.raises(DeadlineExpired):
        machine.expect("anything")


def test_wait_gives_up_without_ending_the_machine(boot):
    machine = boot(assemble(HANG))
    with pytest.raises(HarnessError, match="0.2"):
        machine.wait(timeout=0.2)
    assert machine.alive


def test_nothing_is_left_after_close(boot):
    machine = boot(assemble(HANG))
    machine.close()
    assert gone(machine.pid)
    assert not machine.directory.exists()
    machine.close()


@pytest.mark.parametrize("harts, icount", [(1, False), (1, True), (2, True)])
def test_a_machine_may_be_over_before_a_busy_host_talks_to_it(boot, monkeypatch, harts, icount):
    negotiate = Machine._negotiate

    def negotiate_late(self: Machine) -> None:
        self._process.wait(20)
        negotiate(self)

    monkeypatch.setattr(Machine, "_negotiate", negotiate_late)
    machine = boot(assemble("print text\nfinish 7\ntext: .asciz \"gone\""), harts=harts, icount=icount)
    assert machine.wait() == 7
    assert machine.text.endswith("gone")


def test_nothing_is_left_of_a_machine_that_could_not_start(boot, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KeyError):
        boot(assemble(HANG), plugin=Plugin([("nowhere", "hang")]))
    with pytest.raises(MachineEnded):
        boot(assemble(HANG), memory="nonsense")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_machine_dies_with_the_test_process(how, tmp_path):
    script = ("import sys, time; from grade.machine import Machine; "
              "m = Machine(sys.argv[1]); print(m.pid, flush=True); time.sleep(60)")
    parent = subprocess.Popen([sys.executable, "-c", script, str(assemble(HANG))],
                              cwd=images.ROOT, env={**os.environ, "TMPDIR": str(tmp_path)},
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pid = int(parent.stdout.readline())
    assert not gone(pid)
    os.kill(parent.pid, how)
    parent.wait()
    parent.stdout.close()
    assert wait_gone(pid)


def test_many_machines_at_once(boot):
    machines = [boot(assemble(ECHO)) for _ in range(6)]
    for number, machine in enumerate(machines):
        machine.expect("ready> ")
        machine.send(f"i am {number}")
    for number, machine in enumerate(machines):
        machine.expect(f"i am {number}")
        assert "i am" not in machine.console.since()


def test_no_tcp_port_is_opened(boot):
    machine = boot(assemble(HANG), gdb=True)
    sockets = {os.readlink(f"/proc/{machine.pid}/fd/{fd}")
               for fd in os.listdir(f"/proc/{machine.pid}/fd")}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/{machine.pid}/net/{table}") as lines:
            inodes = {line.split()[9] for line in list(lines)[1:]}
        assert not {f"socket:[{inode}]" for inode in inodes} & sockets


def test_a_kernel_that_is_not_there_is_reported_in_qemus_words(boot):
    with pytest.raises(MachineEnded, match="no-such-kernel"):
        boot("/no-such-kernel")


def test_args_reach_the_device_tree(boot):
    machine = boot(assemble("la t0, tree\nsd a1, (t0)\nprint up\n" + HANG
                            + '\nup: .asciz "up"\n.balign 8\ntree: .skip 8'),
                   args='-c "echo hi"')
    machine.expect("up")
    tree = machine.read_physical(machine.read_u64("tree"), 8192)
    assert b'-c "echo hi"\0' in tree


@pytest.mark.parametrize("icount", [False, True])
def test_registers_of_each_hart(boot, icount):
    machine = boot(assemble("li s4, 0x123456789abcdef0\nprint up\n" + HANG
                            + '\nup: .asciz "up"'), harts=3, icount=icount)
    machine.expect("up")
    hang = machine.symbols.address("hang")
    while hang not in [machine.registers(hart)["pc"] for hart in range(3)]:
        time.sleep(0.01)
    harts = [machine.registers(hart) for hart in range(3)]
    assert [hart["mhartid"] for hart in harts] == [0, 1, 2]
    assert [hart["x20"] == hart["s4"] for hart in harts] == [True] * 3
    assert [hart["s4"] for hart in harts if hart["pc"] == hang] == [0x123456789abcdef0]


# The boot hart, which may be either, starts the other one. Then hart 0 gives hart 1 the ball and waits
# in a loop to have it back, 20 times.
PING_PONG = """
        mv s0, a0
        xor a0, a0, 1
        la a1, second
        li a6, 0
        li a7, 0x48534d                 # hart state management: start
        ecall
        j both
second: mv s0, a0
both:   la s1, ball
        li s2, 20
        beqz s0, zero
one:    ld t0, (s1)
        beqz t0, one
        sd zero, (s1)
        j one
zero:   li t0, 1
        sd t0, (s1)
1:      ld t0, (s1)
        bnez t0, 1b
        addi s2, s2, -1
        bnez s2, zero
        finish 7
        .balign 8
ball:   .dword 0
"""


@pytest.mark.parametrize("icount", [False, True])
def test_no_hart_starves_while_another_waits_for_it(boot, icount):
    assert boot(assemble(PING_PONG), harts=2, icount=icount).wait() == 7


COUNTING = ("la a0, word\n1: ld a1, (a0)\naddi a1, a1, 1\nsd a1, (a0)\nj 1b\n"
            ".balign 8\nword: .dword 0")


def test_harts_that_take_turns_can_be_frozen(boot):
    machine = boot(assemble(COUNTING), harts=2, icount=True, frozen=True)
    time.sleep(0.2)
    assert machine.read_u64("word") == 0
    machine.cont()
    while machine.read_u64("word") == 0:
        time.sleep(0.01)
    with machine.frozen():
        first = machine.read_u64("word")
        time.sleep(0.2)
        assert machine.read_u64("word") == first


# --- page tables ------------------------------------------------------------------------------

# One gigapage (identity), and below it 0x4000_1000 -> `secret` in a 4 KiB page, and the last
# page of the address space -> the same.
PAGED = """
        la a0, root
        la a1, middle
        la a2, leaf
        srli a3, a1, 2
        ori a3, a3, 1
        sd a3, 8(a0)                    # root[1] -> middle
        li a3, 511 * 8
        add a3, a0, a3
        srli a4, a1, 2
        ori a4, a4, 1
        sd a4, (a3)                     # root[511] -> middle
        srli a3, a2, 2
        ori a3, a3, 1
        sd a3, (a1)                     # middle[0] -> leaf
        li a4, 511 * 8
        add a4, a1, a4
        sd a3, (a4)                     # middle[511] -> leaf
        la a3, secret
        srli a3, a3, 2
        ori a3, a3, 0xd7                # D A U W R V
        sd a3, 8(a2)                    # leaf[1]
        li a4, 511 * 8
        add a4, a2, a4
        sd a3, (a4)                     # leaf[511]
        li a3, (0x80000000 >> 2) | 0xcf # D A X W R V
        sd a3, 16(a0)                   # root[2]: RAM
        li a3, 0xcf
        sd a3, 0(a0)                    # root[0]: devices
        srli a0, a0, 12
        li a3, 8 << 60
        or a0, a0, a3
        csrw satp, a0
        sfence.vma
        print up
hang:   j hang
up:     .asciz "up"
        .balign 4096
secret: .ascii "the secret"
        .balign 4096
root:   .skip 4096
middle: .skip 4096
leaf:   .skip 4096
"""


def test_virtual_memory_is_read_through_the_page_tables(boot):
    machine = boot(assemble(PAGED))
    machine.expect("up")
    assert machine.read_virtual(0x4000_1000, 10) == b"the secret"
    assert machine.read_virtual(0xffff_ffff_ffff_f004, 6) == b"secret"
    secret = machine.symbols.address("secret")
    assert machine.read_virtual(secret, 3) == b"the"
    assert machine.read_physical(secret + 4, 6) == b"secret"
    with pytest.raises(HarnessError, match="0x40002000 is not mapped"):
        machine.read_virtual(0x4000_1ffe, 4)


def test_mappings_lists_every_leaf(boot):
    machine = boot(assemble(PAGED))
    machine.expect("up")
    secret = machine.symbols.address("secret")
    found = [(m.va, m.pa, m.size, m.letters) for m in machine.mappings()]
    high = (1 << 64) - (1 << 30)
    pages = [(base + offset, secret, 4096, "VRWUAD")
             for base in (0x4000_0000, high)
             for offset in (0x1000, 0x1f_f000, 0x3fe0_1000, 0x3fff_f000)]
    assert found == sorted([(0, 0, 1 << 30, "VRWXAD"), (1 << 31, 1 << 31, 1 << 30, "VRWXAD"),
                            *pages])


def test_an_address_whose_high_bits_are_wrong_is_not_mapped(boot):
    machine = boot(assemble(PAGED))
    machine.expect("up")
    satp = machine.registers()["satp"]
    assert memory.walk(machine.read_physical, satp, 0x4000_1000 | 1 << 50) is None


def test_frozen_memory_does_not_change(boot):
    machine = boot(assemble(COUNTING))
    while machine.read_u64("word") == 0:
        time.sleep(0.01)
    with machine.frozen():
        first = machine.read_u64("word")
        time.sleep(0.1)
        assert machine.read_u64("word") == first
    time.sleep(0.1)
    assert machine.read_u64("word") > first


def test_a_frozen_start_waits_for_cont(boot):
    machine = boot(assemble("finish 5"), frozen=True)
    time.sleep(0.2)
    assert machine.alive and machine.text == ""
    machine.cont()
    assert machine.wait() == 5

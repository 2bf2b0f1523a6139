"""The shell and the programs of /bin as somebody at the console meets them."""

from __future__ import annotations

import re
from typing import Callable

import pytest

from grade.console import PROMPT
from grade.errors import HarnessError
from grade.machine import Machine

CTRL_C, CTRL_D, CTRL_U, BACKSPACE = "\x03", "\x04", "\x15", "\x7f"
UP, DOWN, LEFT, RIGHT = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[C"
INTERRUPTED = 130


@pytest.fixture(scope="module")
def power_on(boot_for_module, kernel) -> Callable[[], Machine]:
    return lambda: boot_for_module(kernel, harts=2, deadline=600)


@pytest.fixture(scope="module")
def current() -> list[Machine]:
    """The machine in use: one serves all tests here, until one of them leaves it in disorder."""
    return []


@pytest.fixture
def machine(power_on, current) -> Machine:
    """A machine at its prompt. Each test keeps to files of its own and ends at the prompt."""
    try:
        current[0].console.prompt(timeout=5)
    except (IndexError, HarnessError):
        current[:] = [power_on()]
    return current[0]


@pytest.fixture
def sh(machine):
    """sh("command") -> what it printed; the exit status is in sh.status."""
    def run(command: str) -> str:
        result = machine.run(command, timeout=10)
        run.status = result.status
        return result.output
    return run


def line(machine: Machine, keys: str) -> None:
    """Press keys at the prompt; they may be more than a line of text."""
    machine.console.prompt()
    machine.send(keys)


READY = "$((40 + 2))"     # the echo of a line that is typed does not hold the number
READY_TEXT = "42\n"


def answer(machine: Machine, keys: str) -> str:
    """What the line typed with these keys printed."""
    line(machine, keys)
    machine.expect("\n")
    text = machine.expect(PROMPT).before
    machine.send("\n")      # a fresh prompt for whoever comes next
    return text


# --- the language ------------------------------------------------------------------------------

COMMANDS = [
    ("quotes keep blanks", """echo a  b "c  d" 'e  f' g\\ \\ h""", "a b c  d e  f g  h\n", 0),
    ("single quotes keep everything", """X=1; echo '$X "`' "$X '`echo y`'" """, "$X \"` 1 'y'\n", 0),
    ("semicolon runs both", "echo one; echo two", "one\ntwo\n", 0),
    ("and stops at a failure", "true && echo yes; false && echo no", "yes\n", 1),
    ("or goes on after a failure", "false || echo yes; true || echo no", "yes\n", 0),
    ("and-or goes left to right", "false && echo a || echo b && echo c", "b\nc\n", 0),
    ("status of the last command", "(exit 5); echo $?; echo $?", "5\n0\n", 0),
    ("status of a pipeline is the last one's", "false | true; echo $?; true | false", "0\n", 1),
    ("a negation", "! true; echo $?; ! false", "1\n", 0),
    ("a pipeline of many", "echo a b c | cat | cat | cat | wc -w", "3\n", 0),
    ("a writer whose reader ends", "while true; do echo y; done | head -n 2", "y\ny\n", 0),
    ("variables", "A=x; B=$A${A}y; echo $B $C.", "xxy .\n", 0),
    ("arithmetic", "I=7; echo $((I * 2 + 1)) $((I % 4)) $((1 << 4 | 1))", "15 3 17\n", 0),
    ("command substitution", "echo $(echo a; echo b) `echo c`", "a b c\n", 0),
    ("a loop", "for i in 1 2 3; do echo -n $i; done; echo", "123\n", 0),
    ("a condition", "if [ 1 -lt 2 ]; then echo yes; else echo no; fi", "yes\n", 0),
    ("a choice", "case foo.c in *.h) echo h;; *.c) echo c;; esac", "c\n", 0),
    ("a function", "twice() { echo $1 $1; return 3; }; twice x; echo $?", "x x\n3\n", 0),
    ("names by pattern", "cd /bin; echo ec[gh]o l? nothing*; cd /", "echo ls nothing*\n", 0),
    ("a subshell keeps its directory", "(cd /tmp; pwd); pwd", "/tmp\n/\n", 0),
    ("cd goes up and home", "cd /tmp/..; pwd; cd /dev; cd ..; pwd; cd; pwd", "/\n/\n/\n", 0),
    ("a comment", "sh -c 'echo a # b'", "a\n", 0),
    ("a command that is not there", "nosuch x", "sh: nosuch: not found\n", 127),
    ("a file that is no program", "/etc", "sh: /etc: Is a directory\n", 126),
    ("cd to nowhere", "cd /none", "sh: cd: /none: No such file or directory\n", 1),
    ("killed by a signal", "sh -c 'kill -9 $$'", "Killed\n", 137),
]


@pytest.mark.parametrize("command,output,status", [row[1:] for row in COMMANDS],
                         ids=[row[0].replace(" ", "-") for row in COMMANDS])
def test_language(sh, command, output, status):
    assert (sh(command), sh.status) == (output, status)


def test_redirections(sh):
    assert sh("echo one > /tmp/r; echo two >> /tmp/r; cat < /tmp/r") == "one\ntwo\n"
    assert sh("echo three > /tmp/r; wc -l < /tmp/r") == "1\n"
    assert sh("ls /none 2> /tmp/r; cat /tmp/r") == "ls: /none: No such file or directory\n"
    assert sh("(echo out; ls /none) > /tmp/r 2>&1; wc -l < /tmp/r; rm /tmp/r") == "2\n"
    assert sh("echo x > /bin/x") == "sh: /bin/x: Read-only file system\n" and sh.status != 0
    assert sh("cat < /none") == "sh: /none: No such file or directory\n" and sh.status != 0


def test_scripts_have_arguments_and_a_status(sh):
    sh("echo 'echo $0: $# $1; exit 4' > /tmp/script")
    assert sh("sh /tmp/script a 'b c'") == "/tmp/script: 2 a\n" and sh.status == 4
    assert sh("echo 'cat /none; echo after' | sh").endswith("after\n")
    assert sh("sh /none").startswith("sh: ") and sh.status == 127
    sh("rm /tmp/script")


def test_script_with_an_interpreter_line(sh):
    sh("echo '#!/bin/sh' > /tmp/go; echo 'echo ran $1' >> /tmp/go")
    assert sh("/tmp/go x") == "sh: /tmp/go: Permission denied\n" and sh.status == 126
    sh("cp /bin/sh /tmp/run; cat /tmp/go > /tmp/run")       # keeps the mode of a program
    assert sh("/tmp/run x") == "ran x\n"
    sh("rm /tmp/go /tmp/run")


def test_syntax_errors_say_where(sh, machine):
    assert re.search(r"sh: .*syntax|unexpected", sh("sh -c 'if; then'")) and sh.status == 2
    assert re.search(r"sh: .*syntax|unexpected", sh("sh -c 'echo a | | b'")) and sh.status == 2


def test_an_open_quote_asks_for_more(machine):
    line(machine, "echo 'first\n")
    machine.expect("> ")
    machine.send("second'\n")
    machine.expect("first\nsecond\n")


# --- jobs --------------------------------------------------------------------------------------

def sleep_in_background(sh) -> None:
    """The prompt is there before the job has become a `sleep`."""
    sh("sleep 1000 &")
    while " sleep" not in sh("ps"):
        pass


def test_background_job_leaves_the_prompt_at_once(sh):
    sleep_in_background(sh)
    assert "sleep" in sh("jobs")
    sh("kill $!; wait $!")
    assert sh.status == 128 + 15 and "sleep" not in sh("ps")


def test_interrupt_kills_the_foreground_job_only(sh, machine):
    sleep_in_background(sh)
    machine.console.prompt()
    machine.send(f"sh -c 'echo {READY}; sleep 2000' | cat | cat\n")
    machine.expect(READY_TEXT)
    machine.send(CTRL_C)
    assert machine.run("echo $?").output == f"{INTERRUPTED}\n"
    assert sh("ps | grep sleep | wc -l") == "1\n" and sh("ps | grep -c ' cat'") == "0\n"
    sh("kill $!; wait $!")


def test_interrupt_gives_up_the_whole_line(machine):
    """Not only the command that runs: the loop around it and what follows the loop."""
    line(machine, f"while true; do sh -c 'echo {READY}; sleep 2000'; done; echo not this\n")
    machine.expect(READY_TEXT)
    machine.send(CTRL_C)
    machine.console.prompt()
    assert "not this" not in machine.console.since()
    assert machine.run("echo still here").output == "still here\n"


# Each runs for ever, and says when it is well on its way.
ENDLESS = [
    ("while with builtins",
     f"i=0; while true; do i=$((i + 1)); [ $i = 99 ] && echo {READY}; done"),
    ("condition of builtins",
     f"i=0; until i=$((i + 1)); [ $i = 99 ] && echo {READY}; false; do :; done"),
    ("while with programs", f"while sh -c 'echo {READY}; sleep 2000'; do true; done"),
    ("for with programs", f"for i in 1 2 3; do sh -c 'echo {READY}; sleep 2000'; done"),
    ("for with builtins", f"for i in a b; do echo {READY}; while true; do true; done; done"),
    ("function", f"f() {{ echo {READY}; while true; do true; done; }}; ! f"),
    ("subshell", f"(echo {READY}; while true; do true; done)"),
    ("pipeline", f"(echo {READY}; while true; do true; done) | cat"),
    ("substitution", f"echo $(echo {READY} > /dev/console; while true; do true; done)"),
    ("read", f"echo {READY}; read x"),
    ("wait", f"sleep 2000 & echo {READY}; wait"),
    ("wait for one", f"sleep 2000 & echo {READY}; wait $!"),
    ("eval", f"eval 'echo {READY}; while true; do true; done; echo not this'"),
    ("script", "sh /tmp/endless"),
    ("sourced script", ". /tmp/endless"),
]
ENDLESS_SCRIPT = "echo $((40 + 2)); while true; do true; done; echo not this"


@pytest.mark.parametrize("command", [pytest.param(text, id=name.replace(" ", "-"))
                                     for name, text in ENDLESS])
def test_interrupt_ends_what_would_run_for_ever(sh, machine, command):
    sh(f"echo '{ENDLESS_SCRIPT}' > /tmp/endless")
    shell = sh("echo $$")
    line(machine, f"{command}; echo not this\n")
    machine.expect(READY_TEXT)
    machine.send(CTRL_C)
    machine.console.prompt()
    assert "not this" not in machine.console.since()
    assert sh("echo $?") == f"{INTERRUPTED}\n"
    assert sh("echo $$") == shell and "endless" not in sh("ps")
    sh("rm /tmp/endless; kill $!; wait")


def test_interrupt_twice_is_no_more_than_once(sh, machine):
    """The second one comes at the prompt, or when the shell is about to print it."""
    shell = sh("echo $$")
    for _ in range(5):
        line(machine, f"echo {READY}; while true; do true; done\n")
        machine.expect(READY_TEXT)
        machine.send(CTRL_C + CTRL_C + "i=0; while [ $i != 50 ]; do i=$((i + 1)); done; echo $i$i\n")
        machine.expect("\n5050\n")
    assert sh("echo $$") == shell


def test_interrupt_ends_a_program_that_took_the_place_of_the_shell(sh, machine):
    shell = sh("echo $$")
    line(machine, f"exec sh -c 'echo {READY}; while true; do true; done'\n")
    machine.expect(READY_TEXT)
    machine.send(CTRL_C)
    assert sh("echo $$") != shell


def test_interrupt_at_the_prompt_drops_the_line(machine):
    line(machine, "echo not this" + CTRL_C)
    machine.expect("not this")
    assert machine.run("echo but this").output == "but this\n"


def test_end_of_file_ends_what_reads_the_terminal(machine):
    line(machine, f"echo {READY}; cat\n")
    machine.expect(READY_TEXT)
    machine.send("typed\n")
    machine.expect("typed\ntyped\n")
    machine.send(CTRL_D)
    assert machine.run("echo $?").output == "0\n"


def test_end_of_file_at_the_prompt_starts_a_new_shell(machine):
    before = machine.run("echo $$").output
    line(machine, CTRL_D)
    assert machine.run("echo $$").output != before


def test_exit_ends_the_shell_and_init_starts_another(machine):
    before = machine.run("echo $$").output
    line(machine, "exit\n")
    assert machine.run("echo $$").output != before


def test_orphans_are_adopted_and_waited_for(sh):
    orphan = sh("sh -c 'sleep 60 & until ps | grep -q sleep; do true; done'; ps | grep sleep")
    found = re.match(r"\s*(\d+)\s+1\s", orphan)
    assert found, orphan
    assert sh(f"kill {found[1]}; while ps | grep -q sleep; do true; done; ps | grep -c ' Z '") == "0\n"


# --- editing -----------------------------------------------------------------------------------

def test_backspace_takes_back_one_letter(machine):
    assert answer(machine, f"echo abX{BACKSPACE}c\n") == "abc\n"


def test_backspace_stops_at_the_prompt(machine):
    assert answer(machine, BACKSPACE * 5 + "echo ok\n") == "ok\n"


def test_control_u_takes_back_the_line(machine):
    assert answer(machine, f"nonsense{CTRL_U}echo ok\n") == "ok\n"


def test_arrows_move_in_the_line(machine):
    assert answer(machine, f"echo bc{LEFT * 2}a{RIGHT}X\n") == "abXc\n"


def test_history_goes_up_and_down(machine):
    assert answer(machine, "echo first\n") == "first\n"
    assert answer(machine, "echo second\n") == "second\n"
    assert answer(machine, f"{UP}\n") == "second\n"
    assert answer(machine, f"{UP * 2}\n") == "first\n"
    assert answer(machine, f"{UP * 2}{DOWN}\n") == "first\n"


def test_history_line_may_be_changed(machine):
    assert answer(machine, "echo draft\n") == "draft\n"
    assert answer(machine, f"{UP}{BACKSPACE * 5}final\n") == "final\n"


def test_long_line_is_kept_whole(sh):
    words = " ".join(f"word{number}" for number in range(120))
    assert sh(f"echo {words}") == words + "\n"


# --- the programs ------------------------------------------------------------------------------

ERRORS = [
    ("ls /none", "ls: /none: No such file or directory\n"),
    ("cat /none", "cat: /none: No such file or directory\n"),
    ("cat /tmp", "cat: /tmp: Is a directory\n"),
    ("cp /none /tmp/x", "cp: /none: No such file or directory\n"),
    ("cp /bin/ls", "usage: cp"),
    ("mv /none /tmp/x", "mv: /none: No such file or directory\n"),
    ("mv /bin/ls /bin/x", "mv: "),
    ("rm /none", "rm: /none: No such file or directory\n"),
    ("rm /tmp", "rm: /tmp: Is a directory\n"),
    ("rm /bin/ls", "rm: /bin/ls: Read-only file system\n"),
    ("mkdir /tmp", "mkdir: /tmp: File exists\n"),
    ("mkdir /none/x", "mkdir: /none/x: No such file or directory\n"),
    ("grep", "usage: grep"),
    ("grep x /none", "grep: /none: No such file or directory\n"),
    ("grep '[' /tmp", "grep: "),
    ("wc /none", "wc: /none: No such file or directory\n"),
    ("head /none", "head: /none: No such file or directory\n"),
    ("kill", "usage: kill"),
    ("kill 99999", "kill: 99999: No such process\n"),
    ("kill -NOSUCH 1", "NOSUCH: invalid signal\n"),
    ("sleep", "usage: sleep"),
    ("sleep x", "sleep: x: not a number"),
    ("uname -z", "uname: invalid option"),
    ("time", "usage: time"),
    ("time nosuch", "time: nosuch: not found"),
    ("ls -Z /", "ls: invalid option"),
]


@pytest.mark.parametrize("command,complaint", ERRORS, ids=[row[0] for row in ERRORS])
def test_error_says_who_what_and_why(sh, command, complaint):
    assert complaint in sh(command) and sh.status not in (0, 128)


def test_ls_lists_names_in_order_and_hides_dots(sh):
    sh("mkdir /tmp/l; cd /tmp/l; echo 12345 > b; echo > a; echo > .hidden; mkdir d; cd /")
    assert sh("ls /tmp/l") == "a\nb\nd\n"
    assert sh("ls -a /tmp/l").split() == [".", "..", ".hidden", "a", "b", "d"]
    rows = sh("ls -l /tmp/l").splitlines()[1:]
    assert [re.split(r" +", row)[0] for row in rows] == ["-rw-r--r--", "-rw-r--r--", "drwxr-xr-x"]
    assert re.search(r" 6 \w{3} [ \d]\d \d\d:\d\d b$", rows[1])
    assert sh("ls -d /tmp/l /tmp/l/b") == "/tmp/l\n/tmp/l/b\n"
    assert sh("ls /tmp/l /dev/null") == "/dev/null\n\n/tmp/l:\na\nb\nd\n"
    sh("rm -r /tmp/l")


def test_echo_has_one_option(sh):
    assert sh("echo -n a; echo b; echo; echo -- -n") == "ab\n\n-- -n\n"


def test_cat_joins_files_and_its_input(sh):
    sh("echo 1 > /tmp/c1; echo 2 > /tmp/c2")
    assert sh("echo in | cat /tmp/c1 - /tmp/c2") == "1\nin\n2\n"
    assert sh("cat /tmp/c1 /none /tmp/c2").replace("cat: /none: No such file or directory\n", "") \
        == "1\n2\n" and sh.status == 1
    sh("rm /tmp/c1 /tmp/c2")


def test_cp_mv_and_rm_change_what_they_should(sh):
    sh("mkdir /tmp/d; echo text > /tmp/d/a")
    assert sh("cd /tmp/d; cp a b; mv a c; cat b c; ls; cd /") == "text\ntext\nb\nc\n"
    assert sh("mkdir /tmp/d/sub; cp /tmp/d/b /tmp/d/c /tmp/d/sub; ls /tmp/d/sub") == "b\nc\n"
    assert sh("cp -r /tmp/d /tmp/e; ls /tmp/e/sub; rm -r /tmp/e; ls /tmp/e").startswith("b\nc\nls: ")
    assert sh("mv /tmp/d/b /tmp/d/c; ls /tmp/d") == "c\nsub\n"
    assert sh("rm /tmp/d") == "rm: /tmp/d: Is a directory\n"
    assert sh("rm -f /none; rm -r /tmp/d; ls /tmp/d").startswith("ls: ")
    assert sh("cp /bin/sh /tmp/copy; /tmp/copy -c 'echo runs'; rm /tmp/copy") == "runs\n"


def test_mkdir_makes_parents_when_asked(sh):
    assert sh("mkdir /tmp/m/n") == "mkdir: /tmp/m/n: No such file or directory\n"
    assert sh("mkdir -p /tmp/m/n /tmp/m/n; ls /tmp/m; rm -r /tmp/m") == "n\n"


def test_grep_finds_lines(sh):
    sh("cd /tmp; for w in alpha beta gamma; do echo $w; done > g; cd /")
    assert sh("grep a.a /tmp/g") == "gamma\n" or sh("grep 'a$' /tmp/g") == "alpha\nbeta\ngamma\n"
    assert sh("grep -n be /tmp/g") == "2:beta\n"
    assert sh("grep -v a /tmp/g") == "" and sh.status == 1
    assert sh("grep -c ^[ab] /tmp/g") == "2\n"
    assert sh("grep -i BETA < /tmp/g; rm /tmp/g") == "beta\n"


def test_wc_and_head_count(sh):
    sh("echo one two > /tmp/w; echo three >> /tmp/w")
    assert sh("wc /tmp/w").split() == ["2", "3", "14", "/tmp/w"]
    assert sh("cat /tmp/w | wc -l") == "2\n"
    assert sh("head -n 1 /tmp/w; head -1 < /tmp/w") == "one two\none two\n"
    assert sh("wc /tmp/w /tmp/w").splitlines()[-1].split() == ["4", "6", "28", "total"]
    sh("rm /tmp/w")


def test_ps_shows_a_tree_of_pids(sh):
    rows = [row.split() for row in sh("ps").splitlines()]
    assert rows[0][:2] == ["PID", "PPID"] and rows[0][-1] == "COMMAND"
    table = {row[-1]: row for row in rows[1:]}
    assert table["init"][0] == "1" and table["sh"][1] == "1" and table["ps"][1] == table["sh"][0]
    assert table["init"][3] == "S" and table["ps"][3] == "R"


def test_kill_sends_the_signal_it_is_told(sh):
    for option, number in (("", 15), ("-9", 9), ("-HUP", 1), ("-s INT", 2), ("-SIGUSR1", 10)):
        sh("sleep 1000 &")
        sh(f"/bin/kill {option} $!; wait $!")
        assert sh.status == 128 + number, option
    assert "KILL" in sh("/bin/kill -l") and sh("/bin/kill -l 9") == "KILL\n"


def test_uname_and_free_tell_about_the_system(sh):
    assert sh("uname; uname -m") == "Onering\nriscv64\n"
    system, node, release, *_ = sh("uname -a").split()
    assert (system, node) == ("Onering", "onering") and release[0].isdigit()
    total, used, free = map(int, sh("free").split()[-3:])
    assert total == used + free and 100_000 < free < total < 128 * 1024


def test_sleep_and_time_measure(sh):
    times = dict(re.findall(r"(real|user|sys) +(\d+\.\d+)", sh("time sleep 0.2")))
    assert float(times["real"]) >= 0.2 and set(times) == {"real", "user", "sys"}
    sh("time sh -c 'exit 6'")
    assert sh.status == 6


def test_devices_behave(sh):
    assert sh("cat /dev/null; echo x > /dev/null") == ""
    assert sh("head -n 3 /dev/null | wc -c") == "0\n"
    assert sh("echo x > /dev/full") != "" and sh.status != 0
    assert sh("echo typed > /dev/console") == "typed\n"


def test_program_that_faults_is_reported_in_one_line(sh):
    output = sh("/tests/t-stack > /tmp/out; rm /tmp/out")
    report = r"^t-stack\[\d+\]: killed by SIGSEGV: \w+ page fault at 0x[0-9a-f]+, pc 0x[0-9a-f]+$"
    assert re.search(report, output, re.M)


def test_poweroff_ends_the_machine(boot_shell):
    machine = boot_shell()
    machine.send("poweroff\n")
    assert machine.wait(20) == 0

#!/usr/bin/env python3
"""Make everything that follows from kern/sys/syscalls.def.

usage: syscalls.py kern/sys/syscalls.def [MORE.def]... OUTPUT_DIR

More files are more of the one list: a call that is added brings its line along.

writes  include/onering/syscalls.h   prototypes and numbers, for applications and kernel
        include/onering/by_number.h  a call by its number: for a libc that was not written for Onering
        usys.S                       stubs that enter the kernel by `ecall`
        usys_trap/NAME.s             one stub an object that enters the fused kernel by `ebreak`
        dispatch.c                   thunks and the table of the kernel shape
        shim_table.S                 the table of the trap shim, over the renamed k_sys_* functions
        enosys/NAME.s                one object a call that answers -ENOSYS in the kernel shape
        enosys_libos/NAME.s          the same in the fused shape, naming the call and its caller
        trap_symbols                 renames for objcopy: sys_NAME becomes k_sys_NAME
"""

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable

from hole import HOLE

ENOSYS = 38
LINE = re.compile(r"^(SYSCALL|NOSYS|ALSO)\((\d+), (\w+), (.*)\)$")
ARGUMENT = re.compile(r"^(?P<type>.*?[ *])(?P<name>\w+)$")


@dataclass(frozen=True)
class Call:
    number: int
    name: str
    arguments: tuple[tuple[str, str], ...]  # (type, name)
    implemented: bool
    first: str = ""                         # of a second name (ALSO): the call's own

    @property
    def kernel_name(self) -> str:
        """What serves it when it comes by its number."""
        return self.first or self.name

    @property
    def prototype(self) -> str:
        listed = ", ".join(f"{t}{'' if t.endswith('*') else ' '}{n}" for t, n in self.arguments)
        return f"long sys_{self.name}({listed or 'void'})"


def lines_of(paths: list[Path]) -> list[tuple[str, str]]:
    """(file:line, text) of every line that says something."""
    return [(f"{path}:{number}", line) for path in paths
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if line and not line.startswith("#")]


def parse(paths: list[Path]) -> tuple[list[Call], list[Call]]:
    """The calls, and their second names."""
    calls: dict[int, Call] = {}
    also: list[Call] = []
    for where, line in lines_of(paths):
        match = LINE.match(line)
        if not match:
            sys.exit(f"{where}: not a SYSCALL(number, name, arguments) line: {line}")
        call = Call(int(match[2]), match[3], parse_arguments(match[4]), match[1] == "SYSCALL")
        if match[1] == "ALSO":
            also.append(second_name(call, calls, where))
            continue
        if call.number in calls or any(c.name == call.name for c in calls.values()):
            sys.exit(f"{where}: number or name of {call.name} is listed twice")
        if len(call.arguments) > 6:
            sys.exit(f"{where}: {call.name} has more than six arguments")
        calls[call.number] = call
    return [calls[n] for n in sorted(calls)], also


def second_name(call: Call, calls: dict[int, Call], where: str) -> Call:
    first = calls.get(call.number)
    if not first or first.arguments != call.arguments:
        sys.exit(f"{where}: {call.name} is no second name of a call above: same number, same arguments")
    return replace(call, implemented=True, first=first.name)


def parse_arguments(text: str) -> tuple[tuple[str, str], ...]:
    if text == "void":
        return ()
    pairs = []
    for argument in text.split(", "):
        match = ARGUMENT.match(argument)
        if not match:
            sys.exit(f"cannot read the argument {argument!r}: write it as 'type name'")
        pairs.append((match["type"].strip(), match["name"]))
    return tuple(pairs)


def or_hole(make: Callable[[], str], stop: Callable[[HOLE], str]) -> str:
    """What a function makes; while it is a hole, what ends the machine that gets there."""
    try:
        return make()
    except HOLE as hole:
        return stop(hole)


def header(calls: list[Call], also: list[Call]) -> str:
    structs = sorted({m for c in calls for t, _ in c.arguments for m in re.findall(r"struct \w+", t)})
    lines = ["/* Made from kern/sys/syscalls.def: the system calls as C functions. */",
             "#pragma once", "#include <stddef.h>", ""]
    lines += [f"{s};" for s in structs] + [""]
    lines += [f"#define SYS_{c.name} {c.number}" for c in calls] + [""]
    lines += [f"{c.prototype};" for c in calls + also]
    return "\n".join(lines) + "\n"


def by_number(calls: list[Call]) -> str:
    """A call by its number, for who knows nothing else of it."""
    return ("/* Made from kern/sys/syscalls.def: the system call that has a number. Inlined with a constant\n"
            " * number, nothing but the call of its function remains. */\n"
            "#pragma once\n#include <onering/syscalls.h>\n\n"
            "static inline __attribute__((always_inline)) long\n"
            "onering_by_number(long n, long a, long b, long c, long d, long e, long f)\n{\n"
            + or_hole(lambda: by_number_body(calls), lambda hole: f"    {hole.in_c}\n") + "}\n")


def by_number_body(calls: list[Call]) -> str:
    """A switch over all calls, each with its arguments converted from registers."""
    def case(call: Call) -> str:
        values = ", ".join(f"({t}){r}" for (t, _), r in zip(call.arguments, "abcdef"))
        return f"    case {call.number}:\n        return sys_{call.name}({values});\n"

    return ("    switch (n) {\n" + "".join(case(call) for call in calls)
            + f"    default:\n        return -{ENOSYS};\n    }}\n")


def stub(call: Call, instruction: str) -> str:
    return (f'    .section .text.sys_{call.name}, "ax", @progbits\n'
            f"    .globl sys_{call.name}\n    .type sys_{call.name}, @function\nsys_{call.name}:\n"
            f"    li a7, {call.number}\n    {instruction}\n    ret\n"
            f"    .size sys_{call.name}, . - sys_{call.name}\n")


def ecall_stubs(calls: list[Call]) -> str:
    return ("# Made from kern/sys/syscalls.def: stubs that enter the kernel by `ecall`.\n"
            + "".join(stub(c, "ecall") for c in calls))


def trap_stub(call: Call) -> str:
    """The shim skips four bytes, so the ebreak must not be compressed. The relocations bring in the
    shim and the kernel's function, which shim_table names only weakly."""
    return ("    .option norvc\n" + stub(call, "ebreak")
            + f'    .section .text.sys_{call.name}, "ax", @progbits\n'
            + "    .reloc ., R_RISCV_NONE, init_entry_shim_init\n"
            + f"    .reloc ., R_RISCV_NONE, k_sys_{call.kernel_name}\n")


def thunk(call: Call) -> str:
    values = ", ".join(f"({t})tf->regs[REG_A0 + {i}]" for i, (t, _) in enumerate(call.arguments))
    return (f"static long thunk_{call.name}(const struct trapframe *tf)\n{{\n"
            f"    return sys_{call.name}({values});\n}}\n")


def dispatch(calls: list[Call]) -> str:
    present = [c for c in calls if c.implemented]
    needs_tf = "\n".join(thunk(c) if c.arguments else
                         f"static long thunk_{c.name}(const struct trapframe *tf)\n{{\n"
                         f"    (void)tf;\n    return sys_{c.name}();\n}}\n" for c in present)
    entries = "\n".join(f"    [{c.number}] = thunk_{c.name}," for c in present)
    return ("/* Made from kern/sys/syscalls.def: each thunk converts the registers of a caller that\n"
            " * nobody trusts to the types of the C function. */\n"
            '#include "kern/sys/dispatch.h"\n#include <onering/syscalls.h>\n\n'
            f"{needs_tf}\nsyscall_thunk *const syscall_table[SYSCALL_TABLE_LEN] = {{\n{entries}\n}};\n\n"
            f"_Static_assert(SYSCALL_TABLE_LEN == {present[-1].number + 1}, "
            '"set SYSCALL_TABLE_LEN in kern/sys/dispatch.h to the highest number plus one");\n')


def shim_table(calls: list[Call]) -> str:
    last = max(c.number for c in calls if c.implemented)
    by_number = {c.number: c for c in calls if c.implemented}
    words = "\n".join(f"    .dword {'k_sys_' + by_number[n].name if n in by_number else 0}"
                      for n in range(last + 1))
    weak = "".join(f"    .weak k_sys_{c.name}\n" for c in by_number.values())
    return ("# Made from kern/sys/syscalls.def: what the trap shim calls, by number. The references are\n"
            "# weak: what no stub of the image asks for stays out, its entry 0.\n" + weak +
            '    .section .rodata.shim_table, "a", @progbits\n    .balign 8\n'
            "    .globl shim_table\nshim_table:\n" + words +
            f"\n    .globl shim_table_len\n    .set shim_table_len, {last + 1}\n")


def enosys(call: Call) -> str:
    return (f"    .section .text.sys_{call.name}, \"ax\", @progbits\n    .globl sys_{call.name}\n"
            f"sys_{call.name}:\n    li a0, -{ENOSYS}\n    ret\n")


def enosys_libos(call: Call) -> str:
    return (f"    .section .text.sys_{call.name}, \"ax\", @progbits\n    .globl sys_{call.name}\n"
            f"sys_{call.name}:\n"
            + or_hole(lambda: enosys_body(call.name), lambda hole: f"    {hole.in_assembly}\n"))


def enosys_body(name: str) -> str:
    """What follows the label: long enosys_report(const char *name, uintptr_t caller), as a tail call."""
    return (f"    lla a0, 1f\n    mv a1, ra\n    tail enosys_report\n"
            f"    .section .rodata.sys_{name}, \"a\", @progbits\n1:  .string \"{name}\"\n")


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    (calls, also), out = parse([Path(name) for name in sys.argv[1:-1]]), Path(sys.argv[-1])
    files = {
        "include/onering/syscalls.h": header(calls, also),
        "include/onering/by_number.h": by_number(calls),
        "usys.S": ecall_stubs(calls + also),
        "dispatch.c": dispatch(calls),
        "shim_table.S": shim_table(calls),
        "trap_symbols": "".join(f"sys_{c.name} k_sys_{c.name}\n" for c in calls + also),
    }
    for call in calls + also:
        files[f"usys_trap/{call.name}.s"] = trap_stub(call)
        files[f"enosys/{call.name}.s"] = enosys(call)
        files[f"enosys_libos/{call.name}.s"] = enosys_libos(call)
    for name, text in files.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:   # who includes it is compiled again only then
            path.write_text(text)


if __name__ == "__main__":
    main()

"""The firmware may start a hart at the image's entry instead of where it was told to."""

from __future__ import annotations

import re


def test_a_hart_that_starts_at_the_entry_is_sent_where_it_belongs(boot, kernel):
    """OpenSBI 1.1 does this about once in a hundred boots; here a debugger does it every time."""
    machine = boot(kernel, args="-c 'ps'", harts=4, gdb=True, frozen=True)
    said = machine.gdb("set pagination off",
                       "hbreak *hart_entry",
                       "continue",
                       "set $a1 = machine.fdt.start",
                       "set $pc = &_start",
                       "delete",
                       "echo moved\\n",
                       "detach")
    assert "moved" in said
    assert machine.wait() == 0
    assert re.search(r"^\s+1\s+0\s+1 .*init", machine.text, re.M)
    assert "panic" not in machine.text

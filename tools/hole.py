"""What an unwritten function of a tool raises: `raise HOLE(5, 1)`, as a hole in C says HOLE(5, 1);

Whoever calls the function decides what becomes of it. The generators of tools/syscalls.py put the stop
of the kernel's own holes (kern/core/hole.h) where something would have been generated: all is built, and
the machine that gets there is ended, with the hole's name.
"""


MARK = 0x401E0000       # HOLE_MARK of kern/core/hole.h


class HOLE(Exception):
    """Hole LAB.NUMBER is not written yet."""

    def __init__(self, lab: int, number: int):
        super().__init__(f"hole {lab}.{number} is not written yet")
        self.lab, self.number = lab, number

    @property
    def in_assembly(self) -> str:
        """The stop, as HOLE() of kern/core/hole.h is assembled."""
        return f"li t6, {MARK + self.lab * 256 + self.number:#x}; j ."

    @property
    def in_c(self) -> str:
        return f'__asm__ volatile("{self.in_assembly}");\n    __builtin_unreachable();'

"""What all commands have in common: a sentence instead of a Python traceback."""

from __future__ import annotations

import gdb

_known: list[Command] = []


class Command(gdb.Command):
    """A command is a subclass with `name`, `summary`, a docstring for `help`, and run()."""

    name = ""
    summary = ""

    def __init__(self) -> None:
        super().__init__(self.name, gdb.COMMAND_USER)
        _known.append(self)

    def run(self, words: list[str]) -> None:
        raise NotImplementedError

    def invoke(self, argument: str, from_tty: bool) -> None:
        try:
            self.run(gdb.string_to_argv(argument))
        except gdb.GdbError:            # a sentence already
            raise
        except gdb.error as error:
            raise gdb.GdbError(f"{self.name}: {error}") from error
        except Exception as error:
            if gdb.parameter("python print-stack") == "full":
                raise
            raise gdb.GdbError(f"{self.name}: what is there makes no sense to this command "
                               f"({type(error).__name__}: {error}); `set python print-stack "
                               "full` shows where") from error

    def usage(self) -> gdb.GdbError:
        """To be raised when the words make no sense."""
        return gdb.GdbError(f"{self.name}: see `help {self.name}`")


class Onering(Command):
    """List the commands that Onering adds to gdb."""

    name = "onering"
    summary = "this list"

    def run(self, words: list[str]) -> None:
        for command in _known:
            gdb.write(f"  {command.name:<10} {command.summary}\n")
        gdb.write("`help NAME` says more about each.\n")


def table(rows: list[tuple], right: str) -> str:
    """Rows as text, the first one a heading. `right` has an `r` for each column to be set flush
    right, any other letter for the rest."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    lines = ["  ".join(cell.rjust(width) if kind == "r" else cell.ljust(width)
                       for cell, width, kind in zip(row, widths, right)) for row in cells]
    return "".join(line.rstrip() + "\n" for line in lines)


def install() -> None:
    Onering()

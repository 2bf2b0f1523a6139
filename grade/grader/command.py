"""How a command of the grader ends, whatever happens in it."""

from __future__ import annotations

import sys
from typing import Callable, NoReturn

from labs.tool.course import CourseError


def run(name: str, main: Callable[[], int | None], interrupted: int = 130) -> NoReturn:
    """Runs main and ends with its status; `interrupted` is that of ^C."""
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(interrupted)

"""Whether the course works on this machine, for `make doctor`: one sentence, and 1 if it does not.

What the labs are read with is imported, every lab is read, and the box for students' code is tried.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

UNCONFINED = ("nothing would confine the code that is graded: install bubblewrap; if it is there, this system "
              "forbids it (Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0)")


def main() -> int:
    try:
        from grade.grader import jail, runner       # noqa: F401: whatever they need is there
        from labs.tool import __main__, course      # noqa: F401
        labs = course.load().labs
    except ImportError as error:
        print(f"the course's tools need {error.name}, which this Python does not have")
        return 1
    except course.CourseError as error:
        print(f"the course cannot be read: {error}")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        chosen = jail.choose(Path(folder), ())
    if type(chosen) is jail.Jail:
        print(UNCONFINED)
        return 1
    print(f"{len(labs)} labs can be read and graded" + (f"; but {chosen.warning}" if chosen.warning else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""make report LAB=5: measures this tree's build, and writes build/report-5.html."""

from __future__ import annotations

import argparse
import subprocess
import sys

from grade import images
from grade.errors import BuildFailed, HarnessError

from . import measure, page

LAB = 5     # the only one whose end is a report


def has_musl() -> bool:
    """Whether programs can be linked with it here: its source is there, and the glue is written."""
    try:
        images.build(APP="hello", LIBC="musl")
        return True
    except BuildFailed:
        return False


def build_name() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=images.ROOT, capture_output=True,
                          text=True)
    return done.stdout.strip() or "no revision"


def say(words: str) -> None:
    print(f"report: {words}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make report")
    parser.add_argument("--lab", type=int, default=LAB)
    if parser.parse_args().lab != LAB:
        say(f"only lab {LAB} ends with a report: make report LAB={LAB}")
        return 2
    output = images.ROOT / f"build/report-{LAB}.html"
    try:
        say("builds the images, and follows a call through each")
        ways = measure.ways()
        musl = has_musl()
        remarks = [] if musl else ["Without musl: it cannot be built in this tree yet, or not on this machine."]
        say("weighs the images")
        sizes = measure.sizes(musl)
        say("counts the boots")
        text = page.page(ways, sizes, measure.boots(musl), build_name(), remarks)
    except (HarnessError, BuildFailed, KeyError) as error:
        say(f"cannot be made yet: {str(error).splitlines()[0]}")
        return 1
    output.write_text(text)
    print(output.relative_to(images.ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())

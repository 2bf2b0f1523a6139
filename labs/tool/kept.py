"""What the tool took out of a student's files: .lab/kept, nothing of it is ever removed.

A text is kept as HOLE-NUMBER-FILE, such as 1.2-003-sbi.c; the numbers go up.
"""

from __future__ import annotations

from pathlib import Path

from . import sources, state

FOLDER = f"{state.FOLDER}/kept"


def keep(root: Path, hole: str, file: str, text: str) -> str:
    """Its name below the root."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    number = 1 + max((int(path.name.split("-")[1]) for path in folder.glob(f"{hole}-*")), default=0)
    path = folder / f"{hole}-{number:03}-{Path(file).name}"
    with path.open("xb") as out:
        out.write(sources.encode(text))
    return str(path.relative_to(root))


def read(root: Path, name: str) -> str | None:
    path = root / name
    return sources.read(path) if path.exists() else None

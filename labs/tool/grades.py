"""The last self-measured scores: build/grade/scores.json. The grader records, the tool shows."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from .course import Lab, load
from .student import Tree

FILE = "build/grade/scores.json"


def fingerprint(root: Path) -> str:
    """Says whether anything that counts has changed."""
    digest = hashlib.sha256()
    files = {path for lab in load(root).labs for path in lab.files}
    for path in [*sorted(files), "answers.toml"]:
        target = root / path
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(target.read_bytes() if target.is_file() else b"").digest())
    return digest.hexdigest()


def record(root: Path, lab: int, score: int, at: str) -> None:
    """`at`: the fingerprint of what was graded."""
    scores = _read(root)
    scores[str(lab)] = {"score": score, "fingerprint": at}
    path = root / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(scores, indent=1, sort_keys=True) + "\n")
    part.replace(path)


def last(tree: Tree, lab: Lab) -> int | None:
    entry = _read(tree.root).get(str(lab.number))
    return entry["score"] if entry else None


def is_current(tree: Tree, lab: Lab) -> bool:
    """Whether the last score of this lab is that of the tree as it is."""
    entry = _read(tree.root).get(str(lab.number))
    return bool(entry) and entry["fingerprint"] == fingerprint(tree.root)


def _read(root: Path) -> dict[str, dict]:
    """Build products may be gone or broken at any time."""
    try:
        return dict(json.loads((root / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return {}

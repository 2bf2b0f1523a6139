"""Reading and writing sources of a tree with the line ends they have.

Inside the tool a text has Unix line ends. An editor may have given a file those of Windows: then it
keeps them.
"""

from __future__ import annotations

import os
from pathlib import Path


def decode(content: bytes) -> str:
    """Bytes that are no UTF-8 survive a round trip."""
    return content.decode("utf-8", "surrogateescape").replace("\r\n", "\n")


def encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def read(path: Path) -> str:
    return decode(path.read_bytes())


def write(path: Path, text: str) -> None:
    """The file appears whole, and with its old line ends and rights."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content, mode = encode(text), None
    if path.exists():
        mode = path.stat().st_mode
        if b"\r\n" in path.read_bytes():
            content = content.replace(b"\n", b"\r\n")
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    part.write_bytes(content)
    if mode is not None:
        part.chmod(mode)
    part.replace(path)

"""Cpio archives (newc) for tests: written here byte by byte, so that they may also be wrong."""

from __future__ import annotations

from pathlib import Path

TRAILER = "TRAILER!!!"
DIRECTORY, FILE = 0o040755, 0o100755


def entry(name: str, contents: bytes = b"", mode: int = FILE) -> bytes:
    """One entry, padded: 13 numbers of 8 hexadecimal digits, the name, the contents."""
    text = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(text), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + text
    return _padded(head) + _padded(contents)


def archive(*entries: bytes) -> bytes:
    """A whole archive."""
    return b"".join(entries) + entry(TRAILER, mode=0)


def extended(root: Path, *entries: bytes) -> bytes:
    """An archive with more entries behind its own."""
    whole = root.read_bytes()
    return whole[:whole.rindex(b"070701", 0, whole.rindex(TRAILER.encode()))] + archive(*entries)


def _padded(text: bytes) -> bytes:
    return text + bytes(-len(text) % 4)

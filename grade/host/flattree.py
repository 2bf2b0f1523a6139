"""Device trees, written byte by byte: also such as a decent tool would not write."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def cells(*numbers: int) -> bytes:
    """32-bit words."""
    return b"".join(struct.pack(">I", number) for number in numbers)


def address(number: int, ncells: int) -> bytes:
    """One number in so many words."""
    return number.to_bytes(4 * ncells, "big")


def texts(*strings: str) -> bytes:
    return b"".join(string.encode() + b"\0" for string in strings)


@dataclass
class Node:
    name: str
    properties: dict[str, bytes] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)


class _Writer:
    """The structure block and the strings block, as they grow. With `chaos`: no-operation tokens
    between any two, names stored again although they are there, properties in any order."""

    def __init__(self, chaos: random.Random | None):
        self.chaos = chaos
        self.structure = b""
        self.strings = b""
        self.places: dict[str, int] = {}

    def place(self, name: str) -> int:
        if name not in self.places or self.chaos and self.chaos.random() < 0.2:
            self.places[name] = len(self.strings)
            self.strings += texts(name)
        return self.places[name]

    def put(self, token: int, payload: bytes = b"") -> None:
        while self.chaos and self.chaos.random() < 0.1:
            self.structure += cells(NOP)
        self.structure += cells(token) + payload + bytes(-len(payload) % 4)

    def node(self, node: Node) -> None:
        self.put(BEGIN_NODE, texts(node.name))
        properties = list(node.properties.items())
        if self.chaos:
            self.chaos.shuffle(properties)
        for name, value in properties:
            self.put(PROP, cells(len(value), self.place(name)) + value)
        for child in node.children:
            self.node(child)
        self.put(END_NODE)


def flatten(root: Node, reserved: list[tuple[int, int]] = [],
            chaos: random.Random | None = None, last: str = "strings") -> bytes:
    """The tree as the firmware hands it over; `last` is the block at its end."""
    writer = _Writer(chaos)
    writer.node(root)
    writer.put(END)
    blocks = {"reservations": b"".join(struct.pack(">QQ", *pair) for pair in [*reserved, (0, 0)]),
              "structure": writer.structure, "strings": writer.strings}
    order = sorted(blocks, key=lambda name: name == last)
    tree, offsets = bytes(40), {}
    for name in order:
        tree += bytes(-len(tree) % 8)
        offsets[name] = len(tree)
        tree += blocks[name]
    header = cells(0xD00DFEED, len(tree), offsets["structure"], offsets["strings"],
                   offsets["reservations"], 17, 16, 0, len(writer.strings), len(writer.structure))
    return header + tree[len(header):]

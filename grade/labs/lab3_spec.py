"""The box of lab 3: what is drawn for a release, and a model that judges what a kernel answers.

    terms = parameters(key)              numbers, orders and errors; key "" is the course's own
    box = Box(terms)
    box.call(pid, Call("put", 2, "good", (5, 6)))   -> Answer(result, letters)

labs/3-wall/SPEC.md says the same in words.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

NUMBERS = {"EPERM": 1, "ENOENT": 2, "ESRCH": 3, "E2BIG": 7, "EAGAIN": 11, "EACCES": 13, "EFAULT": 14,
           "EBUSY": 16, "EINVAL": 22, "ENOSPC": 28, "ERANGE": 34}
UNWRITTEN = (-1, -1, -1)


@dataclass(frozen=True)
class Terms:
    """The semantics of one release."""

    number: int                 # of the system call
    put: int
    take: int
    look: int
    capacity: int
    batch: int                  # letters in one call
    quota: int                  # letters of one sender in the box; 0: no limit
    numbers: int                # letters are numbered 0 .. numbers - 1, then 0 again
    order: str                  # oldest, newest, largest, smallest
    when_full: str              # refuse, part, push out
    readers: str                # anyone, others, sender
    batch_error: str
    quota_error: str
    full_error: str
    empty: str                  # "0" or an error

    @property
    def operations(self) -> dict[str, int]:
        return {"put": self.put, "take": self.take, "look": self.look}


COURSE = Terms(number=250, put=1, take=2, look=3, capacity=8, batch=4, quota=5, numbers=10,
               order="oldest", when_full="refuse", readers="anyone", batch_error="EINVAL",
               quota_error="EACCES", full_error="ENOSPC", empty="EAGAIN")


def parameters(key: str) -> Terms:
    """What is drawn for a release with this key."""
    if not key:
        return COURSE
    draw = random.Random(hashlib.sha256(f"the box:{key}".encode()).digest())
    put, take, look = draw.sample(range(1, 10), 3)
    batch = draw.randint(3, 6)
    capacity = draw.randint(batch + 2, 14)
    return Terms(
        number=draw.randint(245, 258), put=put, take=take, look=look, capacity=capacity, batch=batch,
        quota=draw.choice((0, draw.randint(batch, capacity - 1))), numbers=draw.randint(7, 40),
        order=draw.choice(("oldest", "newest", "largest", "smallest")),
        when_full=draw.choice(("refuse", "part", "push out")),
        readers=draw.choice(("anyone", "others", "sender")),
        batch_error=draw.choice(("EINVAL", "E2BIG", "ERANGE")),
        quota_error=draw.choice(("EACCES", "EPERM", "EBUSY")),
        full_error=draw.choice(("ENOSPC", "EAGAIN")),
        empty=draw.choice(("0", "EAGAIN", "ENOENT", "ESRCH")))


@dataclass(frozen=True)
class Letter:
    value: int
    sender: int
    number: int

    def __str__(self) -> str:
        return f"{self.value}/{self.sender}/{self.number}"


@dataclass(frozen=True)
class Call:
    """A call as the probe makes it."""

    operation: str              # put, take, look, or an operation that does not exist: "77"
    count: int
    place: str = "good"         # good, half, readonly, kernel, over, nowhere
    values: tuple[int, ...] = ()

    def words(self, terms: Terms) -> str:
        values = ",".join(map(str, self.values)) or "-"
        operation = terms.operations.get(self.operation, self.operation)
        return f"box {operation} {self.count} {self.place} {values}"


@dataclass(frozen=True)
class Answer:
    result: int
    letters: tuple[Letter, ...] = ()    # those that a take hands out

    def line(self, call: Call, pid: int, terms: Terms) -> str:
        """What the probe prints, behind "box "."""
        operation = terms.operations.get(call.operation, call.operation)
        text = f"{pid} {operation} {call.place} = {self.result}"
        if call.place in ("half", "kernel") or call.place == "over" and self.result <= 0:
            return text
        before = [Letter(value, -1, -1) for value in call.values]
        before += [Letter(*UNWRITTEN)] * (call.count - len(before))
        shown = [*self.letters, *before[len(self.letters):]]
        return " ".join([text, *map(str, shown[:16])])


def errno(name: str) -> int:
    return -NUMBERS[name] if name in NUMBERS else int(name)


class Box:
    """What SPEC.md says, in Python."""

    def __init__(self, terms: Terms):
        self.terms = terms
        self.kept: list[Letter] = []
        self.next_number = 0

    @property
    def state(self) -> tuple:
        return tuple(self.kept), self.next_number

    @classmethod
    def in_state(cls, terms: Terms, state: tuple) -> Box:
        box = cls(terms)
        box.kept, box.next_number = list(state[0]), state[1]
        return box

    def call(self, pid: int, call: Call) -> Answer:
        terms = self.terms
        if call.operation == "look":
            return Answer(len(self.kept))
        if call.operation not in ("put", "take"):
            return Answer(errno("EINVAL"))
        if call.place == "nowhere":
            return Answer(errno("EFAULT"))
        if not 0 < call.count <= terms.batch:
            return Answer(errno(terms.batch_error))
        return self._put(pid, call) if call.operation == "put" else self._take(pid, call)

    def _put(self, pid: int, call: Call) -> Answer:
        terms, count = self.terms, call.count
        if call.place in ("half", "kernel"):
            return Answer(errno("EFAULT"))
        if terms.quota and sum(each.sender == pid for each in self.kept) + count > terms.quota:
            return Answer(errno(terms.quota_error))
        room = terms.capacity - len(self.kept)
        if count > room and terms.when_full != "push out":
            if terms.when_full == "refuse" or room == 0:
                return Answer(errno(terms.full_error))
            count = room
        for value in call.values[:count]:
            self.kept = self.kept[-(terms.capacity - 1):]
            self.kept.append(Letter(value, pid, self.next_number))
            self.next_number = (self.next_number + 1) % terms.numbers
        return Answer(count)

    def _take(self, pid: int, call: Call) -> Answer:
        readable = [each for each in self.kept if self._may_read(pid, each.sender)]
        taken = sorted(readable, key=self._rank)[:call.count]
        if not taken:
            return Answer(errno(self.terms.empty))
        unwritable = call.place in ("kernel", "readonly") or \
            call.place == "half" and len(taken) == call.count
        if unwritable:
            return Answer(errno("EFAULT"))
        self.kept = [each for each in self.kept if all(each is not one for one in taken)]
        return Answer(len(taken), tuple(taken))

    def _may_read(self, reader: int, sender: int) -> bool:
        return self.terms.readers == "anyone" or (self.terms.readers == "sender") == (reader == sender)

    def _rank(self, letter: Letter) -> int:
        """By what letters are sorted; the oldest comes first among equals, since sorting is stable."""
        position = next(at for at, each in enumerate(self.kept) if each is letter)
        return {"oldest": position, "newest": -position, "largest": -letter.value,
                "smallest": letter.value}[self.terms.order]

#!/usr/bin/env python3
"""The box of lab 3, as one release has it: its page, and a solution.

usage: spec.py page KEY               prints SPEC.md
       spec.py reference KEY TREE     lays the solution over a tree

The terms are drawn in grade/labs/lab3_spec.py, which also has the model that judges.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from grade.labs.lab3_spec import NUMBERS, Terms, parameters  # noqa: E402

ORDER = {
    "oldest": "the one that has been in the box longest",
    "newest": "the one that came last",
    "largest": "the one with the largest value; of equal ones the one that came first",
    "smallest": "the one with the smallest value; of equal ones the one that came first",
}
WHEN_FULL = {
    "refuse": "no letter at all is put in, and the answer is `{error}`.",
    "part": "as many are put in as there is room for, the first ones, and the answer is how many these "
            "are. If there is no room for even one, the answer is `{error}`.",
    "push out": "the letters that have been in the box longest are thrown out, as many as room is "
                "needed for. All new letters are put in.",
}
READERS = {
    "anyone": "A process may take every letter, its own too.",
    "others": "A process may take the letters of others, never its own.",
    "sender": "A process may take only letters that it has put in itself. A child is another process "
              "than its parent: it inherits nothing.",
}

PAGE = """# The box

*The specification of system call {number}. It was drawn for this course: other releases have another one.*

The kernel keeps a box, one for all processes, with room for **{capacity}** letters.

```c
long sys_onering_box(int op, const struct box_request *request);

struct box_request {{
    struct letter *letters;     /* an array in user memory */
    unsigned long count;        /* of letters in it */
}};

struct letter {{                 /* 16 bytes */
    long value;                 /* the sender's */
    int sender;                 /* pid; the kernel fills it in */
    int number;                 /* the kernel fills it in */
}};
```

The call has the number **{number}**. Its line stands in a file of its own, `kern/sys/box.def`.

| `op` | | answer |
|---|---|---|
| {put} | PUT: the values of `letters[0]`, `letters[1]`, ... `letters[count - 1]` go into the box, in this order | how many letters were put in |
| {take} | TAKE: up to `count` letters leave the box and are written to `letters[0]`, `letters[1]`, ... | how many letters were taken |
| {look} | LOOK: `request` is not looked at | how many letters are in the box |

**Who.** The sender of a letter is the process (its pid) that put it in. {readers}

**Order.** The letter that is taken next is {order}.

**Numbers.** Each letter that is put in gets the next number: 0, 1, 2, ... {last}, and then 0 again. All senders share this count.

**Limits.** `count` is 1 to {batch}. {quota}

**When the box is full**, that is, when there are more new letters than there is room for: {when_full}

## Answers when it cannot be done

They are checked in this order, and the first that applies is the answer.

| operation | when | answer |
|---|---|---|
| any | there is no such `op` | `-EINVAL` ({EINVAL}) |
| PUT, TAKE | the request cannot be read | `-EFAULT` ({EFAULT}) |
| PUT, TAKE | `count` is 0 or more than {batch} | `-{batch_error}` ({batch_number}) |
| PUT | the `count` letters cannot be read, all 16 bytes of each | `-EFAULT` |
{quota_row}{full_row}| TAKE | there is no letter that this process may take | {empty} |
| TAKE | the letters that would be handed out cannot be written, all 16 bytes of each | `-EFAULT` |

## What always holds

1. A call that answers less than 1 has changed nothing: no letter was put in, taken or lost, and no number was used up. (What it has written to the program's memory is not specified.)
2. PUT reads nothing but the request and the `count` letters, whose sender and number mean nothing to it; it writes nothing. TAKE writes only letters that it hands out: behind them nothing changes, and nothing needs to be there.
3. The request is as it was when the call was made. A program may let `letters` point at the request itself, or change it from another thread meanwhile: what the call does follows from one reading of it.
4. Calls of several processes on several harts happen as if one after the other. No letter is taken twice, and none gets lost.
5. The box belongs to no process: letters stay when their sender ends.
"""


def page(terms: Terms) -> str:
    """SPEC.md."""
    quota = (f"Of one sender, at most {terms.quota} letters may be in the box." if terms.quota else
             "A sender may have any number of letters in the box.")
    quota_row = (f"| PUT | with these letters, more than {terms.quota} letters of this sender would be "
                 f"in the box | {_error(terms.quota_error)} |\n" if terms.quota else "")
    when = {"refuse": "there is no room for all of them", "part": "there is no room for even one"}
    full_row = (f"| PUT | {when[terms.when_full]} | {_error(terms.full_error)} |\n"
                if terms.when_full in when else "")
    return PAGE.format(
        number=terms.number, capacity=terms.capacity, put=terms.put, take=terms.take, look=terms.look,
        readers=READERS[terms.readers], order=ORDER[terms.order], last=terms.numbers - 1,
        batch=terms.batch, quota=quota, quota_row=quota_row, full_row=full_row,
        when_full=WHEN_FULL[terms.when_full].format(error=f"-{terms.full_error}"),
        batch_error=terms.batch_error, batch_number=-NUMBERS[terms.batch_error],
        empty="0" if terms.empty == "0" else _error(terms.empty),
        EINVAL=-NUMBERS["EINVAL"], EFAULT=-NUMBERS["EFAULT"])


def _error(name: str) -> str:
    return f"`-{name}` ({-NUMBERS[name]})"


def reference(terms: Terms) -> dict[str, str]:
    """The files of the solution: those of the course's own box, with other terms."""
    folder = HERE / "reference"
    files = {str(path.relative_to(folder)): path.read_text()
             for path in sorted(folder.rglob("*")) if path.is_file()}
    files["kern/sys/box.def"] = re.sub(r"SYSCALL\(\d+", f"SYSCALL({terms.number}",
                                       files["kern/sys/box.def"])
    files["kern/sys/box.c"] = _with_terms(files["kern/sys/box.c"], terms)
    return files


def _with_terms(source: str, terms: Terms) -> str:
    values = {
        "CAPACITY": terms.capacity, "BATCH": terms.batch, "QUOTA": terms.quota,
        "NUMBERS": terms.numbers, "ORDER": terms.order.upper(),
        "WHEN_FULL": terms.when_full.upper().replace(" ", "_"), "READERS": terms.readers.upper(),
        "BATCH_ERROR": terms.batch_error, "QUOTA_ERROR": terms.quota_error,
        "FULL_ERROR": terms.full_error, "EMPTY": "0" if terms.empty == "0" else f"(-{terms.empty})",
    }
    for name, value in values.items():
        source, found = re.subn(rf"^(#define {name} +).*$", rf"\g<1>{value}", source, flags=re.M)
        assert found == 1, f"the solution has no #define {name}"
    operations = f"enum op {{ PUT = {terms.put}, TAKE = {terms.take}, LOOK = {terms.look} }};"
    source, found = re.subn(r"^enum op .*$", operations, source, flags=re.M)
    assert found == 1, "the solution has no enum op"
    return source


def main() -> None:
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == "page":
        sys.stdout.write(page(parameters(words[1])))
    elif len(words) == 3 and words[0] == "reference":
        for name, text in reference(parameters(words[1])).items():
            path = Path(words[2]) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()

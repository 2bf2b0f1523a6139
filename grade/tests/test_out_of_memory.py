"""A request to a heap or to the page allocator fails, whichever it is: then there is an error in a sentence, no panic, no hang,
and nothing of what was half done is left.

Every request of a run fails once, each in a run of its own; make test takes a few of them, the full
campaign all. The same commands run again after that. Whatever the first time left behind is cleared away
by the next, so in the end as many blocks must be there as in a run without a failure. Then the same with
all requests failing from that one on: there is only an end in good order to be had.
"""

from __future__ import annotations

import re
from functools import cache

import pytest

from grade import images
from grade.images import Image
from grade.tests import archive, musl
from grade.tests.campaign import FULL
from tools.heaps import fail
from tools.heaps.fail import Outcome

SAMPLES = 8
PARTS = 8       # the full campaign of a run, in so many tests

WORK = ("mkdir /tmp/d; echo hi | cat > /tmp/a; cp /tmp/a /tmp/d/b; ls /tmp/* | wc; (cat /tmp/a; echo x) | grep h; "
        "mv /tmp/d/b /tmp/d/c; rm /tmp/a /tmp/d/*; rmdir /tmp/d")
SHELL, SHELL_ONCE = f"-c '{WORK}; {WORK}; {WORK}; echo == $?'", f"-c '{WORK}'"
LUA = """local function work()
  local t = {}
  for i = 1, 20 do t[i] = {i, tostring(i), ("x"):rep(i * 9)} end
  local f = assert(io.open("/work.lua"))
  local text = f:read("a")
  f:close()
  return #text .. table.concat(t[20], ",")
end
local ok, message = pcall(work)
if not ok then print("first:", message) end
if arg[1] then os.exit(true, true) end
collectgarbage()
print("again:", #work())
"""
# A process touches a page that is not there yet, and there is none: nobody could return an error.
KILLED = re.compile(r"^\w+\[\d+\]: killed: out of memory for the page at 0x", re.M)
PANIC = re.compile(r"panic|@@|assert|Traceback", re.I)


def shell_image() -> Image:
    return images.build(SHAPE="kernel", HEAP_FAIL=1)


def lua_image() -> Image:
    image = musl.build(APP="lua", HEAP_FAIL=1)
    root = image.initrd.with_name(f"{image.initrd.stem}-fail.cpio")
    root.write_bytes(archive.extended(image.initrd, archive.entry("work.lua", LUA.encode())))
    return Image(image.elf, root)


# The image, the work, and the work once: whose requests are those that fail.
RUNS = {"shell": (shell_image, SHELL, SHELL_ONCE), "lua": (lua_image, "/work.lua", "/work.lua once")}


@cache
def start(name: str) -> tuple[Image, str, Outcome, int]:
    """Image, arguments, what happens without a failure, and how many requests are to fail."""
    make_image, args, once = RUNS[name]
    image = make_image()
    whole, first = (fail.run(fail_elf(image), image.initrd, words) for words in (args, once))
    assert whole.status == first.status == 0 and not PANIC.search(whole.said), whole.said + first.said
    assert 100 < first.requests < whole.requests
    return image, args, whole, first.requests


def fail_elf(image: Image):
    """The image itself: what HEAP_FAIL=1 boots is a copy in which the first request fails."""
    return image.elf.with_name("onering.elf")


def chosen(requests: int, part: int) -> list[int]:
    """The requests that fail: all of this part, or a few from the first to the last."""
    if FULL:
        return list(range(1 + part, requests + 1, PARTS))
    return sorted({1 + (requests - 1) * i // (SAMPLES - 1) for i in range(SAMPLES)})


def complaint(name: str, failed: Outcome, whole: Outcome) -> str:
    """What is wrong with this end, if anything is."""
    if failed.status == fail.HUNG:
        return "it did not end"
    if PANIC.search(failed.said) or failed.status >= 128 and not KILLED.search(failed.said):
        return "it did not end in good order"
    if failed.status != 0 and not re.search(r"memory|cannot|Cannot", failed.said):
        return "no sentence says what is wrong"
    if failed.requests > whole.requests * 3:
        return "it tried and tried"
    finished = failed.said.splitlines()[-1:] == whole.said.splitlines()[-1:]
    if finished and failed.live_blocks != whole.live_blocks or \
            name == "lua" and failed.live_blocks > whole.live_blocks:    # it frees all, whatever its status
        return f"{failed.live_blocks} blocks are left, not {whole.live_blocks}"
    return ""


@pytest.mark.parametrize("part", range(PARTS if FULL else 1))
@pytest.mark.parametrize("count", [1, fail.NEVER], ids=["one", "all-from-there"])
@pytest.mark.parametrize("name", RUNS)
def test_any_request_may_fail(name, count, part):
    image, args, whole, requests = start(name)
    wrong = {}
    for request in chosen(requests, part):
        failed = fail.run(fail_elf(image), image.initrd, args, request, count)
        if words := complaint(name, failed, whole):
            wrong[request] = f"{words} (status {failed.status}):\n{failed.said[-600:]}"
    assert not wrong, "\n".join(f"request {request}: {words}" for request, words in wrong.items())

"""make heap-map: what is recorded of a heap, and the page that shows it."""

from __future__ import annotations

import random
import re
import subprocess
import xml.etree.ElementTree as xml

import pytest

from grade import images
from grade.errors import HarnessError
from tools.heaps import map as heap_map, picture
from tools.heaps.history import history
from tools.heaps.record import (FREED, MADE, REFUSED, REGION_GIVEN_BACK, REGION_TAKEN, RESIZED, Event, compiled,
                                place_of_heap)

BASE, OTHER = 0x80400000, 0x80800000
PAGE_MOST = 2_000_000       # bytes, however long the run


class NoSymbols:
    """Calls a call site after its address."""

    def describe(self, address: int, *, is_return: bool) -> str:
        assert is_return
        return f"f{address:x}+0x4 a.c:{address}"


def event(time: int, kind: int, address: int, size: int = 0, other: int = 0, site: int = 1) -> Event:
    return Event(time, kind, address, other, size, site)


SHORT = [
    event(0, REGION_TAKEN, BASE, other=1000),
    event(10, MADE, BASE, 100),
    event(20, MADE, BASE + 100, 300, site=2),
    event(30, REGION_TAKEN, OTHER, other=1000),
    event(40, MADE, OTHER + 500, 400),
    event(50, RESIZED, OTHER, 500, other=BASE + 100, site=2),
    event(60, FREED, OTHER + 500),
    event(70, REFUSED, 0, 9999),
    event(80, FREED, OTHER),
    event(90, REGION_GIVEN_BACK, OTHER, other=1000),
    event(100, FREED, 0x1234560),       # was there before the record began
]


def test_history_knows_blocks_regions_and_holes():
    found = history(SHORT, 10)
    assert [(block.start, block.size, block.born, block.died, block.freed) for block in found.blocks] == [
        (BASE + 100, 300, 20, 50, True), (OTHER + 500, 400, 40, 60, True), (OTHER, 500, 50, 80, True),
        (BASE, 100, 10, 100, False)]
    assert [(region.start, region.died, region.freed) for region in found.regions] == [
        (OTHER, 90, True), (BASE, 100, False)]
    at = {moment.time: moment for moment in found.moments}
    assert (at[30].live, at[30].taken, at[30].hole) == (400, 2000, 1000)
    assert (at[50].live, at[50].taken, at[50].hole) == (1000, 2000, 900)
    assert (at[100].live, at[100].taken, at[100].hole) == (100, 1000, 900)
    assert at[30].fragmentation == 100 * 600 / 1600 and at[100].fragmentation == 0
    assert (found.fullest.live, found.fullest.time) == (1000, 50)
    assert (found.operations, found.refused) == (8, 1)


def test_page_shows_the_blocks_and_who_made_them():
    page = heap_map.page("A heap & more", history(SHORT, 10), NoSymbols(), "caller", status=3, lost=7)
    assert "<h1>A heap &amp; more</h1>" in page and "<th>exit status<td>3" in page
    assert "<th>live at most<td>1,000 bytes" in page and "2.00 for each live byte" in page
    assert "8, of them 1 refused" in page and "7 operations: the machine's memory was full" in page
    assert "100 bytes at 0x80400000, from f1 a.c:1, there to the end</title>" in page
    rows = re.findall(r"<tr><td>(.*?)<td>(.*?)<td>(.*?)<td>(.*?)<td>(\d*)", page)
    assert rows == [("f2 a.c:2", "2", "800", "500", "0"), ("f1 a.c:1", "2", "500", "500", "100")]


def drawings(page: str) -> dict[str, xml.Element]:
    return {drawing.get("class"): drawing for drawing in map(xml.fromstring, re.findall("<svg.*?</svg>", page, re.S))}


def test_blocks_are_where_and_when_they_were():
    drawn = drawings(heap_map.page("x", history(SHORT, 10), NoSymbols(), "size"))
    assert sorted(drawn) == ["bytes", "fragmentation", "map"]
    boxes = {box.find("title").text.split(",")[0]: box for box in drawn["map"].iter("rect")
             if box.find("title") is not None}
    box = boxes["500 bytes at 0x80800000"]          # the second region begins half way down
    assert [float(box.get(name)) for name in ("x", "y", "width", "height")] == pytest.approx(
        [0.5 * picture.WIDTH, 0.5 * picture.HEIGHT, 0.3 * picture.WIDTH, 0.25 * picture.HEIGHT], abs=0.02)
    assert box.get("fill") == heap_map.SIZE_COLOURS[5]
    assert boxes["100 bytes at 0x80400000"].get("fill") == heap_map.SIZE_COLOURS[3]


def long_run(nblocks: int) -> list[Event]:
    rng, events, live = random.Random(1), [event(0, REGION_TAKEN, BASE, other=1 << 20)], []
    for step in range(nblocks):
        address = BASE + (step * 64) % (1 << 20)
        events.append(event(2 * step + 1, MADE, address, rng.randrange(1, 64), site=rng.randrange(300)))
        live.append(address)
        if len(live) > 9000:
            events.append(event(2 * step + 2, FREED, live.pop(0)))
    return events


def test_page_of_a_long_run_is_no_larger():
    found = history(long_run(60_000), heap_map.MOMENTS)
    for way in heap_map.WAYS:
        page = heap_map.page("long", found, NoSymbols(), way)
        assert len(page) < PAGE_MOST and len(drawings(page)) == 3
        assert page.count("<rect") < 10 and "and 280 more" in page


def test_grid_has_the_colour_of_what_fills_a_cell(monkeypatch):
    monkeypatch.setattr(picture, "ONE_BY_ONE", 0)
    drawn = drawings(heap_map.page("x", history(SHORT, 10), NoSymbols(), "size"))["map"]
    cells = [(path.get("fill"), path.get("fill-opacity"), path.get("d")) for path in drawn.iter("path")
             if path.get("fill-opacity")]
    columns, rows = picture.COLUMNS, picture.ROWS
    solid = [d for colour, opacity, d in cells if (colour, opacity) == (heap_map.SIZE_COLOURS[5], "1.0")]
    assert f"M{columns // 2} {rows // 2}h{int(columns * 0.3)}v1" in solid[0]     # 500 bytes, from 50 to 80
    assert f"M{columns // 2} {rows // 2 - 1}h" not in solid[0]


def test_heap_of_a_run_is_drawn_and_kept():
    """The whole way: the command, the machine, the page; and the trace, for replays."""
    drawn = images.ROOT / "build/heap-maps/workload.html"
    drawn.unlink(missing_ok=True)
    done = make("APP=workload", "ALLOC=tlsf", "ARGS=larson", "BY=caller")
    assert done.returncode == 0, done.stderr
    operations = int(re.search(r"^([\d,]+) operations: see build/heap-maps/workload.html$", done.stdout,
                               re.M)[1].replace(",", ""))
    page = drawn.read_text()
    assert operations > 35_000 and f"<td>{operations:,}, of them 0 refused" in page
    assert len(drawings(page)) == 3
    assert re.search(r"<tr><td>exchange user/fused/workload.c:\d+<td>20,000<td>", page)
    assert len(drawn.with_suffix(".trace").read_bytes()) > 8 * 35_000


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", "-s", "--no-print-directory", "heap-map", *words], cwd=images.ROOT,
                          env=images.clean_environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300)


@pytest.mark.parametrize("words,says", [
    (("BY=colour", "APP=workload", "ALLOC=tlsf", "ARGS=kv"),
     "heap-map: BY=colour: there is no such choice. BY is one of: size caller"),
    (("APP=workload", "ALLOC=tlsf"), "heap-map: workload asked its heap for nothing: there is nothing to draw"),
    (("APP=hello",), "heap-map: the image has no program_heap: nothing in it asks that heap for memory"),
])
def test_what_cannot_be_drawn_is_said_in_a_sentence(words, says):
    done = make(*words)
    assert done.returncode != 0 and says in done.stderr
    assert "Traceback" not in done.stderr


def test_an_image_that_records_nothing_says_how_to_build_one(build):
    with pytest.raises(HarnessError, match="build it with HEAP_TRACE=1"):
        place_of_heap(build(APP="workload", ALLOC="tlsf").elf, "program_heap")


def test_a_trace_without_addresses_keeps_every_operation_on_blocks():
    ops = compiled(SHORT)
    assert len(ops) == 16 + 8 * 6

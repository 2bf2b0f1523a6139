"""make report: one page, of this build."""

from __future__ import annotations

import re
import subprocess

from grade import images
from grade.elf import ROOT
from tools.report import page
from tools.report.measure import Boot, Sized, Step, Way

WAY = Way("a <way>", "APP=x", (Step("stub", "li a7, 1"), Step("stub", "ecall"), Step("vector", "j 1f")))
SIZED = Sized("an image", {"kern/fs": 1000, "lib": 200})


def test_a_page_stands_alone_and_reads_what_it_was_given():
    text = page.page([WAY, WAY], [SIZED] * 3, [Boot("a boot", 30_000)] * 3, "v1 & more", ["a remark"])
    assert not re.search(r"<script|src=|href=|url\(|https?://", text)
    for shown in ("3: a &lt;way&gt;", "ecall", "1,200", "30,000", "kern/fs", "v1 &amp; more", "a remark"):
        assert shown in text, shown


def test_a_bar_is_as_long_as_its_share():
    drawn = page.bars([("a", [("x", 300), ("y", 100)]), ("b", [("x", 100)])], "bytes")
    widths = [float(width) for width in re.findall(r'<rect [^>]*width="([\d.]+)"', drawn)]
    assert widths == [page.WIDTH * 0.75, page.WIDTH * 0.25, page.WIDTH * 0.25]


def test_the_report_of_this_build():
    with images.lock("report"):
        done = subprocess.run(["make", "-s", "report", "LAB=5"], cwd=ROOT, env=images.clean_environment(),
                              capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "build/report-5.html\n", done.stderr
    text = (ROOT / "build/report-5.html").read_text()
    counts = [int(count) for count in re.findall(r"<h3>(\d+): ", text)]
    assert counts[0] > counts[1] > counts[2] and counts[0] <= 131 and counts[2] == 3
    for name in ("user_vector", "save_registers", "thunk_getpid", "shim_vector", "kern/fs"):
        assert name in text


def test_another_lab_has_none():
    done = subprocess.run(["make", "-s", "report", "LAB=2"], cwd=ROOT, env=images.clean_environment(),
                          capture_output=True, text=True)
    assert done.returncode == 2 and "only lab 5" in done.stderr

"""The bars hold, and the benchmarks tell the truth about it.

Each bar is a test of its own. The others are about the instruments: what they write, what they say
when something cannot be measured, and that a number and its profile agree.
"""

import json
from dataclasses import replace

import pytest

from grade.errors import BuildFailed, HarnessError
from grade.symbols import Symbols
from grade.tests import musl
from tools.bench import __main__ as bench
from tools.bench import benchmarks, profile
from tools.bench.benchmarks import ALL, Benchmark

FAST = Benchmark("fast", 10, lambda: 9)
SLOW = Benchmark("slow", 10, lambda: 11)


def broken() -> int:
    raise HarnessError("the guest is gone")


BROKEN = Benchmark("broken", 10, broken)


@pytest.mark.parametrize("benchmark", ALL, ids=lambda benchmark: benchmark.name)
def test_bar(benchmark):
    try:
        measured = benchmark.measure()
    except BuildFailed as error:
        musl.skip_if_not_fetched(error)
        raise
    assert measured <= benchmark.bar


# --- the table and bench.json -------------------------------------------------------------------

def run_bench(monkeypatch, tmp_path, *chosen: Benchmark, part: str = "") -> tuple[int, list[dict]]:
    """Exit status and JSON of a run with these benchmarks alone."""
    monkeypatch.setattr(bench, "ALL", list(chosen))
    output = tmp_path / "bench.json"
    status = bench.main(["-o", str(output), part])
    return status, json.loads(output.read_text()) if output.exists() else []


def test_the_json_holds_every_benchmark_in_order(monkeypatch, tmp_path):
    status, found = run_bench(monkeypatch, tmp_path, FAST, replace(FAST, unit="bytes"))
    assert status == 0
    assert found == [{"name": "fast", "value": 9, "unit": unit, "bar": 10, "ok": True}
                     for unit in ("instructions", "bytes")]


def test_a_bar_that_is_met_exactly_is_met(monkeypatch, tmp_path):
    assert run_bench(monkeypatch, tmp_path, replace(FAST, bar=9))[0] == 0


def test_a_missed_bar_is_shown_and_fails(monkeypatch, tmp_path, capsys):
    status, found = run_bench(monkeypatch, tmp_path, SLOW, FAST)
    assert status == 1
    assert [each["ok"] for each in found] == [False, True]
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["slow", "11", "10", "NO"]
    assert lines[2].split()[:4] == ["fast", "9", "10", "ok"]


def test_what_cannot_be_measured_is_an_error_and_the_rest_is_still_there(monkeypatch, tmp_path,
                                                                         capsys):
    status, found = run_bench(monkeypatch, tmp_path, BROKEN, FAST)
    assert status == 2
    assert found[0] == {"name": "broken", "value": None, "unit": "instructions", "bar": 10,
                        "ok": False, "error": "the guest is gone"}
    assert found[1]["ok"]
    assert "broken: the guest is gone" in capsys.readouterr().out


def test_a_part_of_a_name_chooses(monkeypatch, tmp_path):
    assert [each["name"] for each in run_bench(monkeypatch, tmp_path, SLOW, FAST, part="Fas")[1]
            ] == ["fast"]


def test_a_part_of_no_name_is_refused_with_the_names(monkeypatch, tmp_path, capsys):
    assert run_bench(monkeypatch, tmp_path, FAST, SLOW, part="nothing") == (2, [])
    complaint = capsys.readouterr().err
    assert "nothing" in complaint and "fast" in complaint and "slow" in complaint


def test_names_are_unique():
    assert len({benchmark.name for benchmark in ALL}) == len(ALL)


# --- the ways to get a number -------------------------------------------------------------------

def test_a_guest_that_fails_is_no_result():
    with pytest.raises(HarnessError, match="(?s)status 2.*no such benchmark"):
        benchmarks.by_guest(benchmarks.kernel, "nonsense")


def test_a_guest_that_says_nothing_of_the_workload_is_no_result():
    with pytest.raises(HarnessError, match="printed no result"):
        benchmarks.by_guest(benchmarks.kernel, "-n 10 getpid")      # it speaks of getpid


def test_a_place_that_is_not_reached_is_no_result():
    with pytest.raises(HarnessError, match="was gone 0 times"):
        benchmarks.by_plugin(benchmarks.kernel, lambda: "image_end", benchmarks.init_args("true"))


def test_counts_are_the_same_every_time():
    boots = {benchmarks.by_plugin(benchmarks.kernel, benchmarks.first_of_init,
                                  benchmarks.init_args("true")) for _ in range(2)}
    assert len(boots) == 1


# --- the profile --------------------------------------------------------------------------------

def test_a_profile_adds_up_to_what_the_guest_measured():
    """All but the few instructions in user mode around the call."""
    image = benchmarks.kernel()
    counts = profile.WORKLOADS["getpid"].count(image)
    rows = {row.name: row for row in profile.rows(counts, Symbols(image.elf))}
    in_kernel = sum(row.instructions for row in rows.values() if row.name != profile.PROGRAMS)
    measured = benchmarks.by_guest(benchmarks.kernel, "getpid")
    assert rows["sys_getpid"].calls == pytest.approx(1, abs=0.1)
    assert measured - 10 <= in_kernel <= measured


def test_a_boot_profile_adds_up_to_what_the_plugin_measured():
    image = benchmarks.kernel()
    rows = profile.rows(profile.WORKLOADS["boot"].count(image), Symbols(image.elf))
    measured = benchmarks.by_plugin(benchmarks.kernel, benchmarks.first_of_init,
                                    benchmarks.init_args("true"))
    assert sum(row.instructions for row in rows) == pytest.approx(measured, rel=0.05)


def test_the_code_of_a_function_is_shown_with_counts(capsys):
    assert profile.main(["getpid-call", "--function", "sys_getpid"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:1] == ["1.0"] and line.split()[-1] == "ret" for line in lines)


def test_an_unknown_workload_is_refused_with_those_there_are(capsys):
    assert profile.main(["nonsense"]) == 2
    complaint = capsys.readouterr().err
    assert "nonsense" in complaint and "fork" in complaint and "boot-hello" in complaint

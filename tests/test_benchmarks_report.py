"""docs/benchmarks.md: every figure is computed of what is on file, and what is not there is said, never left out."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import baking, goals, kit, merging, pythons, report, run, unchanged
from benchmarks.curves import chart
from benchmarks.figures import Cost, Round
from benchmarks.plan import experiments
from benchmarks.results import Result, as_stored
from benchmarks.sessions import BASE, NO_REPORT, NO_REPORT_REGIME, ORIGINAL, PEERS, PLAIN, PLAIN_REGIME, REGIME
from tests.baking import ROOT

PLAN = experiments(quick=False)
MACHINE = {
    "processor": "a processor, 2 cores",
    "system": "Linux 6.1, x86_64",
    "python": "3.11.7",
    "packages": "pytest 9.2.0",
    "commit": "0123456789ab",
    "date": "2026-11-28",
}


def costs(**seconds: float) -> dict[str, Cost]:
    return {name: Cost(each, each, 50.0) for name, each in seconds.items()}


def session(base: float, regime: float) -> dict[str, Cost]:
    return costs(**{BASE: base, REGIME: regime, ORIGINAL: 3 * base, PEERS: 1.1 * base})


ROUNDS: Mapping[str, dict[str, Cost]] = {
    "tests-1": {**session(0.5, 0.505), **costs(**{PLAIN: 0.4, PLAIN_REGIME: 0.42})},
    "tests-1000": session(1.5, 1.51),
    "tests-10000": session(10.0, 10.1),
    "tests-100000": costs(**{BASE: 100.0, REGIME: 103.0}),
    "tests-100000-others": costs(**{BASE: 100.0, ORIGINAL: 300.0, PEERS: 110.0}),
    "workers": costs(**{BASE: 20.0, REGIME: 21.0}),
    "large-sources": costs(**{BASE: 14.0, REGIME: 13.0, NO_REPORT: 5.0, NO_REPORT_REGIME: 10.0}),
    "pythons": costs(
        **{pythons.named(way, what): 10.0 for way in pythons.WAYS if way.wanted for what in (BASE, REGIME)}
    ),
    "unchanged": costs(**{unchanged.ONE_TEST: 0.4, unchanged.VERDICTS_ALONE: 0.6}),
    "merging": {merging.JUDGED: Cost(4.0, 5.0, 600.0)},
    "baking": costs(**{baking.NEW_PROJECT: 0.5, baking.EXISTING_PROJECT: 0.5, **dict.fromkeys(baking.PEERS, 0.6)}),
    "kit": costs(**dict.fromkeys(kit.VARIANTS, 1.0)),
}


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> dict[str, Result]:
    monkeypatch.setattr(report, "template_state", lambda: "s")
    return {
        name: Result(name, one.rounds, as_stored(one.settings), "s", MACHINE, [ROUNDS[name]] * one.rounds)
        for name, one in PLAN.items()
    }


def page(results: Mapping[str, Result], **more: Any) -> str:
    return report.document(PLAN, results, list(report.curves(results)), **{"quick": False, **more})


def row(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_goals_are_judged_by_what_was_measured(results: dict[str, Result]) -> None:
    judged = {line[0]: line[2:] for line in goals.lines(results, quick=False)}
    assert judged == {
        "10,000 tests, CPU against `pytest --cov`": ["1.010", "met"],
        "100,000 tests, CPU against `pytest --cov`": ["1.030", "**missed by 0.010** (1%)"],
        "CPU that each of 10,000 tests adds": ["9.5 µs", "met"],
        "CPU that each of 100,000 tests adds": ["30.0 µs", "**missed by 20.0 µs** (200%)"],
        "one test, CPU added, with `--cov`": ["5 ms", "met"],
        "one test, CPU added, without coverage": ["20 ms", "**missed by 10 ms** (100%)"],
        "`pytest tests/meta`, unchanged tree of 5,000 files, over a bare session": ["0.200 s CPU", "met"],
        "64 shards of 1,000,000 tests": ["4.00 s CPU", "met"],
        "64 shards of 1,000,000 tests, memory": ["600 MB", "**missed by 100 MB** (20%)"],
    }
    assert {line[3] for line in goals.lines(results, quick=True)} == {"not judged: a trial"}


def test_a_complete_page_has_every_table_and_no_trouble(results: dict[str, Result]) -> None:
    text = page(results)
    assert report.troubles(PLAN, results) == []
    assert "ot measured\n" not in text
    assert "**Not" not in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 14
    for table in tables:
        assert len({line.count("|") for line in table}) == 1, table
        assert len(table) > 2, table
    assert row(text, "10,000 |")[1:5] == ["10.00", "10.10", "0.100", "9.5"]
    assert row(text, "one `time.sleep`")[3] == "0 (0 to 0)"
    assert "**100,000 tests: the others, in 3 rounds of their own**" in text
    assert (
        "2026-11-28. a processor, 2 cores; Linux 6.1, x86_64; Python 3.11.7; pytest 9.2.0; commit 0123456789ab." in text
    )


def test_nothing_on_file_is_said_of_everything() -> None:
    text = page({})
    assert len(report.troubles(PLAN, {})) == len(PLAN)
    for name in PLAN:
        assert f"- **not measured**: {name}: it is not on file" in text
        assert f"**Not measured**: {name}." in text
    assert [line[3] for line in goals.lines({}, quick=False)] == ["**not measured**"] * len(goals.GOALS)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("merging", {"rounds": []}, "merging: 0 of 5 rounds"),
        ("tests-100000", {"rounds": [ROUNDS["tests-100000"]] * 2}, "tests-100000: 2 of 5 rounds; `make bench` goes on"),
        ("kit", {"not_measured": {"all": "a session was red\nlong"}}, "kit: all: a session was red"),
        ("kit", {"not_measured": {"all": "Traceback (most\n  x\nOSError: full"}}, "kit: all: OSError: full"),
        ("kit", {"state": "other"}, "kit: the template has changed since (0123456789ab)"),
        (
            "kit",
            {"settings": {**as_stored(PLAN["kit"].settings), "tests": 9}},
            "kit: it was measured with other settings",
        ),
    ],
)
def test_what_is_missing_of_an_experiment_is_said(
    results: dict[str, Result], name: str, change: dict[str, Any], said: str
) -> None:
    results[name] = replace(results[name], **change)
    assert [each for each in report.troubles(PLAN, results) if said in each]
    assert f"- **not measured**: {said}" in page(results)


def test_a_peer_that_was_not_measured_has_its_row_all_the_same(results: dict[str, Result]) -> None:
    peer = "cookiecutter-django"
    rounds: list[Round] = [
        {name: cost for name, cost in each.items() if name != peer} for each in results["baking"].rounds
    ]
    results["baking"] = replace(results["baking"], rounds=rounds, not_measured={peer: "git clone: no such host"})
    text = page(results)
    assert row(text, peer)[2] == "**not measured**"
    assert "**Not measured**: cookiecutter-django: git clone: no such host." in text
    assert report.troubles(PLAN, results) == ["baking: cookiecutter-django: git clone: no such host"]


def test_without_the_session_of_one_test_no_start_up_is_taken_off(results: dict[str, Result]) -> None:
    del results["tests-1"]
    assert row(page(results), "10,000 |")[4] == "-"
    assert row(page(results), "CPU that each of 10,000 tests adds")[3] == "**not measured**"
    assert "benchmarks-each-test.svg" not in report.curves(results)


def test_a_busy_machine_is_said(results: dict[str, Result]) -> None:
    assert report.busy(results) == []
    slow = {name: replace(cost, wall=2 * cost.cpu) for name, cost in ROUNDS["tests-1000"].items()}
    results["tests-1000"] = replace(results["tests-1000"], rounds=[slow] * 7)
    (said,) = report.busy(results)
    assert "during tests-1000**: a session had a CPU for 50% of its time" in said
    assert said in page(results)


def test_pictures_stand_beside_the_page(results: dict[str, Result], tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "benchmarks-old.svg").touch()
    (tmp_path / "pictures" / "report.png").touch()
    text = report.write(PLAN, results, tmp_path, quick=False).read_text(encoding="utf-8")
    drawn = set(re.findall(r"\]\(pictures/(\S+)\)", text))
    assert drawn == {f"benchmarks-{name}.svg" for name in ("cpu", "each-test", "memory")}
    assert {path.name for path in (tmp_path / "pictures").iterdir()} == drawn | {"report.png"}


def test_write_docs_fails_where_something_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "BUILD", tmp_path)
    assert run.main(["--write-docs", "--quick"]) == 1
    assert "NOT MEASURED: pythons: it is not on file" in capsys.readouterr().out
    text = (tmp_path / "quick" / "benchmarks.md").read_text(encoding="utf-8")
    assert "its figures mean nothing" in text


def test_a_curve_goes_up_where_its_figures_do() -> None:
    text = chart("What <it> costs", "tests", "s", {"a & b": [(1, 0.5), (1000, 5.0)], "none": [(1, 0.0)]})
    svg = ET.fromstring(text)
    names = {"svg": "http://www.w3.org/2000/svg"}
    (line,) = svg.findall("svg:polyline", names)
    (x, y), (later_x, later_y) = ([float(part) for part in point.split(",")] for point in line.attrib["points"].split())
    assert later_x > x
    assert later_y < y  # downwards, in a picture
    words = [each.text for each in svg.findall("svg:text", names)]
    assert {"What <it> costs", "a & b", "tests", "s", "1", "10", "1,000", "0.1"} <= set(words)
    assert "none" not in words
    assert text.count("http") == 1  # the name of SVG itself
    with pytest.raises(ValueError, match="nothing above zero"):
        chart("title", "tests", "s", {"none": [(1, 0.0)]})


def test_the_page_in_docs_is_of_these_goals() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for each in goals.GOALS:
        assert f"| {each.goal.what} | {each.goal.allowed()} |" in text

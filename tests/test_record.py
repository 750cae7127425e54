"""What a run says of itself: whose seconds are whose, what was executed, where."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from meta_regime.extras._stored_record import RecordError, load_head, load_record, save_record
from meta_regime.record import THIS_SESSION, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming, exact_percent


def test_a_run_of_which_nothing_is_known_took_no_time_anywhere() -> None:
    run = SuiteRun()
    assert (run.seconds, run.queued, run.workers, run.shards, run.owned) == (0, 0, 0, 0, 0)
    assert (run.executed, run.failed, run.judged_elsewhere) == (False, (), False)


@pytest.mark.parametrize(
    ("queued", "cpu", "owned"), [(0.0, 0.0, 0.75), (0.25, 0.0, 0.5), (0.25, 0.625, 0.625), (1.0, 0.0, 0.0)]
)
def test_queueing_is_nobodys_time_but_computing_is_the_tests(queued: float, cpu: float, owned: float) -> None:
    assert TestTiming("a", 0.25, 0.25, 0.25, queued, "passed", cpu).owned == owned
    assert FixtureTiming("db", "session", "tests", 0.25, 0.5, queued, cpu).owned == owned
    if not cpu:
        assert TestTiming("a", 0.25, 0.25, 0.25, queued, "passed").owned == owned
        assert FixtureTiming("db", "session", "tests", 0.25, 0.5, queued).owned == owned


@pytest.mark.parametrize(("queued", "owned"), [(0.0, 0.5), (0.25, 0.25), (0.75, 0.0)])
def test_a_runs_own_seconds_are_never_below_none(queued: float, owned: float) -> None:
    assert SuiteRun(seconds=0.5, queued=queued).owned == owned


@pytest.mark.parametrize("source", ["a child run", "unit.jsonl", "3 shards, the longest of them a"])
def test_whatever_is_not_this_session_was_judged_elsewhere(source: str) -> None:
    assert SuiteRun(source).judged_elsewhere
    assert not SuiteRun(THIS_SESSION).judged_elsewhere


def test_where_there_is_nothing_to_cover_all_is_covered() -> None:
    assert exact_percent(0, 0) == MeasuredCoverage((), None).percent == 100
    assert exact_percent(3, 1) == Fraction(200, 3)


ROWS = (TestTiming("a", 0.25, 0.0, 0.0, 0.125, "passed"), TestTiming("b", 0.0, 0.1234567, 0.0, 0.0, "failed", 0.0625))


def test_a_run_that_was_asked_is_recorded_like_any_other(tmp_path: Path) -> None:
    run = SuiteRun(tests=ROWS, fixtures=(FixtureTiming("db", "session", "tests", 0.25, 0.5, 0.0),))
    assert (run.failed, run.took) == (("b",), [0.125, 0.1234567, 0.75])
    save_record(tmp_path / "record", {"why": "a test"}, run)
    head, read = load_record(tmp_path / "record")
    assert head == load_head(tmp_path / "record") == {"why": "a test"}
    assert read.tests == (ROWS[0], ROWS[1]._replace(call=0.123457))
    assert (read.failed, read.took) == (("b",), [0.125, 0.123457, 0.75])


def test_the_head_of_a_record_without_its_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record"
    save_record(path, {}, SuiteRun(tests=ROWS))
    path.write_bytes(path.read_bytes().replace(b'"failed"', b'"passed"'))
    with pytest.raises(RecordError, match="has no end"):
        load_head(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(RecordError, match="is damaged"):
        load_head(path)

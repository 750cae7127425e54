"""What a test took: from clocks around it, and from pytest's reports; also where the two contradict each other."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from meta_regime.record import TestTiming
from meta_regime.stopwatch import Clocks
from meta_regime.taken import MOMENT, UNKNOWN, Reported, Taken, reported, taken_from, timing_of

from tests.reports import report

NOON = 1_700_000_000.0


def reports(setup: float, call: float, teardown: float, began: float = NOON) -> list[pytest.TestReport]:
    return [
        report("test_x", "setup", setup, began),
        report("test_x", "call", call, began + setup),
        report("test_x", "teardown", teardown, began + setup + call),
    ]


def timing(taken: Taken, said: Iterable[pytest.TestReport]) -> TestTiming:
    return timing_of("test_x", taken, reported(said)["test_x"])


class TestPhases:
    def test_what_pytest_does_around_them_is_not_the_tests(self) -> None:
        row = timing(Taken(NOON, 0.0072, 0.0072, 0.0), reports(0.0005, 0.002, 0.002))
        assert (row.setup, row.call, row.teardown) == (0.0005, 0.002, 0.002)
        assert row.cpu == pytest.approx(0.0045)
        assert row.owned == pytest.approx(0.0045)

    @pytest.mark.parametrize(
        ("whole", "cpu", "queued", "told", "owned"),
        [
            (0.0415, 0.0015, 0.04, 0.041, 0.00148),  # it was kept waiting while the test ran
            (0.0415, 0.0015, 0.04, 0.001, 0.00100),  # while pytest reported it
            (0.0015, 0.0015, 0.0, 0.001, 0.00100),  # not at all
        ],
    )
    def test_nor_is_what_it_has_queued_there(
        self, whole: float, cpu: float, queued: float, told: float, owned: float
    ) -> None:
        row = timing(Taken(NOON, whole, cpu, queued), reports(0.0, told, 0.0))
        assert row.owned == pytest.approx(owned, abs=0.0006)
        assert row.cpu <= row.owned

    def test_what_was_queued_and_computed_while_pytest_reported(self) -> None:
        """Of 40.5 ms around the test 39.5 were queued, if pytest itself needs one; and that was computed."""
        row = timing(Taken(NOON, 0.0415, 0.0015, 0.04), reports(0.0, 0.001, 0.0))
        assert [row.cpu, row.queued] == pytest.approx([0.0005, 0.0005])

    def test_slow_reporting_is_not_the_tests(self) -> None:
        """A terminal that nobody reads from, a screenshot of each test."""
        row = timing(Taken(NOON, 60.0, 0.1, 0.0), reports(0.0, 0.2, 0.0))
        assert [row.owned, row.cpu] == pytest.approx([0.2, 0.0])

    def test_wide_fixtures_are_taken_off_the_phase_that_they_were_set_up_in(self) -> None:
        row = timing(Taken(NOON, 3.01, 0.5, 0.0, (1.5, 0.0, 0.25)), reports(2.0, 0.5, 0.5))
        assert (row.setup, row.call, row.teardown) == (0.5, 0.5, 0.25)

    def test_no_phase_takes_less_than_nothing(self) -> None:
        row = timing(Taken(NOON, 3.01, 0.5, 0.0, (2.5, 0.0, 0.75)), reports(2.0, 0.5, 0.5))
        assert (row.setup, row.call, row.teardown) == (0.0, 0.5, 0.0)

    def test_a_worker_has_crashed(self) -> None:
        crash = report("test_x", "???", 9.0, outcome="failed")
        assert timing(UNKNOWN, [crash]) == ("test_x", 0.0, 0.0, 0.0, 0.0, "failed", 0.0)

    def test_a_plugin_has_run_it_in_its_own_way(self) -> None:
        assert timing(UNKNOWN, reports(0.25, 0.5, 0.25)) == ("test_x", 0.25, 0.5, 0.25, 0.0, "passed", 0.0)

    def test_what_takes_no_time_by_a_coarse_clock_and_what_takes_all_of_it(self) -> None:
        assert timing(Taken(NOON, 0.5, 0.0, 0.0), reports(0.0, 0.0, 0.0)).owned == 0.0
        assert timing(Taken(NOON, 0.5, 0.5, 0.0), reports(0.25, 0.25, 0.0)).setup == 0.25

    def test_of_several_attempts_the_last(self) -> None:
        again = reports(0.1, 0.2, 0.1, NOON + 30)
        row = timing(Taken(NOON, 31.0, 0.3, 0.0), [*reports(0.1, 20.0, 0.1), *again])
        assert row.owned == pytest.approx(0.4)
        assert row.cpu == pytest.approx(0.3)


class TestClockThatWasStopped:
    """Somebody has frozen pytest's time, and slept for ten seconds by our clocks."""

    @pytest.mark.parametrize(
        ("began", "took"),
        [
            (NOON, (0.1, -1.7e9, 1.7e9)),  # from its set-up to its teardown
            (NOON, (1.7e9, 0.0, -1.7e9)),
            (NOON, (0.1, 20.0, 0.1)),  # faster than it goes
            (NOON - 86400, (0.0, 0.0, 0.0)),  # all along
            (NOON + 86400, (0.0, 0.0, 0.0)),
            (NOON - 1, (0.0, 0.0, 0.0)),  # by a second
            (NOON + 11, (0.0, 0.0, 0.0)),
            (NOON, (0.5, -0.25, 0.0)),  # in its call only
            (0.0, (0.0, 0.0, 0.0)),  # another plugin's report, which has no times
        ],
    )
    def test_only_ours_are_believed(self, began: float, took: tuple[float, float, float]) -> None:
        row = timing(Taken(NOON, 10.0, 0.5, 0.0), reports(*took, began=began))
        assert row.owned == pytest.approx(10.0)
        assert min(row.setup, row.call, row.teardown) >= 0

    def test_nor_is_an_end_without_a_beginning(self) -> None:
        assert timing(Taken(NOON, 10.0, 0.5, 0.0), reports(0.0, 0.0, 0.1)[2:]).owned == pytest.approx(10.0)

    def test_without_wide_fixtures(self) -> None:
        assert timing(Taken(NOON, 10.0, 0.5, 0.0, (6.0, 0.0, 1.0)), reports(0, 0, 0, 0.0)).owned == pytest.approx(3.0)


class TestReports:
    def test_outcomes(self) -> None:
        phases = ("setup", "call", "teardown")
        for outcomes, right in (
            (("passed", "passed", "passed"), "passed"),
            (("skipped", "", "passed"), "skipped"),
            (("passed", "skipped", "passed"), "skipped"),
            (("passed", "passed", "failed"), "failed"),
            (("passed", "failed", "passed"), "failed"),
            (("passed", "skipped", "failed"), "failed"),
            (("passed", "failed", "skipped"), "failed"),
            (("passed", "rerun", "passed"), "passed"),
        ):
            said = [report("t", when, outcome=one) for when, one in zip(phases, outcomes, strict=True) if one]
            assert reported(said)["t"].outcome == right

    def test_a_test_that_has_not_ended_is_none(self) -> None:
        assert reported(reports(0.1, 0.1, 0.1)[:2]) == {}

    def test_sub_tests_and_what_is_no_report_are_passed_over(self) -> None:
        part = report("test_x", "call", 99.0, outcome="failed")
        part.context = "a sub-test"  # type: ignore[attr-defined]
        (row,) = reported([part, object(), *reports(0.1, 0.2, 0.1), part]).values()
        assert (row.setup, row.call, row.teardown, row.outcome) == (0.1, 0.2, 0.1, "passed")


class TestClocksAroundTests:
    def taken(self, monkeypatch: pytest.MonkeyPatch, wide: dict[str, list[float]]) -> dict[str, Taken]:
        monkeypatch.setattr(Clocks, "day", NOON)
        read = ["a", 1.0, b"0 0 1", 5.0, 1.5, b"0 30000000 2", 6.0, None]
        read += ["b", 1.5, b"0 30000000 2", 6.0, 3.5, b"0 90000000 5", 9.0, None]
        return taken_from(read, wide)

    def test_what_fixtures_have_computed_and_queued_is_not_the_tests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.taken(monkeypatch, {"b": [0.5, 0.25, 0.0, 0.75, 0.02], "elsewhere": [1.0] * 5})
        assert found["a"] == Taken(NOON + 5, 1.0, 0.5, 0.03)
        assert found["b"].queued == pytest.approx(0.04)
        assert found["b"]._replace(queued=0.0) == Taken(NOON + 6, 3.0, 1.25, 0.0, (0.5, 0.25, 0.0))

    def test_nor_less_than_nothing_the_tests(self, monkeypatch: pytest.MonkeyPatch) -> None:
        found = self.taken(monkeypatch, {"a": [1.0, 0.0, 0.0, 0.75, 0.5]})
        assert found["a"] == Taken(NOON + 5, 1.0, 0.0, 0.0, (1.0, 0.0, 0.0))

    def test_of_a_moment_nobody_asks_how_it_queued(self) -> None:
        for took in (MOMENT, MOMENT / 2):
            assert taken_from(["a", 0.0, b"0 0 1", 0.0, 0.0, b"0 500000 2", took, None], {})["a"].queued == 0.0

    def test_half_a_reading_is_no_reading(self) -> None:
        with pytest.raises(ValueError, match="shorter"):
            taken_from(["a", 0.0], {})


def test_reported_has_no_end_before_its_teardown() -> None:
    assert Reported().ended is None

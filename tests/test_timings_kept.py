"""What of a run's timings is kept in the baseline, by name or in a sum, and which numbers are read: to the last bit."""

from __future__ import annotations

from typing import Any

import pytest
from meta_regime.extras._baseline_file import BaselineError
from meta_regime.extras.slowdown.timings import (
    CHILDREN,
    EVERYWHERE,
    SMALL,
    WORK,
    Row,
    Took,
    accepted,
    parsed,
    rows_of,
    strangers,
    written,
)
from meta_regime.record import Account, SuiteRun, TestTiming

FILE = "tests/test_a.py"
FIGURES = {WORK: 0.25, CHILDREN: 0.0}


def rows(*took: float, others: float = 0.0) -> list[Row]:
    """Give the rows of tests of one file, and of one test in another."""
    tests = [Row(FILE, f"test[{number}]", Took(each, 0.0)) for number, each in enumerate(took)]
    return [Row(EVERYWHERE, WORK, Took(0.0, 0.25)), *tests, Row("tests/test_b.py", "test", Took(others, 0.0))]


class TestOfARun:
    @pytest.mark.parametrize(
        ("children", "threads", "helped"), [(0.003, 0.003, True), (0.005, 0.0, False), (0.001, 0.0, False)]
    )
    def test_a_test_was_helped_that_had_others_compute_for_it(
        self, children: float, threads: float, helped: bool
    ) -> None:
        tests = tuple(TestTiming(f"{FILE}::{name}", 0.0, 1.0, 0.0, 0.0, "passed") for name in ("a", "b"))
        run = SuiteRun(tests=tests, accounts={tests[0].nodeid: Account(children, threads)}, figures=FIGURES)
        assert [row.helped for row in rows_of(run)] == [False, helped, False]

    @pytest.mark.parametrize(("children", "unknown"), [(2.25, 0.25), (2.0, 0.0), (1.5, 0.0)])
    def test_children_are_known_that_a_test_may_have_waited_for(self, children: float, unknown: float) -> None:
        tests = (
            TestTiming(f"{FILE}::a", 0.5, 0.5, 1.0, 0.0, "passed"),
            TestTiming(f"{FILE}::b", 0.0, 9.0, 0.0, 0.0, "passed"),
        )
        accounts = {tests[0].nodeid: Account(2.0, 0.0)}
        assert strangers(SuiteRun(tests=tests, accounts=accounts, figures={CHILDREN: children})) == unknown


class TestKept:
    @pytest.mark.parametrize(
        ("took", "others", "named"),
        [
            (0.03, 0.5, True),  # 0.02 s at least
            (0.03, 9.97, False),  # and half a per cent of all
            (0.07, 9.93, True),
            (0.15, 40.0, True),  # which is no more than 0.1 s
            (0.1, 40.0, True),
            (0.09, 40.0, False),
        ],
    )
    def test_by_its_name_is_what_takes_a_while(self, took: float, others: float, named: bool) -> None:
        assert [*accepted({}, rows(took, others=others))[FILE]] == ["test[0]" if named else SMALL]

    def test_by_their_names_are_the_slowest_three_hundred(self) -> None:
        found = accepted({}, rows(*(0.2 + number / 1024 for number in range(302))))[FILE]
        assert len(found) == 301
        assert found[SMALL].tests == 2
        assert "test[1]" not in found
        assert "test[2]" in found

    @pytest.mark.parametrize(("before", "now", "stored"), [(1.0, 0.85, 0.85), (1.0, 0.86, 1.0), (0.1, 0.083, 0.1)])
    def test_less_is_only_what_is_clearly_less(self, before: float, now: float, stored: float) -> None:
        assert accepted(accepted({}, rows(before)), rows(now))[FILE]["test[0]"].seconds == stored


class TestInTheFile:
    def test_numbers_are_rounded_to_a_millionth(self) -> None:
        timings = {FILE: {"": Took(1.23456789, 0.00000151), SMALL: Took(0.0000006, 1.2345678, 3)}}
        assert written(timings) == {FILE: {"": [1.234568, 0.000002], SMALL: [0.000001, 1.234568, 3]}}

    def test_fixtures_of_the_root_stand_beside_the_work(self) -> None:
        row = {WORK: Took(1, 1), "db [session fixture]": Took(2.5, 0.5)}
        assert parsed({EVERYWHERE: {name: [took.seconds, took.cpu] for name, took in row.items()}}) == {EVERYWHERE: row}

    @pytest.mark.parametrize(
        ("name", "values", "fits"),
        [
            *(("test", values, True) for values in ([1, 2], [0, 0.0], [999_999_999_999.5, 1])),
            *(("test", values, False) for values in ([1], [1, 1, 1], [1e12, 1], [2e12, 1], [-0.1, 1], [True, 1])),
            ("", [1, 2], True),
            ("", [1, 2, 3], False),
            *((SMALL, values, fits) for values, fits in (([1, 1, 3], True), ([1, 1, 1.5], False), ([1, 1], False))),
        ],
    )
    def test_which_numbers_are_read(self, name: str, values: list[Any], fits: bool) -> None:
        document = {FILE: {name: values}, EVERYWHERE: {WORK: [1, 1]}}
        if fits:
            assert parsed(document)[FILE] == {name: Took(*values)}
        else:
            what = "[seconds, CPU seconds, tests]" if name == SMALL else "[seconds, CPU seconds]"
            with pytest.raises(BaselineError) as caught:
                parsed(document)
            assert caught.value.problems == [f"{FILE}: {name} must be {what}"]

    def test_all_that_is_wrong_is_told(self) -> None:
        with pytest.raises(BaselineError) as caught:
            parsed({"a": 1, "b": 2})
        assert len(caught.value.problems) == 2

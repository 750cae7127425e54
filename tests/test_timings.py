"""What tests took, as data: what is kept of it, what is compared and what always holds; what is refused, and how."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.extras import _baseline_file
from meta_regime.extras._baseline_file import BaselineError
from meta_regime.extras.slowdown import wording
from meta_regime.extras.slowdown.compare import differences, total
from meta_regime.extras.slowdown.timings import (
    CHILDREN,
    EVERYWHERE,
    SMALL,
    WORK,
    Row,
    Timings,
    Took,
    accepted,
    parsed,
    rows_of,
    strangers,
    written,
)
from meta_regime.record import Account, FixtureTiming, SuiteRun, TestTiming
from meta_regime.verdict import Outcome, Verdict

NAMES = st.sampled_from([f"test_{letter}" for letter in "abcdef"])
PLACES = st.sampled_from(["tests/test_a.py", "tests/test_b.py", "tests"])
SECONDS = st.integers(0, 2000).map(lambda number: number / 1000)
TOOK = st.tuples(SECONDS, st.integers(0, 4)).map(lambda pair: Took(pair[0], pair[0] * pair[1] / 4))
TESTS = st.dictionaries(st.tuples(PLACES, NAMES), TOOK, min_size=1)
Tests = dict[tuple[str, str], Took]


def rows(tests: Tests, work: float = 0.25) -> list[Row]:
    figures = [Row(EVERYWHERE, WORK, Took(work, work))]
    return [*figures, *(Row(place, name, took) for (place, name), took in tests.items())]


def seconds(timings: Timings) -> float:
    return sum(took.seconds for place in timings.values() for took in place.values())


def several(count: int, each: float, cpu: float = 0.0, first: int = 0) -> Tests:
    return {("tests/test_a.py", f"test[{number}]"): Took(each, cpu) for number in range(first, first + count)}


def more(then: Tests, now: Tests) -> float:
    return total(differences(accepted({}, rows(then)), rows(now), 0.0)).more


class TestWhatAlwaysHolds:
    @given(TESTS, TESTS)
    def test_accepting_never_loosens(self, then: Tests, now: Tests) -> None:
        before = accepted({}, rows(then))
        after = accepted(before, rows(now))
        for place, row in after.items():
            was = before.get(place, {})
            assert all(took.seconds <= was[name].seconds for name, took in row.items() if name in was and name != SMALL)
        lumps = [
            (before[place][SMALL], after[place].get(SMALL))
            for place in before.keys() & after.keys()
            if SMALL in before[place]
        ]
        assert all(new is None or new.tests > old.tests or new.seconds <= old.seconds + 1e-9 for old, new in lumps)

    @given(TESTS, TESTS)
    def test_accepting_does_not_forgive(self, then: Tests, now: Tests) -> None:
        before = accepted({}, rows(then))
        after = accepted(before, rows(now))
        forgiven, was = (total(differences(each, rows(now), 0.0)).more for each in (after, before))
        assert forgiven >= was - 1e-9

    @given(TESTS, TESTS)
    def test_what_was_accepted_is_accepted_again_without_a_change(self, then: Tests, now: Tests) -> None:
        once = accepted(accepted({}, rows(then)), rows(now))
        assert written(accepted(once, rows(now))) == written(once)

    @given(TESTS)
    def test_the_same_run_is_no_slower_and_no_faster(self, tests: Tests) -> None:
        assert more(tests, tests) == pytest.approx(0)

    @given(TESTS, TESTS)
    def test_new_tests_are_no_slow_down(self, tests: Tests, new: Tests) -> None:
        added = {(place, f"{name}_new"): took for (place, name), took in new.items()}
        assert more(tests, {**tests, **added}) <= 1e-9

    @given(TESTS, st.data())
    def test_what_takes_longer_is_found(self, tests: Tests, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(tests)))
        slower = {**tests, key: tests[key]._replace(seconds=tests[key].seconds + 1.5)}
        assert more(tests, slower) == pytest.approx(1.5)

    @given(TESTS, TESTS, st.floats(0, 1) | st.none())
    def test_what_a_crowd_may_have_added_is_at_most_what_was_added(
        self, then: Tests, now: Tests, crowded: float | None
    ) -> None:
        for each in differences(accepted({}, rows(then)), rows(now), crowded):
            assert -1e-9 <= each.unsure <= max(0.0, each.more) + 1e-9

    @given(TESTS)
    def test_what_is_written_is_read_again(self, tests: Tests) -> None:
        document: dict[str, Any] = {"format": 1, "files": {}, "timings": {"here": written(accepted({}, rows(tests)))}}
        text = _baseline_file.written(document)
        read = _baseline_file.read(text, [])
        assert written(parsed(read["timings"]["here"])) == document["timings"]["here"]
        assert all(line.endswith("},") for line in text.split("\n") if line.startswith('"tests'))

    @given(TESTS, TESTS)
    def test_merging_is_never_laxer_than_either(self, ours: Tests, theirs: Tests) -> None:
        sides = [written(accepted({}, rows(tests))) for tests in (ours, theirs)]
        both = parsed(_baseline_file.lesser(*sides))
        for side in map(parsed, sides):
            assert all(both[place][name] <= took for place in side for name, took in side[place].items())

    @given(st.dictionaries(PLACES, st.dictionaries(NAMES, st.lists(st.integers() | st.floats() | st.text()))))
    def test_no_document_is_a_traceback(self, document: dict[str, object]) -> None:
        with contextlib.suppress(BaselineError):
            parsed(json.loads(json.dumps(document)))


class TestWhatIsKept:
    def test_what_takes_a_while_by_name_and_the_others_in_one_sum(self) -> None:
        tests = {**several(40, 0.01), ("tests/test_a.py", "test_one"): Took(0.5, 0.1)}
        found = accepted({}, rows(tests))
        assert found["tests/test_a.py"] == {SMALL: pytest.approx((0.4, 0.0, 40)), "test_one": (0.5, 0.1, 1)}

    def test_a_run_gives_its_passed_tests_and_the_mean_of_a_fixture_on_several_workers(self) -> None:
        tests = (
            TestTiming("tests/test_a.py::T::test_b[x::y]", 0.125, 0.5, 0.125, 0.25, "passed", 0.4),
            TestTiming("tests/test_a.py::test_c", 0.1, 0.5, 0.1, 0.0, "failed"),
            TestTiming("tests/test_a.py::test_d", 0.1, 0.5, 0.1, 0.0, "skipped"),
        )
        fixtures = tuple(FixtureTiming("db", "session", "tests", each, 0.0, 0.0, each / 2) for each in (1.0, 3.0))
        accounts = {tests[0].nodeid: Account(0.3, 0.0)}
        run = SuiteRun(tests=tests, fixtures=fixtures, accounts=accounts, figures={WORK: 0.25, CHILDREN: 2.0})
        assert rows_of(run) == [
            *rows({}),
            Row("tests/test_a.py", "T::test_b[x::y]", Took(0.5, 0.4), helped=True),
            Row("tests", "db [session fixture]", Took(2.0, 1.0)),
        ]

    def test_a_place_is_stored_anew_only_if_it_is_clearly_better(self) -> None:
        then = accepted({}, rows(several(10, 0.2)))
        assert accepted(then, rows(several(10, 0.196))) == then
        assert accepted(then, rows(several(10, 0.15)))["tests/test_a.py"]["test[3]"].seconds == 0.15

    def test_what_only_differs_from_run_to_run_does_not_add_up_to_a_false_alarm(self) -> None:
        then = accepted({}, rows(several(10, 0.2)))
        for number in range(10):  # each run, another test happens to be fast, by a little
            then = accepted(then, rows({**several(10, 0.2), **several(1, 0.18, first=number)}))
        assert seconds(then) == pytest.approx(2.25)

    def test_many_files_of_one_short_test_each_are_no_slower_than_they_were(self) -> None:
        tests = {(f"tests/test_{number}.py", "test"): Took(0.00032, 0.00032) for number in range(1666)}
        stored = parsed(json.loads(json.dumps(written(accepted({}, rows(tests))))))
        assert total(differences(stored, rows(tests), 0.0)).more == pytest.approx(0, abs=0.001)

    def test_what_is_gone_is_dropped_and_what_is_new_is_added(self) -> None:
        then = accepted({}, rows({**several(3, 0.2), ("tests/test_gone.py", "test"): Took(1.0, 0.0)}))
        now = accepted(then, rows(several(3, 0.3, first=1)))
        assert now.keys() == {EVERYWHERE, "tests/test_a.py"}
        assert now["tests/test_a.py"] == {"test[1]": (0.2, 0, 1), "test[2]": (0.2, 0, 1), "test[3]": (0.3, 0, 1)}


class TestWhatIsCompared:
    def test_a_small_test_that_became_slow_is_named(self) -> None:
        then, now = several(40, 0.01), {**several(40, 0.01), ("tests/test_a.py", "test[7]"): Took(2.0, 0.0)}
        found = differences(accepted({}, rows(then)), rows(now), 0.0)
        worst = max(found, key=lambda each: each.more)
        assert (worst.name, worst.now) == ("test[7]", 2.0)

    def test_the_slowest_surplus_ones_are_taken_for_new(self) -> None:
        assert more(several(40, 0.01), {**several(40, 0.01), **several(2, 0.1, first=50)}) <= 0
        assert more(several(40, 0.01), several(30, 0.01)) == pytest.approx(0)

    def test_a_slower_machine_is_expected_to_compute_longer_but_not_to_sleep_longer(self) -> None:
        then = accepted({}, rows(several(10, 0.2, cpu=0.15)))
        for work, expected in ((0.25, 2.0), (0.3, 2.0), (0.5, 3.5), (0.1, 2.0)):
            found = total(differences(then, rows(several(10, 0.2, cpu=0.15), work=work), 0.0))
            assert found.then == pytest.approx(expected)


class TestWhatACrowdMayHaveAdded:
    def verdict(self, now: list[Row], crowded: float | None) -> Outcome:
        then = accepted({}, rows(several(20, 0.2, cpu=0.2)))
        return wording.compared(differences(then, now, crowded), 10, "here").outcome

    def test_a_slow_down_of_a_fifth_is_told(self) -> None:
        assert self.verdict(rows(several(20, 0.25, cpu=0.25)), 0.0) is Outcome.FAILED

    def test_computing_longer_in_a_crowd_is_not(self) -> None:
        assert self.verdict(rows(several(20, 0.25, cpu=0.25)), 0.9) is Outcome.NOT_JUDGED

    def test_sleeping_longer_in_a_crowd_is(self) -> None:
        slower = {**several(20, 0.2, cpu=0.2), ("tests/test_a.py", "test[3]"): Took(1.5, 0.2)}
        assert self.verdict(rows(slower), 0.9) is Outcome.FAILED

    def test_waiting_for_children_in_a_crowd_is_not(self) -> None:
        helped = Row("tests/test_a.py", "test[3]", Took(1.5, 0.2), helped=True)
        now = [helped if row.name == "test[3]" else row for row in rows(several(20, 0.2, cpu=0.2))]
        assert [self.verdict(now, crowded) for crowded in (0.05, 0.9)] == [Outcome.FAILED, Outcome.NOT_JUDGED]

    def test_nor_is_waiting_for_children_that_nobody_accounts_for(self) -> None:
        then, now = accepted({}, rows(several(20, 0.2))), rows(several(20, 0.5))
        for neighbours, children, told in ((0.0, 1.0, "failed"), (0.9, 0.1, "failed"), (0.9, 1.0, "not judged")):
            found = differences(then, now, 0.0, neighbours=neighbours, strangers=children)
            assert wording.compared(found, 10, "here").outcome.value == told

    def test_children_are_strangers_but_for_those_that_tests_waited_for(self) -> None:
        tests = (
            TestTiming("a.py::test_a", 0.0, 2.0, 0.0, 0.0, "passed"),
            TestTiming("a.py::test_b", 0, 0.5, 0, 0, "passed"),
        )
        accounts = {test.nodeid: Account(1.5, 0.0) for test in tests}  # test_b did not last so long
        assert strangers(SuiteRun(tests=tests, accounts=accounts, figures={CHILDREN: 4.0})) == pytest.approx(2.0)

    def test_where_queueing_is_unknown_only_computing_is_told(self) -> None:
        assert self.verdict(rows(several(20, 0.25, cpu=0.25)), None) is Outcome.FAILED
        assert self.verdict(rows(several(20, 0.25, cpu=0.2)), None) is Outcome.NOT_JUDGED


class TestWhatMayBeTheMachine:
    """A piece of work took 0.25 then."""

    def verdict(self, now: Tests, work: float) -> Verdict:
        then = accepted({}, rows(several(20, 0.5, cpu=0.5)))
        return wording.compared(differences(then, rows(now, work=work), 0.0), 10, "here")

    def test_where_it_computes_a_bit_more_slowly_what_is_slower_by_that_is_not_told(self) -> None:
        said = self.verdict(several(20, 0.57, cpu=0.57), 0.28)  # 14 % more; the work 12 %
        assert said.outcome is Outcome.NOT_JUDGED
        assert said.line == (
            "not judged: what took 10.00 s by tests/meta/baseline.json takes 11.40 s, 14 % more, but the reason may be "
            "the machine, which computes more slowly than then (up to 1.20 s). Run it again later"
        )

    def test_on_a_machine_as_fast_as_then_it_is(self) -> None:
        assert self.verdict(several(20, 0.57, cpu=0.57), 0.25).outcome is Outcome.FAILED
        assert self.verdict(several(20, 0.57, cpu=0.57), 0.20).outcome is Outcome.FAILED

    def test_what_is_slower_by_more_than_that_is(self) -> None:
        assert self.verdict(several(20, 0.625, cpu=0.625), 0.28).outcome is Outcome.FAILED
        slower = {**several(20, 0.5, cpu=0.5), ("tests/test_a.py", "test[3]"): Took(2.8, 2.8)}
        assert self.verdict(slower, 0.28).outcome is Outcome.FAILED

    def test_sleeping_longer_is(self) -> None:
        assert self.verdict(several(20, 0.57, cpu=0.5), 0.28).outcome is Outcome.FAILED


class TestWhatMayBeChance:
    def verdict(self, *parts: tuple[int, float]) -> Verdict:
        """Judge tests of half a second, so many of which take so many seconds now."""
        now: Tests = {}
        for count, took in parts:
            now |= several(count, took, cpu=took, first=len(now))
        then = accepted({}, rows(several(len(now), 0.5, cpu=0.5)))
        return wording.compared(differences(then, rows(now), 0.0), 10, "here")

    def test_where_tests_take_now_more_now_less_a_small_sum_is_not_told(self) -> None:
        said = self.verdict((13, 0.75), (7, 0.3))  # random data: 18 % more in all
        assert said.outcome is Outcome.NOT_JUDGED
        assert said.line == (
            "not judged: what took 10.00 s by tests/meta/baseline.json takes 11.85 s, 18 % more, but the reason may be "
            "chance, which made other tests faster (up to 1.39 s). Run it again once or twice"
        )

    def test_where_nothing_is_faster_it_is(self) -> None:
        assert self.verdict((20, 0.56)).outcome is Outcome.FAILED
        assert self.verdict((19, 0.5), (1, 2.0)).outcome is Outcome.FAILED

    def test_nor_do_the_usual_hundredths_of_seconds_hide_anything(self) -> None:
        assert self.verdict((10, 0.49), (10, 0.62)).outcome is Outcome.FAILED

    def test_a_large_sum_is_told_however_much_they_differ(self) -> None:
        assert self.verdict((14, 0.9), (6, 0.3)).outcome is Outcome.FAILED

    def test_one_test_that_somebody_has_mended_hides_nothing(self) -> None:
        assert self.verdict((19, 0.6), (1, 0.1)).outcome is Outcome.FAILED


class TestTimingsOfAnotherKind:
    MACHINE = "Linux x86_64, Some CPU, 2 cores, CPython 3.12, "

    def test_made_with_coverage(self) -> None:
        there = [self.MACHINE + "coverage by CTracer, one process", "Darwin arm64, M1, coverage off, one process"]
        assert wording.another_class(self.MACHINE + "coverage off, one process", there) == (
            "tests/meta/baseline.json: its timings were made with coverage by CTracer, this run without coverage, and "
            f"that cannot be compared. To have timings of both, {wording.MAKE}, and commit the file"
        )

    def test_made_by_workers(self) -> None:
        there = [self.MACHINE + "coverage off, 2 workers", self.MACHINE + "coverage by CTracer, 3 workers"]
        assert "made by 3 workers, this run in one process, and" in wording.another_class(
            self.MACHINE + "coverage by CTracer, one process", there
        )

    def test_made_elsewhere(self) -> None:
        there = [self.MACHINE.replace("2 cores", "4 cores") + "coverage off, one process"]
        said = wording.another_class(self.MACHINE + "coverage off, one process", there)
        assert f"made on another class of machine ({there[0]}); here: {self.MACHINE}coverage off" in said


class TestWhatIsSaid:
    def test_what_accounts_for_it_the_greatest_first(self) -> None:
        tests = {("tests/test_b.py", "test_one"): Took(1.0, 0.0), **several(40, 0.01)}
        then = accepted({}, rows(tests))
        now = {("tests/test_b.py", "test_one"): Took(4.0, 0.0), **several(40, 0.02)}
        said = wording.compared(differences(then, rows(now), 0.0), 10, "a machine")
        assert said.line == (
            "The suite has slowed down: what took 1.40 s by tests/meta/baseline.json takes 4.80 s, 243 % more; "
            "10 % more are allowed."
        )
        assert (
            """
    +3.00 s  tests/test_b.py::test_one (1.00 -> 4.00 s)
    +0.40 s  tests/test_a.py (40 small tests, 0.40 -> 0.80 s)
"""
            in said.details
        )
        assert "python -m pytest --durations=10 -vv tests/test_b.py\n" in said.details

    def test_what_is_spread_over_a_file_is_told_of_the_file(self) -> None:
        found = differences(accepted({}, rows(several(40, 0.1))), rows(several(40, 0.12)), 0.0)
        assert "+0.80 s  tests/test_a.py (40 tests, 4.00 -> 4.80 s)\n" in wording.compared(found, 10, "").details

    def test_a_fraction_of_a_second_is_no_slow_down(self) -> None:
        found = differences(accepted({}, rows(several(2, 0.1))), rows(several(2, 0.15)), 0.0)
        said = wording.compared(found, 10, "")
        assert said.outcome is Outcome.PASSED
        assert said.line.endswith("what took 0.20 s by tests/meta/baseline.json takes 0.30 s, 50 % more.")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    row = {"test_a": [1.5], SMALL: [1, 1], "test_b": [1, -1], "test_c": ["1", 1], "test_d": [1, 0.5]}
    with pytest.raises(BaselineError) as caught:
        parsed({"tests/test_a.py": row, "tests/test_b.py": 3})
    assert caught.value.problems == [
        "tests/test_a.py: test_a must be [seconds, CPU seconds]",
        "tests/test_a.py: (small) must be [seconds, CPU seconds, tests]",
        "tests/test_a.py: test_b must be [seconds, CPU seconds]",
        "tests/test_a.py: test_c must be [seconds, CPU seconds]",
        'tests/test_b.py must be an object of tests, as in {"test_it": [1.5, 0.2]}',
    ]
    with pytest.raises(BaselineError, match=r'^"\." must have \(work\); take the line back'):
        parsed({"tests/test_a.py": {}})

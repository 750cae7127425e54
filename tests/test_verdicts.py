"""The verdicts, decided without pytest: what passes, what fails, what cannot be judged, and in which words."""

from __future__ import annotations

import datetime
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.coverage_verdicts import total_meets_minimum
from meta_regime.extras.known_slow.entries import KnownSlow, entry_to_paste
from meta_regime.policy import Coverage, Performance, Policy, PolicyError, SlowTests
from meta_regime.record import FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming
from meta_regime.time_verdicts import no_new_slow_tests, seconds, suite_within_budget
from meta_regime.verdict import (
    Decide,
    Outcome,
    Standards,
    Verdict,
    broken_standards,
    extra,
    load_standards,
    not_judged,
    percent,
    reach_verdict,
)

TODAY = datetime.date(2026, 11, 22)
FAST = TestTiming("tests/test_a.py::test_fast", 0.0, 0.01, 0.0, 0.0, "passed")
DECIDERS: list[Decide] = [total_meets_minimum, suite_within_budget, no_new_slow_tests]


def covered(*counts: tuple[int, int, int, int], fail_under: float | None = None) -> MeasuredCoverage:
    files = tuple(FileCoverage(f"src/shop/file{number}.py", *count) for number, count in enumerate(counts))
    return MeasuredCoverage(files, fail_under)


def run_of(*tests: TestTiming, **facts: object) -> SuiteRun:
    run = SuiteRun("this session", tests=tests or (FAST,), seconds=1.0, coverage=covered((10, 0, 0, 0)))
    return replace(run, **facts)  # type: ignore[arg-type]


def slow_test(name: str, *phases: float, queued: float = 0.0) -> TestTiming:
    setup, call, teardown = phases
    return TestTiming(f"tests/test_a.py::{name}", setup, call, teardown, queued, "passed")


class TestEveryVerdict:
    @pytest.mark.parametrize("decide", DECIDERS)
    def test_a_whole_healthy_run_passes(self, decide: Decide) -> None:
        assert reach_verdict(decide, run_of(), Standards()).outcome is Outcome.PASSED

    @pytest.mark.parametrize("decide", DECIDERS)
    def test_a_partial_run_is_not_judged(self, decide: Decide) -> None:
        verdict = reach_verdict(decide, run_of(partial="partial run (-k foo)"), Standards())
        assert verdict == Verdict(Outcome.NOT_JUDGED, "not judged: partial run (-k foo)")

    @pytest.mark.parametrize("decide", DECIDERS)
    def test_a_suite_without_tests_is_not_judged(self, decide: Decide) -> None:
        verdict = reach_verdict(decide, replace(run_of(), tests=()), Standards())
        assert verdict == Verdict(Outcome.NOT_JUDGED, "not judged: no test of the suite was executed")

    @pytest.mark.parametrize("decide", DECIDERS)
    def test_a_broken_run_fails_whatever_it_measured(self, decide: Decide) -> None:
        verdict = reach_verdict(decide, run_of(broken="It did not end.", output="a\nb", partial="x"), Standards())
        assert verdict.outcome is Outcome.FAILED
        assert verdict.message == "The suite could not be judged. It did not end.\n\na\nb"

    @pytest.mark.parametrize("decide", DECIDERS)
    def test_failed_tests_are_said_and_fail_where_nobody_else_would_turn_red(self, decide: Decide) -> None:
        run = run_of(FAST, slow_test("test_bad", 0, 0, 0)._replace(outcome="failed"))
        here = reach_verdict(decide, run, Standards())
        assert here.outcome is Outcome.PASSED
        assert "1 test of the suite failed" in here.line
        elsewhere = reach_verdict(decide, replace(run, source="a child run"), Standards())
        assert elsewhere.outcome is Outcome.FAILED
        assert "1 test of the suite failed; mend that first." in elsewhere.line
        assert "tests/test_a.py::test_bad" in elsewhere.details

    @pytest.mark.parametrize("decide", DECIDERS)
    def test_a_partial_child_run_with_failed_tests_fails(self, decide: Decide) -> None:
        bad = slow_test("test_bad", 0, 0, 0)._replace(outcome="failed")
        run = run_of(bad, source="a child run", partial="the session was stopped: stopping after 1 failures")
        assert reach_verdict(decide, run, Standards()).outcome is Outcome.FAILED

    def test_ten_of_the_tests_that_failed_are_named_and_all_are_counted(self) -> None:
        bad = [slow_test(f"test_{number}", 0, 0, 0)._replace(outcome="failed") for number in range(11)]
        verdict = reach_verdict(suite_within_budget, run_of(FAST, *bad, source="a child run"), Standards())
        assert verdict.line.startswith("11 tests of the suite failed; mend that first. (")
        assert verdict.details.count("python -m pytest tests/test_a.py::test_") == 10

    def test_what_cannot_be_judged_fails_where_that_is_demanded_unless_it_says_otherwise(self) -> None:
        assert not not_judged("partial run").optional


class TestStandards:
    def test_each_file_is_read_into_its_place(self, tmp_path: Path) -> None:
        (tmp_path / "policy.toml").write_text("[coverage]\nminimum = 64\n", encoding="utf-8")
        (tmp_path / "known_slow.toml").write_text(entry_to_paste("a.py::test_b", 11, TODAY, "why"), encoding="utf-8")
        standards = load_standards(tmp_path, TODAY)
        assert standards.policy.coverage.minimum == 64
        assert [entry.test for entry in standards.known_slow] == ["a.py::test_b"]
        assert standards.today == TODAY

    def test_what_is_wrong_in_either_is_said_at_once(self, tmp_path: Path) -> None:
        for name in ("policy.toml", "known_slow.toml"):
            (tmp_path / name).write_text("a = [", encoding="utf-8")
        with pytest.raises(PolicyError) as caught:
            load_standards(tmp_path, TODAY)
        assert [problem.split()[0] for problem in caught.value.problems] == ["policy.toml", "known_slow.toml"]

    def test_one_thing_wrong_is_the_line_and_several_are_listed(self) -> None:
        one = broken_standards(PolicyError(["policy.toml is missing"]))
        assert one == Verdict(Outcome.FAILED, "Nothing was judged. tests/meta/policy.toml is missing")
        two = broken_standards(PolicyError(["policy.toml: a", "known_slow.toml: b"]))
        line, listed = (
            "Nothing was judged: 2 settings in tests/meta are wrong.",
            "    policy.toml: a\n    known_slow.toml: b",
        )
        assert two == Verdict(Outcome.FAILED, line, listed)

    def test_an_extra_that_was_deleted_is_none(self) -> None:
        assert extra("deleted_by_its_owner") is None


class TestTotalCoverage:
    def judge(self, coverage: MeasuredCoverage | None, minimum: float = 80.0, **facts: object) -> Verdict:
        standards = Standards(Policy(coverage=Coverage(minimum=minimum, target=100)))
        return total_meets_minimum(run_of(coverage=coverage, **facts), standards)

    def test_exactly_the_minimum_passes(self) -> None:
        assert self.judge(covered((10, 2, 0, 0))).outcome is Outcome.PASSED

    def test_just_below_fails_and_is_not_rounded_up(self) -> None:
        verdict = self.judge(covered((100_000, 20_001, 0, 0)))
        assert verdict.outcome is Outcome.FAILED
        assert verdict.line == "Total coverage is 79.99 %, the minimum is 80 %."
        assert "(The minimum: tests/meta/policy.toml, [coverage] minimum.)" in verdict.details

    def test_63_5_does_not_pass_a_minimum_of_64(self) -> None:
        assert self.judge(covered((1000, 365, 0, 0)), minimum=64).outcome is Outcome.FAILED

    def test_a_decimal_minimum_means_what_is_written(self) -> None:
        assert self.judge(covered((1000, 299, 0, 0)), minimum=70.1).outcome is Outcome.PASSED
        assert self.judge(covered((1000, 300, 0, 0)), minimum=70.1).outcome is Outcome.FAILED

    def test_branches_count(self) -> None:
        assert self.judge(covered((10, 0, 10, 4))).outcome is Outcome.PASSED
        assert self.judge(covered((10, 0, 10, 5))).outcome is Outcome.FAILED

    @pytest.mark.parametrize(("fail_under", "outcome"), [(70.0, Outcome.PASSED), (80.0, Outcome.FAILED)])
    def test_fail_under_wins_over_the_policy(self, fail_under: float, outcome: Outcome) -> None:
        verdict = self.judge(covered((100, 25, 0, 0), fail_under=fail_under), minimum=75)
        assert verdict.outcome is outcome
        assert f"the minimum is {fail_under:g} %" in verdict.line
        assert ("fail_under in the project's coverage settings" in verdict.details) is (outcome is Outcome.FAILED)

    @pytest.mark.parametrize(("missing", "way"), [(20, 10), (11, 1), (10, None), (9, None)])
    def test_a_pass_below_the_target_tells_what_is_missing_to_it(self, missing: int, way: int | None) -> None:
        standards = Standards(Policy(coverage=Coverage(minimum=75, target=90)))
        verdict = total_meets_minimum(run_of(coverage=covered((100, missing, 0, 0))), standards)
        told = f" Statements and branches to cover to the target of 90 %: {way}." if way else ""
        line = f"Total coverage is {100 - missing}.00 %, the minimum is 75 %.{told}"
        assert verdict == Verdict(Outcome.PASSED, line)

    @pytest.mark.parametrize(
        ("minimum", "told"),
        [(80, "1 to the minimum, 11 to the target of 90 %"), (90, "11 to the minimum"), (95, "16 to the minimum")],
    )
    def test_a_target_that_asks_for_no_more_than_the_minimum_is_not_told(self, minimum: float, told: str) -> None:
        standards = Standards(Policy(coverage=Coverage(minimum=75, target=90)))
        verdict = total_meets_minimum(run_of(coverage=covered((100, 21, 0, 0), fail_under=minimum)), standards)
        assert verdict.details.startswith(f"Statements and branches to cover: {told}.\n")

    @pytest.mark.parametrize("fail_under", [70.0, 80.0])
    def test_a_policy_that_says_otherwise_is_named(self, fail_under: float) -> None:
        said = self.judge(covered((100, 10, 0, 0), fail_under=fail_under), minimum=75).line
        assert "(fail_under in the project's coverage settings; the policy says 75 %)" in said
        assert "the policy says" not in self.judge(covered((100, 10, 0, 0), fail_under=75.0), minimum=75).line

    def test_no_coverage_is_not_judged_and_says_why(self) -> None:
        verdict = self.judge(None, coverage_missing="this session ran without --cov")
        assert verdict == Verdict(Outcome.NOT_JUDGED, "not judged: this session ran without --cov")

    def test_nothing_to_count_is_not_a_pass(self) -> None:
        assert self.judge(covered()).outcome is Outcome.NOT_JUDGED
        assert self.judge(covered((0, 0, 0, 0))).outcome is Outcome.NOT_JUDGED

    def test_the_message_tells_how_much_is_missing_and_where_it_is_gained(self) -> None:
        coverage = covered((10, 1, 0, 0), (30, 20, 10, 5), (10, 0, 0, 0))._replace(sources=("src/shop", "my tools"))
        verdict = self.judge(coverage)
        assert verdict.message == (
            "Total coverage is 56.66 %, the minimum is 80 %.\n\n"
            "Statements and branches to cover: 14 to the minimum, 26 to the target of 100 %.\n"
            "(The minimum: tests/meta/policy.toml, [coverage] minimum.)\n"
            "Most is to be gained here (the third column: the total once this file and those above it are\n"
            "covered):\n\n"
            "    to cover  covered  total then  file\n"
            "          25  37.50 %     98.33 %  src/shop/file1.py\n"
            "           1  90.00 %    100.00 %  src/shop/file0.py\n\n"
            "Next, see the lines (or with --cov-report=html, in htmlcov/index.html):\n\n"
            "    python -m pytest --cov=src/shop --cov='my tools' --cov-report=term-missing\n\n"
            "Test what matters first. The whole way to the target: "
            "python -m pytest tests/meta --meta-plan=plan.md\n"
            "Ways out of this: tests/meta/README.md"
        )

    @given(
        st.lists(st.tuples(st.integers(1, 500), st.integers(0, 500)), min_size=1, max_size=6), st.integers(1, 10_000)
    )
    def test_as_many_units_as_it_says_are_enough_and_one_less_is_not(
        self, counts: list[tuple[int, int]], hundredths: int
    ) -> None:
        coverage = covered(*[(units, min(units, missing), 0, 0) for units, missing in counts])
        verdict = self.judge(coverage, minimum=hundredths / 100)
        if verdict.outcome is Outcome.PASSED:
            assert coverage.percent >= Fraction(hundredths, 100)
            return
        needed = int(verdict.details.split()[5])
        total = sum(units for units, _ in counts)
        done = total - sum(file.uncovered for file in coverage.files)
        assert Fraction(100 * (done + needed), total) >= Fraction(hundredths, 100)
        assert Fraction(100 * (done + needed - 1), total) < Fraction(hundredths, 100)


class TestSuiteTime:
    standards = Standards(Policy(performance=Performance(suite_seconds=10, ideal_seconds=5, tolerance_percent=0)))

    def test_within_the_budget_passes_and_tells_the_ideal(self) -> None:
        verdict = suite_within_budget(run_of(seconds=8.0), self.standards)
        assert verdict == Verdict(Outcome.PASSED, "The suite took 8.00 s, its budget is 10 s (ideal: 5 s).")

    def test_over_the_budget_fails_with_the_slowest_files_and_tests(self) -> None:
        tests = (slow_test("test_x", 1, 7, 0), slow_test("test_y", 0, 2, 1), FAST)
        verdict = suite_within_budget(run_of(*tests, seconds=12.5), self.standards)
        assert verdict.outcome is Outcome.FAILED
        assert verdict.line == "The suite took 12.50 s, its budget is 10 s."
        assert "It is 2.50 s over (tests/meta/policy.toml, [performance] suite_seconds)." in verdict.details
        assert "      11.01  tests/test_a.py" in verdict.details
        assert verdict.details.index("test_x") < verdict.details.index("test_y")

    def test_a_little_over_the_budget_is_reported_unless_no_tolerance_is_given(self) -> None:
        standards = Standards(Policy(performance=Performance(suite_seconds=10, ideal_seconds=5)))
        line = "The suite took 12.50 s, its budget is 10 s: over it, within the tolerance of 25 %."
        assert suite_within_budget(run_of(seconds=12.5), standards) == Verdict(Outcome.PASSED, line)
        assert suite_within_budget(run_of(seconds=12.51), standards).outcome is Outcome.FAILED
        assert suite_within_budget(run_of(seconds=10.01), self.standards).outcome is Outcome.FAILED

    @pytest.mark.parametrize(
        ("took", "told"),
        [(4.0, ""), (5.0, ""), (5.5, " (ideal: 5 s)"), (9.5, " (ideal: 5 s)"), (10.0, " (ideal: 5 s)")]
        + [(took, ": over it, within the tolerance of 25 %") for took in (10.5, 12.0)],
    )
    def test_a_pass_tells_the_ideal_or_what_it_is_over(self, took: float, told: str) -> None:
        standards = Standards(Policy(performance=Performance(suite_seconds=10, ideal_seconds=5)))
        line = f"The suite took {took:.2f} s, its budget is 10 s{told}."
        assert suite_within_budget(run_of(seconds=took), standards) == Verdict(Outcome.PASSED, line)

    def test_a_crowded_machine_is_not_a_slow_suite(self) -> None:
        verdict = suite_within_budget(run_of(seconds=15.0, queued=9.0), self.standards)
        assert verdict.outcome is Outcome.PASSED
        assert "took 6.00 s (15.00 s by the clock, less 9.00 s waiting for a busy CPU)" in verdict.line

    @pytest.mark.parametrize(
        ("took", "queued", "told"), [(8.0, 0.49, False), (8.0, 0.5, True), (100.0, 4.9, False), (100.0, 5.0, True)]
    )
    def test_waiting_for_a_cpu_is_told_from_half_a_second_and_a_twentieth_on(
        self, took: float, queued: float, *, told: bool
    ) -> None:
        line = suite_within_budget(run_of(seconds=took, queued=queued), self.standards).line
        assert ("waiting for a busy CPU" in line) is told

    def test_hundredths_are_written_below_a_hundred_seconds(self) -> None:
        assert [seconds(value) for value in (0.0, 99.99, 100.0, 123.4)] == ["0.00 s", "99.99 s", "100 s", "123 s"]


class TestSlowTests:
    standards = Standards(Policy(slow_tests=SlowTests(limit_seconds=10, tolerance_percent=0)))

    def judge(self, *tests: TestTiming, known: tuple[KnownSlow, ...] = (), **facts: object) -> Verdict:
        return no_new_slow_tests(run_of(*tests, **facts), replace(self.standards, known_slow=known, today=TODAY))

    @pytest.mark.parametrize("phases", [(11, 0, 0), (0, 11, 0), (0, 0, 11), (4, 4, 4)])
    def test_all_phases_count_and_are_summed(self, phases: tuple[float, float, float]) -> None:
        verdict = self.judge(FAST, slow_test("test_x", *phases))
        assert verdict.outcome is Outcome.FAILED
        assert "test_x" in verdict.details
        assert "test_fast" not in verdict.details

    def test_exactly_the_limit_passes(self) -> None:
        at_it, over_it = slow_test("test_x", 0, 10, 0), slow_test("test_y", 0, 11, 0)
        line = "No test is slower than 10 s, the slowest takes 10.00 s."
        assert self.judge(at_it) == Verdict(Outcome.PASSED, line)
        assert self.judge(FAST) == Verdict(Outcome.PASSED, line.replace("10.00", "0.01"))
        known = KnownSlow(over_it.nodeid, 12, "emulator", TODAY)
        line = "No test is slower than 10 s; 1 excused by known_slow.toml."
        assert self.judge(at_it, over_it, known=(known,)) == Verdict(Outcome.PASSED, line)

    def test_a_little_over_the_limit_is_reported_unless_no_tolerance_is_given(self) -> None:
        standards = Standards(Policy(slow_tests=SlowTests(limit_seconds=10)))
        near = slow_test("test_x", 0, 12.5, 0)
        assert no_new_slow_tests(run_of(near, FAST), standards) == Verdict(
            Outcome.PASSED,
            "No test is over the limit of 10 s by more than 25 %; over it: tests/test_a.py::test_x (12.50 s).",
        )
        assert no_new_slow_tests(run_of(slow_test("test_x", 0, 12.51, 0)), standards).outcome is Outcome.FAILED
        assert self.judge(near).outcome is Outcome.FAILED

    @pytest.mark.parametrize(("count", "told"), [(3, "."), (4, " and 1 more."), (5, " and 2 more.")])
    def test_three_that_are_a_little_over_the_limit_are_named(self, count: int, told: str) -> None:
        standards = Standards(Policy(slow_tests=SlowTests(limit_seconds=10)))
        slow = [slow_test(f"test_{number}", 0, 12 - number / 10, 0) for number in range(count)]
        line = no_new_slow_tests(run_of(*reversed(slow)), standards).line
        assert line.endswith(f"test_1 (11.90 s), tests/test_a.py::test_2 (11.80 s){told}")

    def test_tests_and_fixtures_are_counted_apart(self) -> None:
        fixture = FixtureTiming("db", "session", "tests", 13.0, 0.0, 0.0)
        verdict = self.judge(slow_test("test_x", 0, 11, 0), slow_test("test_y", 0, 11, 0), fixtures=(fixture,))
        assert verdict.line == "2 tests and 1 fixture are slower than 10 s."

    def test_a_fixture_of_each_worker_is_named_once(self) -> None:
        rows = tuple(FixtureTiming("db", "session", "tests", seconds, 0.0, 0.0) for seconds in (13.0, 11.0, 12.0))
        verdict = self.judge(FAST, fixtures=rows)
        assert verdict.line.startswith("1 fixture is slower than 10 s")
        assert "13.00 13.00 - 0.00 tests::db [session fixture]: 3 x 12.00 s" in " ".join(verdict.details.split())

    def test_time_spent_queueing_for_a_cpu_is_not_the_tests(self) -> None:
        assert self.judge(slow_test("test_x", 0, 15, 0, queued=6)).outcome is Outcome.PASSED
        assert self.judge(slow_test("test_x", 0, 15, 0, queued=4)).outcome is Outcome.FAILED

    def test_a_fixture_of_wider_scope_has_a_row_of_its_own(self) -> None:
        fixture = FixtureTiming("db", "session", "tests/unit", 9.0, 2.5, 0.0)
        verdict = self.judge(FAST, fixtures=(fixture,))
        assert verdict.line.startswith("1 fixture is slower than 10 s")
        assert "      11.50    9.00     -      2.50  tests/unit::db [session fixture]" in verdict.details.replace(
            "  11.50", "      11.50", 1
        )

    def test_the_message_offers_the_next_command_and_an_entry_to_paste(self) -> None:
        verdict = self.judge(slow_test("test_it's[a b]", 1, 11, 0))
        assert """python -m pytest --durations=0 -vv 'tests/test_a.py::test_it'"'"'s[a b]'""" in verdict.details
        assert 'test = "tests/test_a.py::test_it\'s[a b]"' in verdict.details
        assert "seconds = 15.0" in verdict.details
        assert "until = 2027-02-20" in verdict.details

    def test_an_entry_excuses_until_it_ends_and_up_to_its_seconds(self) -> None:
        slow = slow_test("test_x", 0, 11, 0)
        entry = KnownSlow(slow.nodeid, 12, "emulator", TODAY)
        assert self.judge(slow, known=(entry,)) == Verdict(
            Outcome.PASSED, "No test is slower than 10 s; 1 excused by known_slow.toml."
        )
        ended = self.judge(slow, known=(entry._replace(until=datetime.date(2026, 11, 21)),))
        assert ended.outcome is Outcome.FAILED
        assert "The entry of tests/test_a.py::test_x in known_slow.toml ended on 2026-11-21." in ended.details
        slower = self.judge(slow_test("test_x", 0, 13, 0), known=(entry,))
        assert "in known_slow.toml allows 12 s." in slower.details


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(79999, 1000), "79.99 %"),
        (Fraction(100), "100.00 %"),
        (Fraction(2, 3), "0.66 %"),
        (Fraction(0), "0.00 %"),
    ],
)
def test_per_cent_is_never_rounded_up(value: Fraction, text: str) -> None:
    assert percent(value) == text

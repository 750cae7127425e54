"""Verdicts on time: is the suite, and is each test, fast enough to be run often?"""

from __future__ import annotations

from collections.abc import Sequence

from .record import FixtureTiming, SuiteRun, TestTiming
from .verdict import Outcome, Standards, Verdict, details_from


def suite_within_budget(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge the seconds of the whole run against the budget.

    Time that a serial run spent queueing for a CPU is taken off; under xdist it is not known and nothing is.
    """
    budget, ideal = standards.policy.performance.suite_seconds, standards.policy.performance.ideal_seconds
    line = f"The suite took {seconds(run.owned)}{_queue_note(run)}, its budget is {budget:g} s"
    if run.owned <= budget:
        towards = f" (ideal: {ideal:g} s)" if run.owned > ideal else ""
        return Verdict(Outcome.PASSED, f"{line}{towards}.")
    return Verdict(Outcome.FAILED, f"{line}.", details_from("where_time_goes", "in_the_suite", run, run.owned - budget))


def _queue_note(run: SuiteRun) -> str:
    if run.queued < max(0.5, 0.05 * run.seconds):
        return ""
    return f" ({seconds(run.seconds)} by the clock, less {seconds(run.queued)} waiting for a busy CPU)"


def no_new_slow_tests(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each test (set-up, call and teardown summed) and each wide fixture against the limit.

    A test in `known_slow.toml` may take what its entry allows, until the entry's date.
    """
    limit, today = standards.policy.slow_tests.limit_seconds, standards.today
    rows: list[TestTiming | FixtureTiming] = [*run.tests, *run.fixtures]
    over = sorted((row for row in rows if row.owned > limit), key=lambda row: -row.owned)
    slow = [row for row in over if not any(e.excuses(name_of(row), row.owned, today) for e in standards.known_slow)]
    if slow:
        details = details_from("where_time_goes", "in_slow_tests", slow, standards.known_slow, today)
        return Verdict(Outcome.FAILED, f"{_tests_and_fixtures(slow)} slower than {limit:g} s.", details)
    excused = f"; {len(over)} excused by known_slow.toml" if over else ""
    slowest = max(rows, key=lambda row: row.owned, default=None)
    most = f", the slowest takes {seconds(slowest.owned)}" if slowest is not None and not over else ""
    return Verdict(Outcome.PASSED, f"No test is slower than {limit:g} s{most}{excused}.")


def _tests_and_fixtures(rows: Sequence[TestTiming | FixtureTiming]) -> str:
    tests = sum(isinstance(row, TestTiming) for row in rows)
    counts = [(tests, "test"), (len(rows) - tests, "fixture")]
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return " and ".join(words) + (" is" if len(rows) == 1 else " are")


def name_of(row: TestTiming | FixtureTiming) -> str:
    """Give the id of a test, or what stands for a fixture."""
    return row.nodeid if isinstance(row, TestTiming) else row.label


def seconds(value: float) -> str:
    """Write seconds as a person reads them."""
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"

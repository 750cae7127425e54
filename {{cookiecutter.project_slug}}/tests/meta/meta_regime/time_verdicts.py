"""Verdicts on time: is the suite, and is each test, fast enough to be run often?"""

from __future__ import annotations

from collections.abc import Sequence

from .record import FixtureTiming, SuiteRun, TestTiming
from .verdict import Outcome, Standards, Verdict, details_from

Row = TestTiming | FixtureTiming


def suite_within_budget(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge the seconds of the whole run against the budget, less what it spent queueing for a CPU.

    Up to the tolerance above its budget it passes, and says so (as Bazel's "too slow for its size" has a band).
    """
    policy = standards.policy.performance
    over = run.owned - policy.suite_seconds
    line = f"The suite took {seconds(run.owned)}{_queue_note(run)}, its budget is {policy.suite_seconds:g} s"
    if over > policy.suite_seconds * policy.tolerance_percent / 100:
        return Verdict(Outcome.FAILED, f"{line}.", details_from("where_time_goes", "in_the_suite", run, over))
    towards = f" (ideal: {policy.ideal_seconds:g} s)" if run.owned > policy.ideal_seconds else ""
    late = f": over it, within the tolerance of {policy.tolerance_percent:g} %" if over > 0 else towards
    return Verdict(Outcome.PASSED, f"{line}{late}.")


def _queue_note(run: SuiteRun) -> str:
    if run.queued < max(0.5, 0.05 * run.seconds):
        return ""
    return f" ({seconds(run.seconds)} by the clock, less {seconds(run.queued)} waiting for a busy CPU)"


def no_new_slow_tests(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each test (set-up, call and teardown summed) and each wide fixture against the limit."""
    return slow_tests_verdict(suspects(run, standards), run, standards)


def suspects(run: SuiteRun, standards: Standards) -> list[Row]:
    """List what is slower than the limit and its tolerance, the slowest first; a fixture once, however often it ran."""
    return [row for row in _over_the_limit(run, standards) if row.owned > fails_above(standards)]


def fails_above(standards: Standards) -> float:
    """Give the seconds above which a test is too slow: the limit and its tolerance."""
    policy = standards.policy.slow_tests
    return policy.limit_seconds * (1 + policy.tolerance_percent / 100)


def _over_the_limit(run: SuiteRun, standards: Standards) -> list[Row]:
    """List what is over the limit, and not excused: a known slow test may take what its entry says, until its date."""
    slow, today = slower_than(standards.policy.slow_tests.limit_seconds, run), standards.today
    return [row for row in slow if not any(e.excuses(name_of(row), row.owned, today) for e in standards.known_slow)]


def slower_than(limit: float, run: SuiteRun) -> list[Row]:
    """List what took longer, the slowest first; a fixture once, however often it ran."""
    rows: zip[tuple[Row, float]] = zip((*run.tests, *run.fixtures), run.took, strict=True)
    slow = sorted((row for row, took in rows if took > limit), key=lambda row: row.owned)
    return sorted({name_of(row): row for row in slow}.values(), key=lambda row: -row.owned)


def slow_tests_verdict(slow: Sequence[Row], run: SuiteRun, standards: Standards, details: str = "") -> Verdict:
    """Accuse what is slow. If nothing is, say how slow the slowest is, or what is just over the limit or excused."""
    limit = standards.policy.slow_tests.limit_seconds
    if slow:
        details = details or details_from("where_time_goes", "in_slow_tests", slow, run, standards)
        return Verdict(Outcome.FAILED, f"{_tests_and_fixtures(slow)} slower than {limit:g} s.", details)
    most = max(run.took, default=0.0)
    if most <= limit:
        return Verdict(Outcome.PASSED, f"No test is slower than {limit:g} s, the slowest takes {seconds(most)}.")
    near = [f"{name_of(row)} ({seconds(row.owned)})" for row in _over_the_limit(run, standards)]
    excused = len(slower_than(limit, run)) - len(near)
    notes = f"; {excused} excused by known_slow.toml" if excused else ""
    if not near:
        return Verdict(Outcome.PASSED, f"No test is slower than {limit:g} s{notes}.")
    more = f" and {len(near) - 3} more" if len(near) > 3 else ""
    within = f"by more than {standards.policy.slow_tests.tolerance_percent:g} %"
    line = f"No test is over the limit of {limit:g} s {within}; over it: {', '.join(near[:3])}{more}{notes}."
    return Verdict(Outcome.PASSED, line)


def _tests_and_fixtures(rows: Sequence[Row]) -> str:
    tests = sum(isinstance(row, TestTiming) for row in rows)
    counts = [(tests, "test"), (len(rows) - tests, "fixture")]
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return " and ".join(words) + (" is" if len(rows) == 1 else " are")


def name_of(row: Row) -> str:
    """Give the id of a test, or what stands for a fixture."""
    return row.nodeid if isinstance(row, TestTiming) else row.label


def seconds(value: float) -> str:
    """Write seconds as a person reads them."""
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"

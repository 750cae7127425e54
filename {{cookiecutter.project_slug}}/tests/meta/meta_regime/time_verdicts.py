"""Verdicts on time: is the suite, and is each test, fast enough to be run often?"""

from __future__ import annotations

import datetime
import shlex
import textwrap
from collections import defaultdict
from collections.abc import Sequence

from .known_slow import KnownSlow, entry_to_paste
from .record import FixtureTiming, SuiteRun, TestTiming
from .verdict import Outcome, Standards, Verdict, table

_ROWS_SHOWN = 8


def suite_within_budget(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge the seconds of the whole run against the budget.

    Time that a serial run spent queueing for a CPU is taken off; under xdist it is not known and nothing is.
    """
    budget, ideal = standards.policy.performance.suite_seconds, standards.policy.performance.ideal_seconds
    line = f"The suite took {_seconds(run.owned)}{_queue_note(run)}, its budget is {budget:g} s"
    if run.owned <= budget:
        towards = f" (ideal: {ideal:g} s)" if run.owned > ideal else ""
        return Verdict(Outcome.PASSED, f"{line}{towards}.")
    return Verdict(Outcome.FAILED, f"{line}.", _where_time_goes(run, run.owned - budget))


def _queue_note(run: SuiteRun) -> str:
    if run.queued < max(0.5, 0.05 * run.seconds):
        return ""
    return f" ({_seconds(run.seconds)} by the clock, less {_seconds(run.queued)} waiting for a busy CPU)"


def _where_time_goes(run: SuiteRun, over: float) -> str:
    by_file: dict[str, float] = defaultdict(float)
    for test in run.tests:
        by_file[test.nodeid.split("::")[0]] += test.owned
    noticed = ((file, seconds) for file, seconds in by_file.items() if seconds >= 0.005)
    files = sorted(noticed, key=lambda pair: (-pair[1], pair[0]))[:_ROWS_SHOWN]
    rows: list[TestTiming | FixtureTiming] = [*run.tests, *run.fixtures]
    slowest = sorted((row for row in rows if row.owned >= 0.005), key=lambda row: -row.owned)[:_ROWS_SHOWN]
    in_tests = sum(row.owned for row in rows)
    work = f"Tests and fixtures took {_seconds(in_tests)}"
    if run.shards:
        work += f" in {run.shards} shards, {_seconds(in_tests / run.shards)} each on average"
    elif run.workers:
        work += f" on {run.workers} workers, that is {_seconds(in_tests / run.workers)} each"
    else:
        work += f", {_seconds(max(0.0, run.seconds - run.queued - in_tests))} was start-up, collection and the like"
    return f"""It is {_seconds(over)} over (tests/meta/policy.toml, [performance] suite_seconds).
{work}.
The slowest files:

{table(("seconds", "file"), [(f"{seconds:.2f}", file) for file, seconds in files])}

The slowest tests and fixtures:

{table(("seconds", "test"), [(f"{row.owned:.2f}", _name(row)) for row in slowest])}

Next: make the slowest wait less (retries, sleeps, breakers' time-outs), share dear fixtures,
or run with pytest-xdist (-n auto). Ways out of this: tests/meta/README.md"""


def no_new_slow_tests(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each test (set-up, call and teardown summed) and each wide fixture against the limit.

    A test in `known_slow.toml` may take what its entry allows, until the entry's date.
    """
    limit, today = standards.policy.slow_tests.limit_seconds, standards.today
    rows: list[TestTiming | FixtureTiming] = [*run.tests, *run.fixtures]
    over = sorted((row for row in rows if row.owned > limit), key=lambda row: -row.owned)
    slow = [row for row in over if not any(e.excuses(_name(row), row.owned, today) for e in standards.known_slow)]
    if slow:
        line = f"{_tests_and_fixtures(slow)} slower than {limit:g} s."
        return Verdict(Outcome.FAILED, line, _accusation(slow, standards.known_slow, today))
    excused = f"; {len(over)} excused by known_slow.toml" if over else ""
    slowest = max(rows, key=lambda row: row.owned, default=None)
    most = f", the slowest takes {_seconds(slowest.owned)}" if slowest is not None and not over else ""
    return Verdict(Outcome.PASSED, f"No test is slower than {limit:g} s{most}{excused}.")


def _tests_and_fixtures(rows: Sequence[TestTiming | FixtureTiming]) -> str:
    tests = sum(isinstance(row, TestTiming) for row in rows)
    counts = [(tests, "test"), (len(rows) - tests, "fixture")]
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts if count]
    return " and ".join(words) + (" is" if len(rows) == 1 else " are")


def _accusation(slow: Sequence[TestTiming | FixtureTiming], known: Sequence[KnownSlow], today: datetime.date) -> str:
    rows = []
    for row in slow[:_ROWS_SHOWN]:
        call = f"{row.call:.2f}" if isinstance(row, TestTiming) else "-"
        rows.append((f"{row.owned:.2f}", f"{row.setup:.2f}", call, f"{row.teardown:.2f}", _name(row)))
    test = next((row.nodeid for row in slow if isinstance(row, TestTiming)), "")
    parts = [table(("seconds", "set-up", "call", "teardown", "test"), rows)]
    if len(slow) > _ROWS_SHOWN:
        parts.append(f"and {len(slow) - _ROWS_SHOWN} more.")
    parts += [note for row in slow[:_ROWS_SHOWN] for note in [_why_not_excused(row, known, today)] if note]
    entries = "\n\n".join(entry_to_paste(_name(row), row.owned, today) for row in slow[:_ROWS_SHOWN])
    parts.append(f"""Most slow tests wait: for a retry's back-off, a breaker's time-out, a real sleep.
Next, look at one alone:

    python -m pytest --durations=0 -vv {shlex.quote(test) if test else ""}

The limit stands in tests/meta/policy.toml, [slow_tests] limit_seconds; ways out of this in
tests/meta/README.md. What must be slow for now goes into tests/meta/known_slow.toml, each with
the reason filled in:

{textwrap.indent(entries, "    ")}""")
    return "\n\n".join(parts)


def _why_not_excused(row: TestTiming | FixtureTiming, known: Sequence[KnownSlow], today: datetime.date) -> str:
    for entry in known:
        if entry.matches(_name(row)):
            why = f"ended on {entry.until}" if today > entry.until else f"allows {entry.seconds:g} s"
            return f"The entry of {_name(row)} in known_slow.toml {why}."
    return ""


def _name(row: TestTiming | FixtureTiming) -> str:
    return row.nodeid if isinstance(row, TestTiming) else row.label


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if value < 100 else f"{value:.0f} s"

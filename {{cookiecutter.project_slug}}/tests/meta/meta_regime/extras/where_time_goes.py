"""Says where the time goes in a suite over its budget, and in slow tests: the details of those verdicts."""

from __future__ import annotations

import datetime
import shlex
import textwrap
from collections import defaultdict
from collections.abc import Sequence

from ..known_slow import KnownSlow, entry_to_paste
from ..record import FixtureTiming, SuiteRun, TestTiming
from ..time_verdicts import name_of, seconds
from ..verdict import table

_ROWS_SHOWN = 8


def in_the_suite(run: SuiteRun, over: float) -> str:
    """List the slowest files, tests and fixtures of a run that is `over` its budget by so many seconds."""
    by_file: dict[str, float] = defaultdict(float)
    for test in run.tests:
        by_file[test.nodeid.split("::")[0]] += test.owned
    noticed = ((file, taken) for file, taken in by_file.items() if taken >= 0.005)
    files = sorted(noticed, key=lambda pair: (-pair[1], pair[0]))[:_ROWS_SHOWN]
    rows: list[TestTiming | FixtureTiming] = [*run.tests, *run.fixtures]
    slowest = sorted((row for row in rows if row.owned >= 0.005), key=lambda row: -row.owned)[:_ROWS_SHOWN]
    in_tests = sum(row.owned for row in rows)
    work = f"Tests and fixtures took {seconds(in_tests)}"
    if run.shards:
        work += f" in {run.shards} shards, {seconds(in_tests / run.shards)} each on average"
    elif run.workers:
        work += f" on {run.workers} workers, that is {seconds(in_tests / run.workers)} each"
    else:
        work += f", {seconds(max(0.0, run.seconds - run.queued - in_tests))} was start-up, collection and the like"
    return f"""It is {seconds(over)} over (tests/meta/policy.toml, [performance] suite_seconds).
{work}.
The slowest files:

{table(("seconds", "file"), [(f"{taken:.2f}", file) for file, taken in files])}

The slowest tests and fixtures:

{table(("seconds", "test"), [(f"{row.owned:.2f}", name_of(row)) for row in slowest])}

Next: make the slowest wait less (retries, sleeps, breakers' time-outs), share dear fixtures,
or run with pytest-xdist (-n auto). Ways out of this: tests/meta/README.md"""


def in_slow_tests(slow: Sequence[TestTiming | FixtureTiming], known: Sequence[KnownSlow], today: datetime.date) -> str:
    """List the phases of slow tests and fixtures, why `known_slow.toml` does not excuse them, and what would."""
    rows = []
    for row in slow[:_ROWS_SHOWN]:
        call = f"{row.call:.2f}" if isinstance(row, TestTiming) else "-"
        rows.append((f"{row.owned:.2f}", f"{row.setup:.2f}", call, f"{row.teardown:.2f}", name_of(row)))
    test = next((row.nodeid for row in slow if isinstance(row, TestTiming)), "")
    parts = [table(("seconds", "set-up", "call", "teardown", "test"), rows)]
    if len(slow) > _ROWS_SHOWN:
        parts.append(f"and {len(slow) - _ROWS_SHOWN} more.")
    parts += [note for row in slow[:_ROWS_SHOWN] for note in [_why_not_excused(row, known, today)] if note]
    entries = "\n\n".join(entry_to_paste(name_of(row), row.owned, today) for row in slow[:_ROWS_SHOWN])
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
        if entry.matches(name_of(row)):
            why = f"ended on {entry.until}" if today > entry.until else f"allows {entry.seconds:g} s"
            return f"The entry of {name_of(row)} in known_slow.toml {why}."
    return ""

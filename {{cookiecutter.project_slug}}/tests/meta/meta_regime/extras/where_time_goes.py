"""Says where the time goes in a suite over its budget, and in slow tests: the details of those verdicts."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence

from ..record import SuiteRun, TestTiming
from ..stopwatch import Clocks
from ..time_verdicts import Row, name_of, seconds
from ..verdict import Standards, details_from
from ._table import table

_ROWS_SHOWN = 8


def in_the_suite(run: SuiteRun, over: float) -> str:
    """List the slowest files, tests and fixtures of a run that is `over` its budget by so many seconds."""
    from ._at_a_glance import slowest

    by_file: dict[str, float] = defaultdict(float)
    for test in run.tests:
        by_file[test.nodeid.split("::")[0]] += test.owned
    noticed = ((file, taken) for file, taken in by_file.items() if taken >= 0.005)
    files = sorted(noticed, key=lambda pair: (-pair[1], pair[0]))[:_ROWS_SHOWN]
    return f"""It is {seconds(over)} over (tests/meta/policy.toml, [performance] suite_seconds).
What it is made of{_shared_by(run)}:

{table(("seconds", ""), [(f"{taken:.2f}", part) for part, taken in parts_of(run) if taken >= 0.005])}
{_measuring(run)}{queueing_unknown()}
The slowest files:

{table(("seconds", "file"), [(f"{taken:.2f}", file) for file, taken in files])}

The slowest tests and fixtures:

{table(("seconds", "test"), [(f"{row.owned:.2f}", name_of(row)) for row in slowest(run, _ROWS_SHOWN)])}

Next: make the slowest wait less (retries, sleeps, breakers' time-outs), share dear fixtures,
or run with pytest-xdist (-n auto). Ways out of this: tests/meta/README.md"""


def _shared_by(run: SuiteRun) -> str:
    if run.shards:
        return f", on average of {run.shards} shards"
    return f", on average of {run.workers} workers" if run.workers else ""


def parts_of(run: SuiteRun) -> list[tuple[str, float]]:
    """Split the seconds of a run: name and seconds of each part. Under xdist, or of shards, they are an average."""
    by = run.shards or run.workers or 1
    phases = {phase: sum(getattr(test, phase) for test in run.tests) / by for phase in ("setup", "call", "teardown")}
    queued = sum(test.queued for test in run.tests) / by
    tests = f"in tests: {phases['setup']:.2f} set-up, {phases['call']:.2f} call, {phases['teardown']:.2f} teardown"
    tests += f", less {queued:.2f} waiting for a busy CPU" if queued >= 0.05 * sum(phases.values()) else ""
    parts = [
        (tests, max(0.0, sum(phases.values()) - queued)),
        ("in fixtures of class, module, package and session scope", sum(row.owned for row in run.fixtures) / by),
        *run.figures.get("parts", {}).items(),
    ]
    rest = run.owned - sum(taken for _, taken in parts)
    return [*parts, ("the rest: pytest and its plugins, around the tests", max(0.0, rest))]


def _measuring(run: SuiteRun) -> str:
    """Estimate what coverage's measuring takes, from how much slower it makes a piece of work."""
    if run.coverage is None:
        return ""
    slower = _times_slower(branch=any(file.branches for file in run.coverage.files))
    computed = sum(test.cpu for test in run.tests) + sum(fixture.cpu for fixture in run.fixtures)
    share = computed * (1 - 1 / slower) / (run.shards or run.workers or 1)
    how = f"an estimate: a sample of work takes {slower:.1f} times as long when it is measured"
    return f"\nOf that, coverage's measuring takes {seconds(share)} ({how}).\n"


def _times_slower(*, branch: bool) -> float:
    """Time a sample of work with and without coverage."""
    import coverage

    measured = coverage.Coverage(data_file=None, config_file=False, include=[__file__], branch=branch)
    plain = min(_sample_of_work() for _ in range(3))
    measured.start()
    try:
        traced = min(_sample_of_work() for _ in range(3))
    finally:
        measured.stop()
    return max(1.0, traced / plain)


def _sample_of_work() -> float:
    """Do what programs do, a few calls on each line; give the CPU seconds."""
    began = Clocks.cpu()
    for number in range(2_000):
        words = f"{number} bottles of beer on the wall".split()
        counts = {word: len(word) for word in words}
        if number % 3:
            counts[words[0]] = number
        "-".join(sorted(counts)).encode()
    return Clocks.cpu() - began


def in_slow_tests(slow: Sequence[Row], run: SuiteRun, standards: Standards, *, explained: bool = False) -> str:
    """List the phases of slow tests and fixtures, and what to do about them, unless their causes were told."""
    rows = []
    for row in slow[:_ROWS_SHOWN]:
        call = f"{row.call:.2f}" if isinstance(row, TestTiming) else "-"
        rows.append((f"{row.owned:.2f}", f"{row.setup:.2f}", call, f"{row.teardown:.2f}", _how_often(row, run)))
    test = next((row.nodeid for row in slow if isinstance(row, TestTiming)), "")
    parts = [table(("seconds", "set-up", "call", "teardown", "test"), rows) + queueing_unknown().rstrip()]
    if len(slow) > _ROWS_SHOWN:
        parts.append(f"and {len(slow) - _ROWS_SHOWN} more.")
    if not explained:
        parts.append(f"""Most slow tests wait: for a retry's back-off, a breaker's time-out, a real sleep.
Next, look at one alone:

    python -m pytest --durations=0 -vv {shlex.quote(test) if test else ""}""")
    parts.append(f"""The limit stands in tests/meta/policy.toml, [slow_tests] limit_seconds.
{details_from("known_slow", "how_to_excuse", slow[:_ROWS_SHOWN], standards)}""")
    return "\n\n".join(parts)


def explained_slow_tests(slow: Sequence[Row], run: SuiteRun, standards: Standards) -> str:
    """List the phases of slow tests whose causes were told, and how to be excused."""
    return in_slow_tests(slow, run, standards, explained=True)


def queueing_unknown() -> str:
    """Say so, where the system does not tell how long a thread has queued for a CPU."""
    if Clocks.tell_queueing:
        return ""
    return "\n(This system does not tell how long a test queued for a CPU: on a busy machine it seems slower.)\n"


def _how_often(row: Row, run: SuiteRun) -> str:
    """Name a test or fixture; of a fixture that was set up several times, as by each worker of xdist, say so."""
    import statistics

    times = [other.owned for other in run.fixtures if other.label == name_of(row)]
    return f"{name_of(row)}: {len(times)} x {seconds(statistics.median(times))}" if len(times) > 1 else name_of(row)

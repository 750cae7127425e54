"""What a run shows at a glance: head-room, the slowest, where most is to be gained, excuses that end soon."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..record import FileCoverage, MeasuredCoverage, SuiteRun, exact_percent
from ..time_verdicts import Row, name_of, seconds, slower_than
from ..verdict import Outcome, Standards, Verdict, extra

if TYPE_CHECKING:
    from .known_slow.entries import KnownSlow

COVERAGE = "test_total_coverage_meets_minimum"
FLOOR = "test_no_module_below_floor"
CHANGED = "test_changed_lines_are_covered"
BUDGET = "test_suite_within_time_budget"
SLOW = "test_no_new_slow_tests"
KNOWN_SLOW = "test_known_slow_list_is_current"
SOON_DAYS = 30
_NOTICED = 0.005  # seconds
_SHOWN = 3


def different(verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Give the verdicts, but only the first of those that say the same, as when a run broke off."""
    first: dict[str, str] = {}
    for name, verdict in verdicts.items():
        first.setdefault(verdict.line, name)
    return {name: verdicts[name] for name in first.values()}


def told(verdict: Verdict, room: str) -> str:
    """Give a verdict's line for where its outcome stands beside it, with its head-room if there is any."""
    beside = f" ({room})" if room and verdict.outcome is not Outcome.NOT_JUDGED else ""
    return f"{verdict.line.removeprefix('not judged: ')}{beside}"


def head_room(run: SuiteRun, standards: Standards) -> dict[str, str]:
    """Say, by the name of the verdict's test, how far the run is from what is allowed; where that is a number.

    Nothing of a run that verdicts do not get to judge by what it has measured.
    """
    found, policy = dict[str, str](), standards.policy
    if run.broken or run.partial or (run.failed and run.judged_elsewhere):
        return found
    if run.coverage is not None and run.coverage.units:
        minimum = policy.coverage.minimum if run.coverage.fail_under is None else run.coverage.fail_under
        found[COVERAGE] = _points(run.coverage.percent - Fraction(repr(minimum)))
        if nearest := _above_their_floors(run.coverage, standards)[:1]:
            found[FLOOR] = _points(nearest[0][0])
    left = policy.performance.suite_seconds - run.owned
    found[BUDGET] = f"{seconds(abs(left))} {'left' if left >= 0 else 'over'}"
    spare = policy.slow_tests.limit_seconds - max(run.took, default=0.0)
    if spare >= 0:
        found[SLOW] = f"{seconds(spare)} left"
    return found


def _points(over: Fraction) -> str:
    """Write percentage points, never nearer to the good than they are."""
    hundredths = math.floor(over * 100)
    return f"{abs(hundredths) / 100:.2f} points {'above' if hundredths >= 0 else 'below'}"


def _above_their_floors(coverage: MeasuredCoverage, standards: Standards) -> list[tuple[Fraction, FileCoverage]]:
    floors, policy = extra("floors"), standards.policy.coverage
    if floors is None:
        return []
    held = ((file, floors.floor_of(file.path, policy.floors, policy.module_floor)[0]) for file in coverage.files)
    above = [(file.percent - Fraction(repr(floor)), file) for file, floor in held if file.units]
    return sorted(above, key=lambda pair: (pair[0], pair[1].path))


def more_about(run: SuiteRun, standards: Standards) -> dict[str, list[str]]:
    """Give more lines about a verdict, by the name of its test, for whoever asks for more (-v)."""
    found: dict[str, list[str]] = {}
    if run.coverage is not None:
        gains = most_to_gain(run.coverage, _SHOWN)
        found[COVERAGE] = [f"{file.uncovered} to cover in {file.path}" for file, _ in gains]
        nearest = _above_their_floors(run.coverage, standards)[:_SHOWN]
        found[FLOOR] = [f"{_points(over)} its floor: {file.path}" for over, file in nearest]
    found[BUDGET] = [f"ideal: {standards.policy.performance.ideal_seconds:g} s"]
    if where := extra("where_time_goes"):
        parts = sorted(where.parts_of(run), key=lambda part: -part[1])
        found[BUDGET] += [f"{seconds(taken)} {part}" for part, taken in parts[:_SHOWN] if taken >= _NOTICED]
    found[SLOW] = [f"{seconds(row.owned)} {name_of(row)}" for row in slowest(run, _SHOWN)]
    found[KNOWN_SLOW] = [f"{entry.test}: {when(entry, standards)}" for entry in ending(standards)]
    return found


def most_to_gain(coverage: MeasuredCoverage, count: int) -> list[tuple[FileCoverage, Fraction]]:
    """Give the files with most uncovered, each with the total in per cent once it and those before it are covered."""
    left, found = coverage.uncovered, []
    worst = sorted((file for file in coverage.files if file.uncovered), key=lambda file: (-file.uncovered, file.path))
    for file in worst[:count]:
        left -= file.uncovered
        found.append((file, exact_percent(coverage.units, left)))
    return found


def slowest(run: SuiteRun, count: int) -> Sequence[Row]:
    """Give what took longest, a fixture once, however often it was set up."""
    return slower_than(_NOTICED, run)[:count]


def ending(standards: Standards) -> list[KnownSlow]:
    """Give the excuses that end soon, or have ended; the first to end is first."""
    soon = [entry for entry in standards.known_slow if (entry.until - standards.today).days <= SOON_DAYS]
    return sorted(soon, key=lambda entry: (entry.until, entry.test))


def when(entry: KnownSlow, standards: Standards) -> str:
    """Say when an excuse ends."""
    days = (entry.until - standards.today).days
    left = f"in {days} day{'' if days == 1 else 's'}" if days else "today"
    return f"its excuse {'ended' if days < 0 else 'ends'} on {entry.until}" + (f", {left}" if days >= 0 else "")

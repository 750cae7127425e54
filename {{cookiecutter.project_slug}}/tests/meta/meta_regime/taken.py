"""What tests took: put together, when the suite is over, from clocks read around each test and from pytest's reports.

After each test the regime's own clocks are read, which nothing can reach. Its phases are pytest's, as in `--durations`;
where the two contradict each other, somebody has stopped pytest's clock, and the regime's alone are believed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from .record import TestTiming
from .stopwatch import Clocks, queued_between

MOMENT = 0.001  # seconds: what takes less is not looked into; and what pytest itself needs around a test
_APART = 1.0  # seconds between clocks that agree: the time of day may be set while tests run
NONE = (0.0, 0.0, 0.0)


class Taken(NamedTuple):
    """What one test took in the process that ran it, in seconds: wall and CPU time, and queueing for a CPU.

    Counted from the end of the test before, at a time of day, so what pytest did in between is in it; and in `whole`,
    not in `cpu` and `queued`, is `wide`: wall time, in set-up, call and teardown, of fixtures of wider scope.
    """

    began: float
    whole: float
    cpu: float
    queued: float
    wide: tuple[float, ...] = NONE


UNKNOWN = Taken(0.0, 0.0, 0.0, 0.0)  # of a test whose worker has crashed, or that a plugin runs in its own way


class Reported:
    """What pytest says of a test: seconds by phase, its outcome, when it began and ended, how often it was set up."""

    setup = call = teardown = began = 0.0
    ended: float | None = None
    outcome, setups = "passed", 0


def taken_from(read: list[Any], wide: dict[str, list[float]]) -> dict[str, Taken]:
    """Give what each test took.

    `read` has its id, then the CPU, queue and wall clocks before and after it, and what somebody glanced at. `wide` has
    what belongs to fixtures of wider scope, by test: wall time by phase, CPU time, queueing.
    """
    found, in_eights = {}, [iter(read)] * 8
    for nodeid, cpu, queue, wall, cpu_then, queue_then, wall_then, _ in zip(*in_eights, strict=True):
        whole = wall_then - wall
        queued = queued_between(queue, queue_then) if whole > MOMENT else 0.0
        found[nodeid] = Taken(wall + Clocks.day, whole, cpu_then - cpu, queued)
    for nodeid, (*phases, computed, waited) in wide.items():
        if nodeid in found:
            row = found[nodeid]
            cpu, queued = max(0.0, row.cpu - computed), max(0.0, row.queued - waited)
            found[nodeid] = row._replace(cpu=cpu, queued=queued, wide=(*phases,))
    return found


def reported(reports: Iterable[Any]) -> dict[str, Reported]:
    """Sort reports by test, those that have ended. Sub-tests are passed over: what they took is in their test's."""
    found: dict[str, Reported] = defaultdict(Reported)
    kind = pytest.TestReport
    for report in reports:
        if not isinstance(report, kind) or hasattr(report, "context"):
            continue
        row, phase, outcome = found[report.nodeid], report.when, report.outcome
        if phase == "call":
            row.call = report.duration
        elif phase == "setup":
            row.setup, row.began, row.setups = report.duration, report.start, row.setups + 1
        else:  # or xdist, of the test in which a worker crashed
            row.teardown, row.ended = report.duration if phase == "teardown" else row.teardown, report.stop
        if outcome != "passed" and row.outcome != "failed" and outcome in ("failed", "skipped"):
            row.outcome = outcome
    return {nodeid: row for nodeid, row in found.items() if row.ended is not None}


def timing_of(nodeid: str, taken: Taken, said: Reported) -> TestTiming:
    """Give what a test took: its last attempt, if it was run several times."""
    setup, call, teardown = phases = said.setup, said.call, said.teardown
    told = setup + call + teardown
    _, whole, cpu, queued, wide = taken
    if said.setups > 1 or taken is UNKNOWN:  # nobody knows how much of it the last attempt has computed, or queued
        cpu, queued = min(cpu, told), 0.0
    elif told <= whole and min(phases) >= 0 and _agree(taken, said):
        around = min(queued, max(0.0, whole - told - MOMENT))  # queued while pytest did something else
        cpu, queued = max(0.0, cpu - (whole - told - around)), queued - around
    else:
        setup, call, teardown, wide = 0.0, whole, 0.0, (0.0, sum(wide), 0.0)
    if wide is not NONE:
        setup, call, teardown = (max(0.0, row - its) for row, its in zip((setup, call, teardown), wide, strict=True))
    return TestTiming(nodeid, setup, call, teardown, queued, said.outcome, cpu)


def _agree(taken: Taken, said: Reported) -> bool:
    early, late = taken.began - _APART, taken.began + taken.whole + _APART
    return early < said.began <= (said.ended or 0.0) < late

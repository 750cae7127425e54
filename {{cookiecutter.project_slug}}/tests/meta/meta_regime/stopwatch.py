"""Clocks, and a watch for fixtures: wall time, and time spent queueing for a CPU.

Wall time is CPU + run queue + blocked. A crowded machine lengthens the queue, and a test is not answerable for that, so
it is taken off wherever the system tells it: on Linux the second field of /proc/thread-self/schedstat, in nanoseconds
(https://docs.kernel.org/scheduler/sched-stats.html). Elsewhere it counts as 0. It is the main thread's account only.

Clocks are kept in class attributes and closures: freezegun rebinds the clocks that it finds in modules.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_WAIT = 100_000_000  # nanoseconds


def _queue_clock() -> Callable[[], float]:
    """Give a function that tells how many seconds this thread has queued for a CPU since it began.

    Now and then Linux counts a sleep as queueing (seen on 6.18). So no more is believed of the time between two calls
    than `_LONGEST_WAIT` for each time that the thread got a CPU, which is the third field.
    """
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        waited, turns = map(int, os.pread(descriptor, 64, 0).split()[1:])
    except (OSError, ValueError, AttributeError):
        return lambda: 0.0
    owner, ident, pread, believed = threading.get_ident(), threading.get_ident, os.pread, 0

    def queued() -> float:
        nonlocal waited, turns, believed
        if ident() == owner:  # the descriptor tells of the thread that opened it
            try:
                _, now_waited, now_turns = map(int, pread(descriptor, 64, 0).split())
            except (OSError, ValueError):
                return believed / 1e9
            believed += min(now_waited - waited, _LONGEST_WAIT * (now_turns - turns))
            waited, turns = now_waited, now_turns
        return believed / 1e9

    return queued


class Clocks:
    """The clocks of this process, out of reach of whatever a test does to `time`."""

    wall: Callable[[], float] = staticmethod(time.perf_counter)
    queued: Callable[[], float] = staticmethod(_queue_clock())


@dataclass
class WideFixtures:
    """Seconds, of the test now running, that belong to fixtures of wider scope: of this phase, and queued in all."""

    wall: float = 0.0
    queued: float = 0.0


class FixtureWatch:
    """Times one set-up or teardown of a wide fixture, less those of the wide fixtures that it sets up in turn."""

    def __init__(self, billed: WideFixtures) -> None:
        self._billed = billed
        self._nested_before = (billed.wall, billed.queued)
        self._began = (Clocks.wall(), Clocks.queued())

    def stop(self) -> tuple[float, float]:
        """Give wall and queued seconds, and bill them to the fixture instead of the test."""
        nested = (self._billed.wall - self._nested_before[0], self._billed.queued - self._nested_before[1])
        wall = max(0.0, Clocks.wall() - self._began[0] - nested[0])
        queued = max(0.0, Clocks.queued() - self._began[1] - nested[1])
        self._billed.wall += wall
        self._billed.queued += queued
        return wall, queued

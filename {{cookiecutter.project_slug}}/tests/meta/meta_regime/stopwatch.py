"""Times the tests that run in this process: wall time by phase, and time spent queueing for a CPU.

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


def _queue_clock() -> Callable[[], float]:
    """Give a function that tells how many seconds this thread has queued for a CPU since it began."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        os.pread(descriptor, 64, 0).split()[1]
    except (OSError, IndexError, AttributeError):
        return lambda: 0.0
    owner, ident, pread = threading.get_ident(), threading.get_ident, os.pread

    def queued() -> float:
        if ident() != owner:  # the descriptor tells of the thread that opened it
            return 0.0
        try:
            return int(pread(descriptor, 64, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    return queued


class Clocks:
    """The clocks of this process, out of reach of whatever a test does to `time`."""

    wall: Callable[[], float] = staticmethod(time.perf_counter)
    queued: Callable[[], float] = staticmethod(_queue_clock())


@dataclass
class Stopwatch:
    """Takes the time of each phase of the test now running, and of fixtures of wider scope apart from it.

    Seconds spent in wide fixtures are taken off the phase in which they happened to run: the first test that asks for a
    session fixture did not make it slow. `wide_wall` and `wide_queued` are those seconds, so far.
    """

    _began: float = 0.0
    _queued_before: float = 0.0
    wide_wall: float = 0.0
    wide_queued: float = 0.0

    def begin_test(self) -> None:
        """Start the account of a test; its setup begins now."""
        self.wide_queued = 0.0
        self._queued_before = Clocks.queued()
        self.begin_phase()

    def begin_phase(self) -> None:
        """Start the clock of setup, call or teardown."""
        self.wide_wall = 0.0
        self._began = Clocks.wall()

    def end_phase(self) -> float:
        """Give the seconds of the phase that has just ended."""
        return Clocks.wall() - self._began - self.wide_wall

    def queued_in_test(self) -> float:
        """Give the seconds that the test has queued for a CPU until now."""
        return max(0.0, Clocks.queued() - self._queued_before - self.wide_queued)


class FixtureWatch:
    """Times one set-up or teardown of a wide fixture, less those of the wide fixtures that it sets up in turn."""

    def __init__(self, stopwatch: Stopwatch) -> None:
        self._stopwatch = stopwatch
        self._nested_before = (stopwatch.wide_wall, stopwatch.wide_queued)
        self._began = (Clocks.wall(), Clocks.queued())

    def stop(self) -> tuple[float, float]:
        """Give wall and queued seconds, and bill them to the fixture instead of the test."""
        watch = self._stopwatch
        nested_wall = watch.wide_wall - self._nested_before[0]
        nested_queued = watch.wide_queued - self._nested_before[1]
        wall = max(0.0, Clocks.wall() - self._began[0] - nested_wall)
        queued = max(0.0, Clocks.queued() - self._began[1] - nested_queued)
        watch.wide_wall += wall
        watch.wide_queued += queued
        return wall, queued

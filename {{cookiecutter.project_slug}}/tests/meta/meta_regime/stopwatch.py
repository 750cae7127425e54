"""Clocks, and a watch for fixtures: wall time, CPU time, and time spent queueing for a CPU.

Wall time is CPU + run queue + blocked. A crowded machine lengthens the queue, and a test is not answerable for that, so
it is taken off wherever the system tells it: on Linux the second field of /proc/thread-self/schedstat, in nanoseconds
(https://docs.kernel.org/scheduler/sched-stats.html). Elsewhere it counts as 0. It is the main thread's account only;
other threads and child processes that a test waits for show up as blocked.

Clocks are kept in class attributes and closures: freezegun rebinds the clocks that it finds in modules.
"""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_WAIT = 40_000_000  # nanoseconds; beside 32 busy processes on 2 cores it was at most 39 ms


def queue_reader() -> Callable[[], bytes]:
    """Give a function in C that reads what Linux tells of this thread, for `queued_between`; elsewhere nothing."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        reader = functools.partial(os.pread, descriptor, 64, 0)
        return reader if _queue_of(reader()) else bytes
    except (OSError, AttributeError):
        return bytes


def _queue_of(text: bytes) -> tuple[int, ...]:
    try:
        _, waited, turns = map(int, text.split())
    except ValueError:
        return ()
    return waited, turns


def queued_between(before: bytes, after: bytes) -> float:
    """Give the seconds queued between two readings; 0 where there is none.

    Now and then Linux counts a whole sleep as queueing (seen on 6.18, once in tens of thousands). So no more is
    believed than `LONGEST_WAIT` for each time that the thread got a CPU, the third field.
    """
    if before == after or not (first := _queue_of(before)) or not (then := _queue_of(after)):
        return 0.0
    return min(then[0] - first[0], LONGEST_WAIT * (then[1] - first[1])) / 1e9


def queue_clock(read: Callable[[], bytes]) -> Callable[[], float]:
    """Give a function that tells how many seconds this thread has queued for a CPU since now, by such readings."""
    owner, ident, before, believed = threading.get_ident(), threading.get_ident, read(), 0.0

    def queued() -> float:
        nonlocal before, believed
        if ident() == owner:  # the descriptor tells of the thread that opened it
            try:
                now = read()
            except OSError:  # somebody has closed it
                return believed
            believed += queued_between(before, now)
            before = now
        return believed

    return queued


def _not_told() -> float:
    return 0.0


def _children_clock() -> Callable[[], float]:
    """Give a function that tells the CPU seconds of the child processes that have ended and were waited for."""
    try:
        import resource
    except ImportError:  # not on Windows
        return _not_told
    usage, children = resource.getrusage, resource.RUSAGE_CHILDREN
    return lambda: sum(usage(children)[:2])


_queue = queue_reader()


class Clocks:
    """The clocks of this process, out of reach of whatever a test does to `time`.

    In seconds. `wall` and the main thread's `cpu` and `queued`; CPU time of the whole `process`, and of its `children`.
    `wall` and `day` make the time of day. `queue` is read at less cost than `queued`, for `queued_between`.
    Read `cpu` first and `wall` last: while it is read, the kernel may let another process run, for milliseconds.
    """

    wall: Callable[[], float] = staticmethod(time.perf_counter)
    cpu: Callable[[], float] = staticmethod(time.thread_time)
    queue: Callable[[], bytes] = staticmethod(_queue)
    queued: Callable[[], float] = staticmethod(queue_clock(_queue))
    tell_queueing: bool = _queue is not bytes
    day: float = time.time() - time.perf_counter()
    process: Callable[[], float] = staticmethod(time.process_time)
    children: Callable[[], float] = staticmethod(_children_clock())


@dataclass
class WideFixtures:
    """Seconds that belong to fixtures of wider scope, all together."""

    wall: float = 0.0
    cpu: float = 0.0
    queued: float = 0.0


class FixtureWatch:
    """Times one set-up or teardown of a wide fixture, less those of the wide fixtures that it sets up in turn."""

    def __init__(self, billed: WideFixtures) -> None:
        self._billed = billed
        self._began = self._now()

    def _now(self) -> tuple[float, float, float]:
        billed = self._billed
        cpu, queued = Clocks.cpu() - billed.cpu, Clocks.queued() - billed.queued
        return Clocks.wall() - billed.wall, cpu, queued

    def stop(self) -> tuple[float, float, float]:
        """Give wall, CPU and queued seconds, and bill them to this fixture, not to one around it."""
        wall, cpu, queued = (max(0.0, now - began) for now, began in zip(self._now(), self._began, strict=True))
        self._billed.wall += wall
        self._billed.cpu += cpu
        self._billed.queued += queued
        return wall, cpu, queued

"""Clocks: wall time, CPU time, and time spent queueing for a CPU.

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

LONGEST_WAIT = 40_000_000  # nanoseconds; beside 32 busy processes on 2 cores it was at most 39 ms


def queue_reader() -> Callable[[], bytes]:
    """Give a function in C that reads what Linux tells of this thread, for `queued_between`; elsewhere nothing."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        reader = functools.partial(os.pread, descriptor, 64, 0)
        return reader if len(reader().split()) == 3 else bytes
    except (OSError, AttributeError):
        return bytes


def queued_between(before: bytes, after: bytes) -> float:
    """Give the seconds queued between two readings; 0 where there is none.

    Now and then Linux counts a sleep as queueing (seen on 6.18: of 24,000 on an idle machine 2, and of 1,500 in two
    workers beside four busy processes 3). So no more is believed than `LONGEST_WAIT` for each time that the thread got
    a CPU, the third field. What is left of the error makes a test that sleeps look faster than it is, never slower.
    """
    try:
        (_, waited, turns), (_, waited_then, turns_then) = (map(int, text.split()) for text in (before, after))
    except ValueError:
        return 0.0
    return min(waited_then - waited, LONGEST_WAIT * (turns_then - turns)) / 1e9


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

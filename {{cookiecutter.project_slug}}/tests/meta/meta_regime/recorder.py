"""Listens to a session and keeps what its tests took, in this process or in xdist's.

The process that runs the tests times them; under xdist the workers hand their figures to the controller when they end.
This is the only module that works for every test. Under coverage each hook costs, and each line of it, so there is
one, which reads the clocks; what it has read is looked through when the suite is over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from json import dumps, loads  # as they are now: a test may replace them
from typing import Any

import pytest

from .record import TestTiming
from .stopwatch import Clocks
from .taken import UNKNOWN, Taken, reported, taken_from, timing_of

_WHILE = 0.005  # seconds from one test's end to the next one's: what takes less is not looked into
Reports = Callable[[], Iterable[object]]


class Recorder:
    """A pytest plugin. `ran` has what the tests took, by node id, once `end` was called.

    For extras: `glance` is called after each test, so be it in C or one line; `look` are functions that are called with
    the id of each that took a while, `wide` is what fixtures of wider scope took: see `taken_from`.
    """

    def __init__(self) -> None:
        self.ran: dict[str, TestTiming] = {}
        self.listening = True
        self.glance: Callable[[], object] = bool
        self.look: list[Callable[[str], None]] = []
        self.wide: dict[str, list[float]] = {}
        self.read: list[Any] = []  # for each test its id, the clocks before and after it, and a glance
        self._session_began = (Clocks.wall(), Clocks.queued())
        self.before = self.now()  # before the test that runs
        self._elsewhere: dict[str, Taken] = {}  # what xdist's workers have measured

    def taken(self) -> dict[str, Taken]:
        """Give what the tests of this process took."""
        return taken_from(self.read, self.wide)

    def end(self, reports: Iterable[object]) -> None:
        """The suite is over: put together, with pytest's reports, what each test took."""
        self.listening = False
        taken = {**self._elsewhere, **self.taken()}
        said = reported(reports)
        names = {**{name: None for name in taken if name in said}, **dict.fromkeys(said)}  # in the order of the run
        self.ran = {name: timing_of(name, taken.get(name, UNKNOWN), said[name]) for name in names}

    def seconds_since_the_start(self) -> tuple[float, float]:
        """Give wall time since the regime was loaded, and the part of it spent queueing for a CPU, in seconds."""
        return Clocks.wall() - self._session_began[0], max(0.0, Clocks.queued() - self._session_began[1])

    def pytest_collection_finish(self) -> None:
        """The first test is about to begin."""
        self.before = self.now()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended, and the next one is about to begin."""
        before, self.before = self.before, self.now()
        self.read += nodeid, *before, *self.before, self.glance()
        if self.before[2] - before[2] > _WHILE:  # reading more clocks costs
            for look in self.look:
                look(nodeid)

    def now(self) -> tuple[float, bytes, float]:
        """Read the clocks: CPU, queue, wall."""
        try:
            return Clocks.cpu(), Clocks.queue(), Clocks.wall()
        except OSError:  # a test has closed all files
            Clocks.queue = bytes
            return self.now()

    # Between xdist's processes: once, at the end of a worker. Anything that rides on each report costs far more.

    def packed(self) -> str:
        """Give all that was measured, for `unpack` in the controller."""
        return dumps(self.taken())

    def unpack(self, text: str) -> None:
        """Add what a worker measured."""
        self._elsewhere.update((nodeid, Taken(*row)) for nodeid, row in loads(text).items())


def reports_of(config: pytest.Config) -> Reports:
    """Give a function that gives pytest's reports of tests: those that its terminal reporter keeps, else our own."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if getattr(getattr(type(reporter), "pytest_runtest_logreport", None), "__module__", "") == "_pytest.terminal":
        return lambda: chain.from_iterable(reporter.stats.values())
    listener = _Listener()
    config.pluginmanager.register(listener, "meta-tests-listener")
    return lambda: listener.heard


class _Listener:
    def __init__(self) -> None:
        self.heard: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.heard.append(report)

"""Listens to a session and keeps what it took: every test, every fixture of wider scope, in this process or in xdist's.

The process that runs the tests times them; under xdist the workers hand their figures to the controller when they end.
This is the only module that works for every test: it calls little, and keeps nothing that Python's garbage collector
would have to look through (tuples of numbers and strings).
"""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from .record import FixtureTiming, TestTiming
from .stopwatch import Clocks, FixtureWatch, WideFixtures


class Recorder:
    """A pytest plugin. `fixtures` and `timings()` have what it heard; of a test that is run again, the last attempt."""

    def __init__(self) -> None:
        self.fixtures: list[FixtureTiming] = []
        self.ran: dict[str, tuple[Any, ...]] = {}  # the fields of a TestTiming by node id
        self.listening = True
        self._session_began = (Clocks.wall(), Clocks.queued())
        self._began = self._queued_before = 0.0
        self._seconds = {"setup": 0.0, "call": 0.0, "teardown": 0.0}  # of the test now running
        self._measured: tuple[float, ...] | None = None  # set-up, call, teardown, queued
        self._wide = WideFixtures()
        self._outcomes: dict[str, str] = {}  # of tests that are not over, where it is not "passed"
        self._setups: dict[int, tuple[float, float]] = {}
        self._teardowns: dict[int, FixtureWatch] = {}

    def timings(self) -> tuple[TestTiming, ...]:
        """Give what each test took."""
        return tuple(TestTiming(nodeid, *fields) for nodeid, fields in self.ran.items())

    def seconds_since_the_start(self) -> tuple[float, float]:
        """Give wall time since the regime was loaded, and the part of it spent queueing for a CPU, in seconds."""
        return Clocks.wall() - self._session_began[0], max(0.0, Clocks.queued() - self._session_began[1])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """A test begins."""
        self._seconds["call"] = self._wide.wall = self._wide.queued = 0.0
        if not self.ran:
            self._queued_before = Clocks.queued()  # later, what was read when the last test ended: reading costs
        self._began = Clocks.wall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Its set-up is over."""
        self._wide.wall = 0.0
        self._began = Clocks.wall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Its call is over."""
        self._wide.wall = 0.0
        self._began = Clocks.wall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """A phase has just ended (or a sub-test, and then the phase's end is still to come): note the time."""
        self._seconds[call.when] = Clocks.wall() - self._began - self._wide.wall
        if call.when == "teardown":
            before, self._queued_before = self._queued_before, Clocks.queued()
            self._measured = (*self._seconds.values(), max(0.0, self._queued_before - before - self._wide.queued))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Give a fixture of wider scope an account of its own, for its set-up and for its teardown."""
        if fixturedef.scope == "function":
            return (yield)
        watch = FixtureWatch(self._wide)
        try:
            return (yield)
        finally:
            self._setups[id(fixturedef)] = watch.stop()
            # Finalizers run last in, first out: this one before the fixture's own teardown, after its dependents'.
            fixturedef.addfinalizer(lambda: self._begin_teardown(fixturedef))

    def _begin_teardown(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._teardowns[id(fixturedef)] = FixtureWatch(self._wide)

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """A fixture has been torn down."""
        setup = self._setups.pop(id(fixturedef), None)
        if setup is None:
            return
        watch = self._teardowns.pop(id(fixturedef), None)
        teardown = watch.stop() if watch is not None else (0.0, 0.0)
        if self.listening:
            queued = setup[1] + teardown[1]
            row = FixtureTiming(fixturedef.argname, fixturedef.scope, fixturedef.baseid, setup[0], teardown[0], queued)
            self.fixtures.append(row)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what went wrong; with the last report of a test, note what it took."""
        if report.outcome in ("failed", "skipped") and self._outcomes.get(report.nodeid) != "failed":
            self._outcomes[report.nodeid] = report.outcome
        if report.failed and report.when not in self._seconds:  # xdist, of the test in which a worker crashed
            self.ran[report.nodeid] = (0.0, 0.0, 0.0, 0.0, "failed")
        if report.when == "teardown" and self._measured is not None and self.listening:
            self.ran[report.nodeid] = (*self._measured, self._outcomes.pop(report.nodeid, "passed"))

    # Between xdist's processes: once, at the end of a worker. Anything that rides on each report costs far more.

    def packed(self) -> str:
        """Give all that was heard, for `unpack` in the controller."""
        return json.dumps([self.fixtures, self.ran])

    def unpack(self, text: str) -> None:
        """Add what a worker heard."""
        fixtures, ran = json.loads(text)
        self.fixtures += [FixtureTiming(*row) for row in fixtures]
        self.ran.update((nodeid, tuple(fields)) for nodeid, fields in ran.items())

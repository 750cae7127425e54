"""Listens to a session and keeps what it took: every test, every fixture of wider scope, in this process or in xdist's.

In the process that runs the tests the phases are timed with a stopwatch, and the figures ride on the reports to
wherever the whole picture is put together: this process, or xdist's controller.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import astuple
from types import SimpleNamespace
from typing import Any

import pytest

from .record import FixtureTiming, RecordWriter, TestTiming
from .stopwatch import Clocks, FixtureWatch, Stopwatch


class Recorder:
    """A pytest plugin. `tests` and `fixtures` hold what it heard; of a test that is run again, the last attempt."""

    def __init__(self, writer: RecordWriter | None) -> None:
        self.tests: dict[str, TestTiming] = {}
        self.fixtures: list[FixtureTiming] = []
        self.listening = True
        self._writer = writer
        self._began = (Clocks.wall(), Clocks.queued())
        self._stopwatch = Stopwatch()
        self._measured: tuple[float, float] | None = None
        self._open: dict[str, SimpleNamespace] = {}  # the accounts of the tests whose phases are coming in
        self._setups: dict[int, tuple[float, float]] = {}
        self._teardowns: dict[int, FixtureWatch] = {}

    def seconds_since_the_start(self) -> tuple[float, float]:
        """Give wall time since the regime was loaded, and the part of it spent queueing for a CPU, in seconds."""
        return Clocks.wall() - self._began[0], max(0.0, Clocks.queued() - self._began[1])

    # In the process that runs the tests.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """A test begins."""
        self._stopwatch.begin_test()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Its set-up is over."""
        self._stopwatch.begin_phase()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Its call is over."""
        self._stopwatch.begin_phase()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """A phase has just ended: note the time before anything else is done."""
        queued = self._stopwatch.queued_in_test() if call.when == "teardown" else 0.0
        self._measured = (self._stopwatch.end_phase(), queued)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Give a fixture of wider scope an account of its own, for its set-up and for its teardown."""
        if fixturedef.scope == "function":
            return (yield)
        watch = FixtureWatch(self._stopwatch)
        try:
            return (yield)
        finally:
            self._setups[id(fixturedef)] = watch.stop()
            # Finalizers run last in, first out: this one before the fixture's own teardown, after its dependents'.
            fixturedef.addfinalizer(lambda: self._begin_teardown(fixturedef))

    def _begin_teardown(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._teardowns[id(fixturedef)] = FixtureWatch(self._stopwatch)

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

    # In the process that has all reports (the same one, unless xdist spreads the tests).

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Write down that a test begins."""
        if self._writer is not None:
            self._writer.write("start", nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase to the account of its test."""
        if self._measured is not None:
            report.meta_tests, self._measured = self._measured, None  # type: ignore[attr-defined]
        if not self.listening:
            return
        account = self._open.get(report.nodeid)
        if account is None:
            seconds = {"setup": 0.0, "call": 0.0, "teardown": 0.0}
            account = self._open[report.nodeid] = SimpleNamespace(seconds=seconds, queued=0.0, outcome="passed")
        if report.outcome != "passed" and account.outcome != "failed":
            account.outcome = report.outcome
        if report.when in account.seconds:
            measured, queued = getattr(report, "meta_tests", (report.duration, 0.0))
            account.seconds[report.when] = max(0.0, measured)  # a subtest's report is followed by the whole test's
            account.queued = queued
        if report.when not in ("setup", "call"):
            self._close(report.nodeid)

    def _close(self, nodeid: str) -> None:
        account = self._open.pop(nodeid)
        timing = TestTiming(nodeid, **account.seconds, queued=account.queued, outcome=account.outcome)
        self.tests[nodeid] = timing
        if self._writer is not None:
            self._writer.write("test", *astuple(timing))

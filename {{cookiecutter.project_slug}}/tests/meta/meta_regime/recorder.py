"""Listens to a session and keeps what it took: every test, every fixture of wider scope, in this process or in xdist's.

The process that runs the tests times them; under xdist the workers hand their figures to the controller when they end.
This is the only module that works for every test: it calls little, and keeps nothing that Python's garbage collector
would have to look through (tuples of numbers and strings).
"""

from __future__ import annotations

from collections.abc import Generator
from json import dumps, loads  # as they are now: a test may replace them
from typing import Any

import pytest

from .record import Account, FixtureTiming, TestTiming
from .stopwatch import Clocks, FixtureWatch, WideFixtures

_PHASES = ("setup", "call", "teardown")
_MOMENT = 0.001  # seconds: what takes less is not looked into
NOTICEABLE = 0.1  # seconds: what takes as long has an `Account`, and what children or threads computed for


class Recorder:
    """A pytest plugin. `fixtures` and `timings()` have what it heard; of a test that is run again, the last attempt."""

    def __init__(self) -> None:
        self.fixtures: list[FixtureTiming] = []
        self.ran: dict[str, tuple[Any, ...]] = {}  # the fields of a TestTiming by node id
        self.accounts: dict[str, Account] = {}
        self.listening = True
        self._session_began = (Clocks.wall(), Clocks.cpu(), Clocks.queued())
        self.queued_elsewhere = 0.0  # seconds, of children and threads that tests waited for
        self._running = ""
        self._began = self.last_ended = 0.0  # this phase, and the one before
        self._before = (0.0, 0.0)  # CPU and queued seconds, when they were last read
        self._around = (0.0, 0.0)  # CPU seconds of children and of other threads, likewise
        self._seconds = dict.fromkeys(_PHASES, 0.0)  # of the test now running
        self._cpu = dict.fromkeys(_PHASES, 0.0)
        self._queued = dict.fromkeys(_PHASES, 0.0)
        self._measured: tuple[float, ...] | None = None  # set-up, call, teardown, queued, CPU
        self._wide = WideFixtures()
        self._outcomes: dict[str, str] = {}  # of tests that are not over, where it is not "passed"
        self._setups: dict[int, tuple[tuple[float, ...], str]] = {}  # what it took, and for which test
        self._teardowns: dict[int, FixtureWatch] = {}

    def timings(self) -> tuple[TestTiming, ...]:
        """Give what each test took."""
        return tuple(TestTiming(nodeid, *fields) for nodeid, fields in self.ran.items())

    def seconds_since_the_start(self) -> tuple[float, float]:
        """Give wall time since the regime was loaded, and the part of it spent queueing for a CPU, in seconds."""
        queued = Clocks.queued() - self._session_began[2] + self.queued_elsewhere
        return Clocks.wall() - self._session_began[0], max(0.0, queued)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """A test begins."""
        self._running = item.nodeid
        for figures in (self._seconds, self._cpu, self._queued):
            figures["setup"] = figures["call"] = figures["teardown"] = 0.0
        if Clocks.wall() - self.last_ended > _MOMENT:
            self._around = _around()
        self._begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        """Its set-up is over."""
        self._begin()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        """Its call is over."""
        self._begin()

    def _begin(self) -> None:
        wide = self._wide
        wide.wall = wide.cpu = wide.queued = 0.0
        gap = Clocks.wall() - self.last_ended  # reporting, or waiting for xdist's next test: it belongs to no test
        cpu, queued = self._before
        self._before = (cpu + gap, queued) if gap < _MOMENT else (Clocks.cpu(), Clocks.queued())
        self._began = Clocks.wall()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> None:
        """A phase has just ended (or a sub-test, and then the phase's end is still to come): note the time."""
        now, wide, when = Clocks.wall(), self._wide, call.when
        self.last_ended = now
        self._seconds[when] = seconds = now - self._began - wide.wall
        if when == "teardown" or seconds > _MOMENT or wide.wall:  # reading the clocks costs
            cpu, queued, now = Clocks.cpu(), Clocks.queued(), Clocks.wall()  # in this order: see `Clocks`
            self.last_ended, self._seconds[when] = now, now - self._began - wide.wall
            self._cpu[when] += max(0.0, cpu - self._before[0] - wide.cpu)
            self._queued[when] += max(0.0, queued - self._before[1] - wide.queued)
            self._before = (cpu, queued)
            wide.cpu = wide.queued = 0.0
        if when == "teardown":
            phases = self._seconds.values()
            self._measured = (*phases, sum(self._queued.values()), sum(self._cpu.values()))
            self._end_account(sum(phases))

    def _end_account(self, seconds: float) -> None:
        self.accounts.pop(self._running, None)  # of an earlier attempt
        if seconds < _MOMENT:
            return
        before, self._around = self._around, _around()
        others = [max(0.0, now - then) for now, then in zip(self._around, before, strict=True)]
        if not self.listening or (seconds < NOTICEABLE and sum(others) < _MOMENT):
            return
        self.accounts[self._running] = account = Account((*self._cpu.values(),), (*self._queued.values(),), *others)
        # Nobody tells what children and other threads queued. On average it is as much, for each second of CPU, as this
        # thread has; of a single test that says little, so it is taken off the suite only.
        cpu, queued = (now - then for now, then in zip(self._before, self._session_began[1:], strict=True))
        computed = account.children + account.threads
        blocked = seconds - sum(account.cpu) - sum(account.queued) - computed
        self.queued_elsewhere += max(0.0, min(blocked, computed * queued / max(cpu, _MOMENT)))

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Give a fixture of wider scope an account of its own, for its set-up and for its teardown."""
        if fixturedef.scope == "function":
            return (yield)
        watch = FixtureWatch(self._wide)
        try:
            return (yield)
        finally:
            self._setups[id(fixturedef)] = (watch.stop(), self._running)
            # Finalizers run last in, first out: this one before the fixture's own teardown, after its dependents'.
            fixturedef.addfinalizer(lambda: self._begin_teardown(fixturedef))

    def _begin_teardown(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._teardowns[id(fixturedef)] = FixtureWatch(self._wide)

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """A fixture has been torn down."""
        setup = self._setups.pop(id(fixturedef), None)
        if setup is None:
            return
        (wall, *others), user = setup
        watch = self._teardowns.pop(id(fixturedef), None)
        teardown, *more = watch.stop() if watch is not None else (0.0, 0.0, 0.0)
        if self.listening:
            cpu, queued = map(sum, zip(others, more, strict=True))
            where = (fixturedef.argname, fixturedef.scope, fixturedef.baseid)
            self.fixtures.append(FixtureTiming(*where, wall, teardown, queued, cpu, user))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what went wrong; with the last report of a test, note what it took."""
        if report.outcome in ("failed", "skipped") and self._outcomes.get(report.nodeid) != "failed":
            self._outcomes[report.nodeid] = report.outcome
        if report.failed and report.when not in self._seconds:  # xdist, of the test in which a worker crashed
            self.ran[report.nodeid] = (0.0, 0.0, 0.0, 0.0, "failed")
        if report.when == "teardown" and self._measured is not None and self.listening:
            *seconds, cpu = self._measured
            self.ran[report.nodeid] = (*seconds, self._outcomes.pop(report.nodeid, "passed"), cpu)

    # Between xdist's processes: once, at the end of a worker. Anything that rides on each report costs far more.

    def packed(self) -> str:
        """Give all that was heard, for `unpack` in the controller."""
        return dumps([self.fixtures, self.ran, self.accounts])

    def unpack(self, text: str) -> None:
        """Add what a worker heard."""
        fixtures, ran, accounts = loads(text)
        self.fixtures += [FixtureTiming(*row) for row in fixtures]
        self.ran.update((nodeid, tuple(fields)) for nodeid, fields in ran.items())
        self.accounts.update((nodeid, Account(*row)) for nodeid, row in accounts.items())


def _around() -> tuple[float, float]:
    """Give the CPU seconds of this process's children, and of its other threads."""
    return Clocks.children(), Clocks.process() - Clocks.cpu()

"""Listens to a session and keeps what it took: every test, every fixture of wider scope, in this process or in xdist's.

The process that runs the tests times them; under xdist the workers hand their figures to the controller when they end.
This is the only module that works for every test. Under coverage each hook costs, and each line of it, so there is
one, which reads the clocks; what it has read is looked through when the suite is over.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from json import dumps, loads  # as they are now: a test may replace them
from typing import Any

import pytest

from .record import Account, FixtureTiming, TestTiming
from .stopwatch import Clocks, FixtureWatch, WideFixtures
from .taken import MOMENT, PHASES, Taken, reported, taken_from, timing_of

_WHILE = 0.005  # seconds from one test's end to the next one's: what takes less is not looked into
NOTICEABLE = 0.1  # seconds: what takes as long has an `Account`, and what children or threads computed for


class Recorder:
    """A pytest plugin. `fixtures`, `accounts` and `ran` have what it heard; the last not before `end` is called.

    `glance` is for whoever wants to know what changed with which test: a function in C, called after each.
    """

    def __init__(self) -> None:
        self.fixtures: list[FixtureTiming] = []
        self.accounts: dict[str, Account] = {}
        self.ran: dict[str, TestTiming] = {}  # by node id
        self.listening = True
        self.glance: Callable[[], object] = bool
        self._session_began = (Clocks.wall(), Clocks.cpu(), Clocks.queued())
        self.queued_elsewhere = 0.0  # seconds, of children and threads that tests waited for
        self._before = (0.0, b"", 0.0)  # the clocks when the last test had ended: CPU, queue, wall
        self._read: list[Any] = []  # for each test its id, the clocks before and after it, and a glance
        self._around = (0.0, 0.0)  # CPU seconds of children and of other threads, when they were last read
        self._billed = WideFixtures()
        self._wide: dict[str, list[float]] = {}  # wall seconds of wide fixtures by phase, CPU and queued, by test
        self._setups: dict[int, tuple[tuple[float, ...], str]] = {}  # what it took, and for which test
        self._teardowns: dict[int, FixtureWatch] = {}
        self._elsewhere: dict[str, Taken] = {}  # what xdist's workers have measured

    def end(self, reports: Iterable[object]) -> None:
        """The suite is over: put together, with pytest's reports, what each test took."""
        self.listening = False
        taken = {**self._elsewhere, **self._taken()}
        said = reported(reports)
        names = dict.fromkeys((*(name for name in taken if name in said), *said))  # in the order in which they ran
        self.ran = {name: timing_of(name, taken.get(name), said[name]) for name in names}
        self.accounts = {name: each for name, each in self.accounts.items() if self._is_told(name, each)}

    def _is_told(self, name: str, account: Account) -> bool:
        row = self.ran.get(name)
        seconds = row.setup + row.call + row.teardown if row is not None else 0.0
        return seconds >= NOTICEABLE or account.children + account.threads >= MOMENT

    @property
    def last_ended(self) -> float:
        """When the last test had ended, by `Clocks.wall`; 0 before the first."""
        return float(self._read[-2]) if self._read else 0.0

    def seconds_since_the_start(self) -> tuple[float, float]:
        """Give wall time since the regime was loaded, and the part of it spent queueing for a CPU, in seconds."""
        queued = Clocks.queued() - self._session_began[2] + self.queued_elsewhere
        return Clocks.wall() - self._session_began[0], max(0.0, queued)

    def blocked(self) -> float:
        """Give the seconds for which the tests of this process, and its wide fixtures, neither computed nor queued."""
        tests = sum(max(0.0, row.whole - sum(row.wide) - row.cpu - row.queued) for row in self._taken().values())
        return tests + sum(max(0.0, row.owned - row.cpu) for row in self.fixtures)

    def changed_with(self) -> str:
        """Name the test since which a glance finds what it finds now; nothing if it was so before the first."""
        glances, ids = self._read[7::8], self._read[::8]
        since = len(glances)
        while since and glances[since - 1] is glances[-1]:
            since -= 1
        return ids[since] if since else ""

    def pytest_collection_finish(self) -> None:
        """The first test is next."""
        self._before = (Clocks.cpu(), Clocks.queue(), Clocks.wall())
        self._around = _around()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A test has ended, and the next one is about to begin."""
        before = self._before
        try:
            self._before = now = (Clocks.cpu(), Clocks.queue(), Clocks.wall())
        except OSError:  # a test has closed all files
            Clocks.queue = bytes
            self._before = now = (Clocks.cpu(), b"", Clocks.wall())
        self._read += nodeid, *before, *now, self.glance()
        if now[2] - before[2] > _WHILE:  # reading more clocks costs
            self._look_around()

    def _look_around(self) -> None:
        nodeid = self._read[-8]
        before, self._around = self._around, _around()
        children, threads = (max(0.0, now - then) for now, then in zip(self._around, before, strict=True))
        row = taken_from(self._read[-8:], self._wide)[nodeid]
        seconds = row.whole - sum(row.wide)
        if not self.listening or (seconds < NOTICEABLE and children + threads < MOMENT):
            return
        self.accounts[nodeid] = Account(children, threads)
        # Nobody tells what children and other threads queued. On average it is as much, for each second of CPU, as this
        # thread has; of a single test that says little, so it is taken off the suite only.
        cpu, queued = Clocks.cpu() - self._session_began[1], Clocks.queued() - self._session_began[2]
        computed = children + threads
        blocked = seconds - row.cpu - row.queued - computed
        self.queued_elsewhere += max(0.0, min(blocked, computed * queued / max(cpu, MOMENT)))

    def _taken(self) -> dict[str, Taken]:
        return taken_from(self._read, self._wide)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Give a fixture of wider scope an account of its own, for its set-up and for its teardown."""
        if fixturedef.scope == "function":
            return (yield)
        watch = FixtureWatch(self._billed)
        try:
            return (yield)
        finally:
            self._setups[id(fixturedef)] = (self._stop(watch), _running()[0])
            # Finalizers run last in, first out: this one before the fixture's own teardown, after its dependents'.
            fixturedef.addfinalizer(lambda: self._begin_teardown(fixturedef))

    def _stop(self, watch: FixtureWatch) -> tuple[float, ...]:
        """Bill the fixture for what it took, and not the test that is running."""
        wall, cpu, queued = watch.stop()
        nodeid, phase = _running()
        row = self._wide.setdefault(nodeid, [0.0] * 5)
        row[PHASES.get(phase, 1)] += wall
        row[3] += cpu
        row[4] += queued
        return wall, cpu, queued

    def _begin_teardown(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._teardowns[id(fixturedef)] = FixtureWatch(self._billed)

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """A fixture has been torn down."""
        setup = self._setups.pop(id(fixturedef), None)
        if setup is None:
            return
        (wall, *others), user = setup
        watch = self._teardowns.pop(id(fixturedef), None)
        teardown, *more = self._stop(watch) if watch is not None else (0.0, 0.0, 0.0)
        if self.listening:
            cpu, queued = map(sum, zip(others, more, strict=True))
            where = (fixturedef.argname, fixturedef.scope, fixturedef.baseid)
            self.fixtures.append(FixtureTiming(*where, wall, teardown, queued, cpu, user))

    # Between xdist's processes: once, at the end of a worker. Anything that rides on each report costs far more.

    def packed(self) -> str:
        """Give all that was measured, for `unpack` in the controller."""
        return dumps([self.fixtures, self._taken(), self.accounts])

    def unpack(self, text: str) -> None:
        """Add what a worker measured."""
        fixtures, taken, accounts = loads(text)
        self.fixtures += [FixtureTiming(*row) for row in fixtures]
        self._elsewhere.update((nodeid, Taken(*row)) for nodeid, row in taken.items())
        self.accounts.update((nodeid, Account(*row)) for nodeid, row in accounts.items())


def _running() -> tuple[str, str]:
    """Give the test that runs, and its phase, as pytest tells all processes."""
    nodeid, _, phase = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")
    return nodeid, phase.strip("()")


def _around() -> tuple[float, float]:
    """Give the CPU seconds of this process's children, and of its other threads."""
    return Clocks.children(), Clocks.process() - Clocks.cpu()


def reports_of(config: pytest.Config) -> Iterable[object]:
    """Give what will have pytest's reports of all tests: what its terminal reporter keeps, or a plugin of our own."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if getattr(type(reporter), "pytest_runtest_logreport", None) is pytest.TerminalReporter.pytest_runtest_logreport:
        return _Kept(reporter.stats)
    listener = _Listener()
    config.pluginmanager.register(listener, "meta-tests-listener")
    return listener.heard


class _Kept:
    def __init__(self, by_category: dict[str, list[Any]]) -> None:
        self._by_category = by_category

    def __iter__(self) -> Iterator[object]:
        return chain.from_iterable(self._by_category.values())


class _Listener:
    def __init__(self) -> None:
        self.heard: list[pytest.TestReport] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep it."""
        self.heard.append(report)

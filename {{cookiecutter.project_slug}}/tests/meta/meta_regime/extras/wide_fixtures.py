"""Fixtures of class, module, package or session scope have accounts of their own: no test is billed for them.

Each is timed when it is set up and when it is torn down, less those that it sets up in turn.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from json import dumps, loads  # as they are now: a test may replace them
from typing import TYPE_CHECKING, Any

import pytest

from ..record import FixtureTiming
from ..stopwatch import Clocks

if TYPE_CHECKING:
    from ..recorder import Recorder
    from ..session import JudgedSession

_PHASES = {"setup": 0, "call": 1, "teardown": 2}
_ON_WORKERS = "meta_tests_wide"  # in xdist's workeroutput


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to this session."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None:
        session.config.pluginmanager.register(WideFixtures(judged.recorder), "meta-tests-wide")


class _Billed:
    """Seconds that belong to fixtures of wider scope, all together."""

    def __init__(self) -> None:
        self.wall = self.cpu = self.queued = 0.0


class _Watch:
    """Times one set-up or teardown of a wide fixture, less those of the wide fixtures that it sets up in turn."""

    def __init__(self, billed: _Billed) -> None:
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


class WideFixtures:
    """A pytest plugin; `fixtures` has what it heard."""

    def __init__(self, recorder: Recorder) -> None:
        self.fixtures: list[FixtureTiming] = []
        self._recorder = recorder
        self._billed = _Billed()
        self._setups: dict[int, tuple[tuple[float, ...], str]] = {}  # what it took, and for which test
        self._teardowns: dict[int, _Watch] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Time its set-up, and see to it that its teardown is timed."""
        if fixturedef.scope == "function":
            return (yield)
        watch = _Watch(self._billed)
        try:
            return (yield)
        finally:
            self._setups[id(fixturedef)] = (self._stop(watch), _running()[0])
            # Finalizers run last in, first out: this one before the fixture's own teardown, after its dependents'.
            fixturedef.addfinalizer(lambda: self._begin_teardown(fixturedef))

    def _begin_teardown(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._teardowns[id(fixturedef)] = _Watch(self._billed)

    def _stop(self, watch: _Watch) -> tuple[float, ...]:
        """Bill the fixture for what it took, and not the test that is running."""
        wall, cpu, queued = watch.stop()
        nodeid, phase = _running()
        row = self._recorder.wide.setdefault(nodeid, [0.0] * 5)
        row[_PHASES.get(phase, 1)] += wall
        row[3] += cpu
        row[4] += queued
        return wall, cpu, queued

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        """A fixture has been torn down."""
        setup = self._setups.pop(id(fixturedef), None)
        if setup is None:
            return
        (wall, *others), user = setup
        watch = self._teardowns.pop(id(fixturedef), None)
        teardown, *more = self._stop(watch) if watch is not None else (0.0, 0.0, 0.0)
        if self._recorder.listening:
            cpu, queued = map(sum, zip(others, more, strict=True))
            where = (fixturedef.argname, fixturedef.scope, fixturedef.baseid)
            self.fixtures.append(FixtureTiming(*where, wall, teardown, queued, cpu, user))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """On a worker of xdist: hand over what was heard."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput[_ON_WORKERS] = dumps(self.fixtures)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker heard."""
        told = getattr(node, "workeroutput", {}).get(_ON_WORKERS, "[]")
        self.fixtures += [FixtureTiming(*row) for row in loads(told)]

    def pytest_meta_tests_doubts(self) -> dict[str, Any]:
        """Put them into the run."""
        return {"fixtures": tuple(self.fixtures)}


def _running() -> tuple[str, str]:
    """Give the test that runs, and its phase, as pytest tells all processes."""
    nodeid, _, phase = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")
    return nodeid, phase.strip("()")

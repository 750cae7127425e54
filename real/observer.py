"""A pytest plugin that watches a session on its own account: outcomes, phases, and when the session began and ended.

It runs in a project's environment (`-p observer`), before and after the regime is added, and imports nothing of ours.
The controlling process writes what all of them saw to a file of its own in the folder `REAL_OBSERVED`, as JSON.

pytest's own durations cannot serve as the only witness: freezegun, started in a fixture, gets hold of pytest's clock
and makes phases last a thousand million seconds. The clocks here are kept where freezegun does not look.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest


def _queue_clock() -> Callable[[], float]:
    """Give a clock of the seconds that the main thread has waited for a CPU; 0 where the system does not tell."""
    account = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/schedstat")

    def queued() -> float:
        try:
            return int(account.read_text(encoding="ascii").split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    return queued


def _age() -> float:
    """Give the seconds since this process began; 0 where the system does not tell."""
    try:
        ticks = int(Path("/proc/self/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()[19])
        return float(Path("/proc/uptime").read_text(encoding="ascii").split()[0]) - ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, IndexError, ValueError):
        return 0.0


class Clock:
    """Wall and queue time of this process."""

    wall: Callable[[], float] = staticmethod(time.perf_counter)
    queued: Callable[[], float] = staticmethod(_queue_clock())

    @classmethod
    def now(cls) -> tuple[float, float]:
        """Give both. What a process queues while it reads them is in neither, if the wall is read last."""
        queued = cls.queued()
        return cls.wall(), queued


class Observer:
    """What is seen of one session.

    Every phase is timed twice: from as early to as late as can be, and from as late to as early. The regime's clocks
    are read in between, so that its figure lies between the two, whatever else the machine was doing at the time.
    """

    def __init__(self) -> None:
        self.moments = {"began": (Clock.wall() - _age(), 0.0), "loaded": Clock.now()}
        self.tests: dict[str, dict[str, Any]] = {}
        self._at: dict[str, tuple[float, float]] = {}
        self._wide = (0.0, 0.0)

    def _phase(self, when: str) -> Generator[None, object, object]:
        """Note when a phase begins, before anybody else hears of it, and when it is over, after everybody else."""
        self._at[f"{when} begins"] = Clock.now()
        try:
            return (yield)
        finally:
            self._at[f"{when} ends"] = Clock.now()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Time the set-up."""
        self._at, self._wide = {}, (0.0, 0.0)
        return (yield from self._phase("setup"))

    @pytest.hookimpl(specname="pytest_runtest_setup")
    def pytest_runtest_setup_has_begun(self) -> None:
        """Called after the regime, which asks to be first, and before pytest itself."""
        self._at["setup has begun"] = Clock.now()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Time the call."""
        return (yield from self._phase("call"))

    @pytest.hookimpl(specname="pytest_runtest_call")
    def pytest_runtest_call_has_begun(self) -> None:
        """As for the set-up."""
        self._at["call has begun"] = Clock.now()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, object, object]:
        """Time the teardown."""
        return (yield from self._phase("teardown"))

    @pytest.hookimpl(specname="pytest_runtest_teardown")
    def pytest_runtest_teardown_has_begun(self) -> None:
        """As for the set-up."""
        self._at["teardown has begun"] = Clock.now()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Sum up the set-up of fixtures of wider scope; one inside another is counted once."""
        before, (wall, queued) = self._wide, Clock.now()
        try:
            return (yield)
        finally:
            if fixturedef.scope != "function":
                now = Clock.now()
                self._wide = before[0] + now[0] - wall, before[1] + now[1] - queued

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Note when all have stopped their clocks; let the figures ride on the last report to whoever gathers them."""
        report = yield
        self._at[f"{call.when} has ended"] = Clock.now()
        if call.when == "teardown":
            report.observed = self._figures()
        return report

    def _figures(self) -> dict[str, Any]:
        """Give the least and the most seconds of each phase, and of queueing for a CPU in all of the test."""

        def between(begin: str, end: str, clock: int) -> float:
            missing = (0.0, 0.0)
            return max(0.0, self._at.get(end, missing)[clock] - self._at.get(begin, missing)[clock])

        phases = [phase for phase in ("setup", "call", "teardown") if f"{phase} begins" in self._at]
        figures: dict[str, Any] = {
            phase: [
                between(f"{phase} has begun", f"{phase} ends", 0) if f"{phase} has begun" in self._at else 0.0,
                between(f"{phase} begins", f"{phase} has ended", 0),
            ]
            for phase in phases
        }
        figures["queued"] = [
            between("setup has begun", "teardown ends", 1) if "setup has begun" in self._at else 0.0,
            between("setup begins", "teardown has ended", 1),
        ]
        figures["wide"], figures["wide_queued"] = self._wide
        return figures

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep what each report of a test says; subtests report under the id of their test."""
        test = self.tests.setdefault(report.nodeid, {"outcomes": [], "seconds": {}})
        word = report.outcome + ("-xfail" if hasattr(report, "wasxfail") else "")
        test["outcomes"].append(f"{report.when} {word}")
        test["seconds"] = getattr(report, "observed", test["seconds"])

    def pytest_sessionstart(self) -> None:
        """From here on pytest counts."""
        self.moments["started"] = Clock.now()

    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_runtestloop")
    def pytest_runtestloop_innermost(self) -> Generator[None, object, object]:
        """Note when the suite's last test has ended."""
        try:
            return (yield)
        finally:
            self.moments["ran"] = Clock.now()

    @pytest.hookimpl(wrapper=True, tryfirst=True, specname="pytest_runtestloop")
    def pytest_runtestloop_outermost(self) -> Generator[None, object, object]:
        """Note how coverage.py measures; note when everything in the loop has ended, the verdicts included."""
        _write_core()
        try:
            return (yield)
        finally:
            self.moments["judged"] = Clock.now()

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """All is reported, but for pytest's last line."""
        self.moments["reported"] = Clock.now()

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Write it down, in the process that has it all."""
        if hasattr(config, "workerinput"):
            return
        folder, data = Path(os.environ["REAL_OBSERVED"]), Path(os.environ.get("COVERAGE_FILE", ""))
        if data.is_file():  # of a child run, which throws it away
            shutil.copy(data, folder / "coverage")
        seen = {"moments": self.moments, "tests": self.tests}
        (folder / f"{os.getpid()}.json").write_text(json.dumps(seen), encoding="utf-8")


def _write_core() -> None:
    """Write down by which of its cores coverage.py measures in this process, which may not be the one asked for."""
    module = sys.modules.get("coverage")
    measured = module.Coverage.current() if module else None
    if measured is not None:
        core = dict(measured.sys_info())["core"]
        Path(os.environ["REAL_OBSERVED"], f"{os.getpid()}.core").write_text(core, encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch."""
    config.pluginmanager.register(_observer, "observer of the real suites")


_observer = Observer()  # at import, which is before any conftest is loaded

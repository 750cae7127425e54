"""Says where coverage is low, or the session dies, because coverage was switched off or its data was damaged.

Each process that runs tests looks, when each file was collected and at the end, whether coverage.py still measures; the
recorder glances at what measures after every test. A test that puts back what it found is not accused.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession

_TELLS = "meta_tests_coverage_trouble"  # what a worker of xdist tells its controller
_SAYS = "meta-tests says: "  # in the text of a crash
_DAMAGED = "coverage.py cannot use its own data; does a test write or delete .coverage, or .coverage.* beside it?"


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Look for the first time: by now pytest-cov has begun to measure."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None and not judged.facts.only_verdicts:
        session.config.pluginmanager.register(Trouble(judged), "meta-tests-trouble")


class Trouble:
    """What is known in one process; xdist's controller runs no tests, and hears from its workers."""

    def __init__(self, judged: JudgedSession) -> None:
        config, worker = judged.config, judged.worker_input is not None
        measures = (worker or config.getoption("dist", "no") == "no") and not getattr(config.option, "no_cov", False)
        controller = getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
        self.measured: Any = getattr(controller, "cov", None) if measures else None
        self.recorder = judged.recorder
        self.off = ""  # since when nothing is measured, and how that came
        self.files: list[Path] = []  # of workers; to combine them deletes them, unless they cannot be read
        self.lost = False
        self.crash = ""  # what a worker said when it died
        self._look("plugins and conftest.py were loaded")
        self.recorder.glance = _glance(self.measured)
        self.glanced = self.recorder.glance()

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        """Look after each file, which was imported for its tests."""
        report = yield
        self._look(f"{collector.nodeid or 'the project'} was collected")
        return report

    @pytest.hookimpl(wrapper=True, trylast=True, specname="pytest_runtestloop")
    def pytest_runtestloop_inside(self) -> Generator[None, object, object]:
        """Look for the last time: inside of pytest-cov, which then stops measuring."""
        try:
            return (yield)
        finally:
            tests, glances = self.recorder.read[::8], [self.glanced, *self.recorder.read[7::8]]
            self._look(f"{changed_with(tests, glances) or 'the tests'} ran")

    def _look(self, when: str) -> None:
        if self.measured is None:
            return
        why = _why_off(self.measured)
        if not (why and self.off):
            self.off = why and (
                f"coverage was switched off while {when} ({why}), so what ran after it counts as uncovered; "
                "whatever does that must put back what was there (a debugger does not)"
            )

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """On a worker: tell."""
        if hasattr(session.config, "workeroutput"):
            alive = self.measured is not None and not self.crash
            file = self.measured.get_data().data_filename() if alive else ""
            session.config.workeroutput[_TELLS] = [self.off, file]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker knows; those that ended before it must still have their data, until all is combined."""
        off, file = getattr(node, "workeroutput", {}).get(_TELLS, ("", ""))
        self.off = self.off or off
        self.lost = self.lost or not all(known.exists() for known in self.files)
        self.files += [Path(file)] if file and Path(file).exists() else []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Add plain words where coverage.py itself fails: pytest then shows an internal error, and ends with 3."""
        try:
            return (yield)
        except Exception as error:
            last = error.__traceback__
            while last is not None and last.tb_next is not None:
                last = last.tb_next
            if last is not None and last.tb_frame.f_globals.get("__name__", "").startswith("coverage."):
                error.add_note(f"{_SAYS}{self.off or _DAMAGED}")
            raise

    def pytest_internalerror(self, excrepr: object) -> None:
        """Hear of a worker's: xdist may go on after it, and end with 0."""
        self.crash = self.crash or str(excrepr).partition(_SAYS)[2].partition("\n")[0]

    def pytest_meta_tests_doubts(self) -> dict[str, str] | None:
        """Say that less was measured than the tests have done."""
        if self.crash:
            return {"partial": f"an xdist worker died: {self.crash}"}
        if self.lost or any(file.exists() for file in self.files):
            return {"coverage_missing": f"what an xdist worker had measured is lost: {_DAMAGED}"}
        return {"coverage_missing": self.off} if self.off else None


def changed_with(tests: Sequence[str], glances: Sequence[object]) -> str:
    """Name the test since which glances, one before the first test and one after each, find what the last one finds."""
    since = len(tests)
    while since and glances[since - 1] is glances[-1]:
        since -= 1
    return tests[since - 1] if since else ""


def _glance(measured: Any) -> Callable[[], object]:
    """Give a function that tells what measures, so that it can be seen with which test that changed."""
    tools = getattr(sys, "monitoring", None)
    if measured is not None and tools and any(tools.get_tool(tool) == "coverage.py" for tool in range(6)):
        current: Callable[[], object] = type(measured).current
        return current
    return sys.gettrace


def _why_off(measured: Any) -> str:
    """Say how coverage was switched off; nothing where it measures."""
    if type(measured).current() is not measured:
        return "start() or stop() of a coverage.Coverage"
    tracer, tools = sys.gettrace(), getattr(sys, "monitoring", None)
    if type(getattr(tracer, "__self__", tracer)).__module__.partition(".")[0] == "coverage":
        return ""
    if tools and any(tools.get_tool(tool) == "coverage.py" and tools.get_events(tool) for tool in range(6)):
        return ""  # Python 3.12+, where coverage can do without a tracer
    return f"sys.settrace({getattr(tracer, '__qualname__', tracer)}){', or sys.monitoring' if tools else ''}"

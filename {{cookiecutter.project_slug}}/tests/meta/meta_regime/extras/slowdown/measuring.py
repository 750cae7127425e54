"""What is measured beside the tests: the class of the machine, its speed, and how crowded it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...stopwatch import Clocks

if TYPE_CHECKING:
    from ...session import JudgedSession

_KEY = "meta_tests_slowdown"  # in xdist's workeroutput
_TIMES = 15  # of the piece of work, of a quarter of a millisecond, at most, at either end of the session
_ENOUGH = 4  # times that took as long as the fastest, within a fiftieth: then the machine has shown what it can do


class Watch:
    """Measures one process of a session; the controller of xdist hears its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._since, self._pressure = Clocks.wall(), pressure()
        self._tracer, self._children = "", 0.0
        self._workers: list[tuple[str, float]] = []
        self._work = 1.0

    def pytest_sessionstart(self) -> None:
        """See how fast this process computes, if it may run the suite; it is seen at the end, too.

        That is enough where tests are chosen: such a run is seldom compared with anything. And where each line is
        followed, the piece is slow.
        """
        judged: JudgedSession | None = self._config.pluginmanager.getplugin("meta-tests")
        chooses = self._config.option.keyword or any("::" in arg for arg in self._config.args)
        if judged is None or chooses or sys.gettrace() is not None:
            return
        if judged.writer is not None or (judged.judges and not judged.facts.only_verdicts):
            self._work = piece_of_work()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Note who measures coverage, and what children computed for whom no test can have waited."""
        self._tracer, self._children = self._tracer or tracer(), Clocks.children()

    def pytest_sessionfinish(self) -> None:
        """On a worker: hand that over."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_KEY] = [self._tracer, Clocks.children() - self._children]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker says."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told is not None:
            self._workers.append(tuple(told))

    def pytest_meta_tests_doubts(self) -> dict[str, Any]:
        """Give the figures of this run."""
        from .timings import CHILDREN, CROWD, WORK

        told = self._workers or [(self._tracer, Clocks.children() - self._children)]
        crowd = (pressure() - self._pressure) / max(Clocks.wall() - self._since, 0.001)
        work = 1000 * min(self._work, piece_of_work())
        machine = machine_class(told[0][0] or "coverage off", len(self._workers))
        children = sum(seconds for _, seconds in told)
        return {"figures": {"machine": machine, WORK: work, CHILDREN: children, CROWD: crowd}}


def piece_of_work() -> float:
    """Do the same small thing several times; give the CPU seconds of the fastest."""
    took = list[float]()
    while len(took) < _TIMES and sum(each <= 1.02 * min(took) for each in took) < _ENOUGH:
        began, words, total = Clocks.cpu(), dict[int, int](), 0
        for number in range(4_000):
            total += number * number % 7
            words[number & 63] = total
        took.append(Clocks.cpu() - began)
    return min(took)


def tracer() -> str:
    """Name what follows each line in this process: a core of coverage.py, a debugger, or nothing."""
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.COVERAGE_ID):
        return "coverage by sysmon"
    following = sys.gettrace()
    return f"coverage by {type(following).__name__}" if following else "coverage off"


def machine_class(measuring: str, workers: int) -> str:
    """Give what two runs must have in common to be compared: system, CPU, interpreter, and how the tests were run."""
    import platform

    from .._cores import usable_cores

    cores = usable_cores()
    python = f"{platform.python_implementation()} {sys.version_info[0]}.{sys.version_info[1]}"
    cpu = f"{cpu_model()}, {cores:g} core{'' if cores == 1 else 's'}"
    how = f"{workers} worker{'' if workers == 1 else 's'}" if workers else "one process"
    return f"{platform.system()} {platform.machine()}, {cpu}, {python}, {measuring}, {how}"


def cpu_model() -> str:
    """Name the CPU, as far as the system tells."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2] for line in lines if line.lower().startswith(("model name", "cpu model"))]
    return " ".join((models or [platform.processor() or "some CPU"])[0].split())


def pressure() -> float:
    """Give the seconds in which anything on this machine has queued for a CPU; 0 where the system does not tell.

    https://docs.kernel.org/accounting/psi.html
    """
    try:
        some = Path("/proc/pressure/cpu").read_text(encoding="utf-8").split("full")[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError):
        return 0.0

"""What a person waits for, part by part, and the figure that the budget judges: of all processes of a session.

The figure is what the run takes while nobody else uses the machine. In one process it is wall time, from the start of
the process, less what its main thread has queued for a CPU, and what the children that it waited for seem to have.
Under xdist nobody can tell whether a process waits for another program or for its own controller. So it is the CPU time
of the controller, before and after the tests, and of the worker that has most to do, with the time in which its tests
were blocked; and no less than what all processes compute, divided by the usable cores.
(`docs/detection.md` of meta-tests has the figures that were tried on a crowded machine.)
"""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..stopwatch import Clocks
from ._cores import usable_cores

if TYPE_CHECKING:
    from ..session import JudgedSession

_KEY = "meta_tests_time"  # in xdist's workeroutput
_LONGEST_START = 600.0  # seconds; more is not believed


class Process(NamedTuple):
    """What one process of a session took, in seconds.

    From its start to the loading of the regime (0 where the system does not tell), collecting, idle after its last
    test; in all; queueing for a CPU; CPU time, that of its children included; and what it owns if it is a worker.
    """

    started: float
    collected: float
    idle: float
    wall: float
    queued: float
    cpu: float
    owned: float


def pytest_configure(config: pytest.Config) -> None:
    """Watch this session."""
    config.pluginmanager.register(Watch(config), "meta-tests-watch")


class Watch:
    """Notes when the parts of a session begin and end, in this process; the controller of xdist hears its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._loaded = Clocks.wall()
        self._started, self._queued_before = _since_the_start()
        self._collected = self._ended = 0.0
        self._workers: list[Process] = []
        self._down: list[float] = []
        self._ready = self._ready_cpu = 0.0  # when the last worker had collected, by the clock and of this thread's CPU
        self._down_cpu = 0.0  # when the last one was done

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Time it."""
        began = Clocks.wall()
        result = yield
        self._collected = Clocks.wall() - began
        return result

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Note its end: inside of pytest-cov, which afterwards saves and reports."""
        result = yield
        self._ended = Clocks.wall()
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        """A worker has collected."""
        self._ready, self._ready_cpu = Clocks.wall(), Clocks.cpu()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker says."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told is not None:
            self._workers.append(Process(*told))
            self._down.append(Clocks.wall())
            self._down_cpu = Clocks.cpu()

    def pytest_sessionfinish(self) -> None:
        """On a worker: hand over what it took."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_KEY] = [*self._process()]

    def _process(self) -> Process:
        judged: Any = self._config.pluginmanager.getplugin("meta-tests")
        recorder = judged.recorder
        helped, wide = map(self._config.pluginmanager.getplugin, ("meta-tests-accounts", "meta-tests-wide"))
        idle = max(0.0, self._ended - recorder.read[-2]) if recorder.read else 0.0  # since its last test
        wall = self._started + Clocks.wall() - self._loaded
        queued = self._queued_before + Clocks.queued() + (helped.queued_elsewhere if helped else 0.0)
        if self._workers:  # they tell of themselves, and they are its children
            cpu, owned = Clocks.process(), self._ready_cpu + Clocks.cpu() - self._down_cpu
        else:
            cpu, owned = Clocks.process() + Clocks.children(), Clocks.cpu()
        if hasattr(self._config, "workeroutput"):  # nobody asks another process
            rows = recorder.taken().values()
            owned += sum(max(0.0, row.whole - sum(row.wide) - row.cpu - row.queued) for row in rows)
            owned += sum(max(0.0, row.owned - row.cpu) for row in (wide.fixtures if wide else ()))
        return Process(self._started, self._collected, idle, wall, queued, cpu, owned)

    def pytest_meta_tests_doubts(self, judged: JudgedSession) -> dict[str, Any]:
        """Give seconds and queued seconds of the run, and its parts."""
        mine, workers = self._process(), self._workers
        parts = {"start-up and imports": mine.started, "collection": mine.collected}
        if workers:
            parts["collection"] = max(each.collected for each in workers)
            parts["xdist's start, until its workers collect"] = max(
                0.0, self._ready - self._loaded - parts["collection"]
            )
            waits = [max(self._down) - down + each.idle for down, each in zip(self._down, workers, strict=True)]
            parts["xdist's barrier: waiting for the last worker"] = sum(waits) / len(waits)
        parts["the end: coverage is saved and reported"] = Clocks.wall() - self._ended
        owned = owned_seconds(mine, workers, usable_cores())
        return {"seconds": mine.wall, "queued": max(0.0, mine.wall - owned), "figures": {"parts": parts}}


def owned_seconds(mine: Process, workers: list[Process], cores: float) -> float:
    """Give what a run would take on a machine that nobody else uses."""
    if not workers:
        return max(0.0, mine.wall - mine.queued)
    computed = mine.cpu + sum(each.cpu for each in workers)
    return min(mine.wall, max(mine.owned + max(each.owned for each in workers), computed / cores))


def _since_the_start() -> tuple[float, float]:
    """Give seconds since this process began, and those of them that its main thread has queued; 0 if not known."""
    try:
        ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        queued = int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9 - Clocks.queued()
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0, 0.0
    return (seconds, max(0.0, queued)) if 0 <= seconds < _LONGEST_START else (0.0, 0.0)

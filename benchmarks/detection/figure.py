"""Which figure of a run does a crowded machine not change? Candidates, tried on a mixed suite."""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.detection.projects import made_project
from benchmarks.detection.sessions import CELLS, LOADS, WAYS, facts, session

_TESTS = """\
import subprocess
import sys
import time

import pytest


@pytest.mark.parametrize("number", range(20))
def test_computing(number):
    total = 0
    for each in range((50 + 10 * (number % 5)) * 14_000):
        total += each * each % 7


@pytest.mark.parametrize("number", range(14))
def test_waiting(number):
    time.sleep(0.05 + 0.02 * (number % 5))


@pytest.mark.parametrize("number", range(6))
def test_tool(number):
    text = "for each in range(1_400_000): pass" if number % 2 else "import time; time.sleep(0.1)"
    subprocess.run([sys.executable, "-I", "-S", "-c", text], check=True)
"""
_CONFTEST = """
import json
import os
import time

import pytest


def _calibrated():
    took = []
    for _ in range(7):
        began, total = time.thread_time(), 0
        for each in range(80_000):
            total += each * each % 7
        took.append(time.thread_time() - began)
    return min(took)


_BEFORE = _calibrated()


@pytest.hookimpl(tryfirst=True)
def pytest_meta_tests_run_ended(judged, run):
    watch = judged.config.pluginmanager.getplugin("meta-tests-watch")
    told = {
        "wall": run.seconds,
        "judged": run.owned,
        "mine": watch._process()._asdict(),
        "workers": [each._asdict() for each in watch._workers],
        "tests": {test.nodeid: [test.setup + test.call + test.teardown, test.owned, test.cpu] for test in run.tests},
        "calibration": min(_BEFORE, _calibrated()),
    }
    with open(os.environ["DETECTION_FIGURES"], "w") as file:
        json.dump(told, file)
"""
Row = dict[str, Any]


def make(scratch: Path) -> Path:
    """Make the project."""
    return made_project(scratch / "project", {"conftest.py": _CONFTEST, "test_mixed.py": _TESTS})


def measured(folder: Path, sessions: int, first: int) -> Iterator[Row]:
    """Run sessions, each round of the cells in an order of its own; give what their processes told."""
    told = folder.parent / "figures.json"
    for number in range(first, sessions):
        cells = random.Random(number // len(CELLS)).sample(CELLS, len(CELLS))  # noqa: S311 - only an order
        cell = cells[number % len(CELLS)]
        told.unlink(missing_ok=True)
        ended = session(folder, cell, {"DETECTION_FIGURES": str(told)})
        if not told.exists():
            sys.exit(f"exit status {ended.status}\n{ended.output[-3000:]}")
        yield {"part": "figure", **facts(number, cell, ended), **json.loads(told.read_text(encoding="utf-8"))}


def _main_thread(row: Row) -> float:
    return float(row["mine"]["wall"] - row["mine"]["queued"])


def _with_workers(row: Row, choose: Callable[[list[float]], float]) -> float:
    """Take off, of the workers' wall time, their own queueing: of the most laden worker, or of them on average."""
    workers = row["workers"]
    if not workers:
        return _main_thread(row)
    owned = [each["wall"] - each["queued"] for each in workers]
    return _main_thread(row) - max(float(each["wall"]) for each in workers) + choose(owned)


def _computed(row: Row) -> float:
    cores = len(os.sched_getaffinity(0))
    return float(row["mine"]["cpu"] + sum(each["cpu"] for each in row["workers"])) / cores


def _tests(row: Row, name: str, field: int) -> float:
    return float(sum(figures[field] for nodeid, figures in row["tests"].items() if name in nodeid))


CANDIDATES: dict[str, Callable[[Row], float]] = {
    "wall time, from the start of the process": lambda row: row["wall"],
    "less what the main thread queued": _main_thread,
    "xdist: less the workers' queueing, the one that owns most": lambda row: _with_workers(row, max),
    "xdist: likewise, the mean of the workers": lambda row: _with_workers(row, statistics.fmean),
    "CPU seconds of all processes / cores": _computed,
    "**the figure that is judged**": lambda row: row["judged"],
    "tests that sleep: wall - queue": lambda row: _tests(row, "test_waiting", 1),
    "tests that compute: wall": lambda row: _tests(row, "test_computing", 0),
    "tests that compute: wall - queue": lambda row: _tests(row, "test_computing", 1),
    "tests that compute: CPU": lambda row: _tests(row, "test_computing", 2),
    "the same, divided by a loop timed before and after": lambda row: (
        _tests(row, "test_computing", 2) / row["calibration"]
    ),
    "tests that wait for a program: wall": lambda row: _tests(row, "test_tool", 0),
    "tests that wait for a program: owned": lambda row: _tests(row, "test_tool", 1),
}


def table(rows: list[Row], way: str) -> list[list[str]]:
    """Give for each candidate its median beside no busy process, how it grows beside others, and how it spreads."""
    lines = []
    for name, candidate in CANDIDATES.items():
        if name.startswith("xdist") and not WAYS[way]:
            continue
        by_load = {
            load: [candidate(row) for row in rows if row["way"] == way and row["load"] == load] for load in LOADS
        }
        if not all(by_load.values()):
            return []  # too few sessions yet
        idle = statistics.median(by_load[0])
        growth = [f"{statistics.median(by_load[load]) / idle:.2f}" for load in LOADS[1:]]
        spread = max(max(values) / min(values) for values in by_load.values())
        lines.append([name, "-" if "divided" in name else f"{idle:.2f} s", *growth, f"{spread:.2f}"])
    return lines

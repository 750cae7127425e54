"""What the recorder costs a test, beside plugins that time tests: CPU seconds, in turn with plain pytest."""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.detection.projects import plugin_path
from benchmarks.measuring import run
from benchmarks.suites import add_regime, write_suite
from tests.baking import ROOT

VARIANTS: dict[str, tuple[str, list[str]]] = {  # what is on PYTHONPATH, what is typed
    "plain": ("", []),
    "meta-tests": ("", []),
    "pytest-fail-slow": ("pytest-fail-slow", ["--fail-slow", "60", "--fail-slow-setup", "60"]),
    "pytest-durations": ("pytest-durations", []),
    "junitxml": ("", ["--junitxml", "junit.xml"]),
}


def write_suites(scratch: Path, tests: int) -> None:
    """Write for each variant a suite of so many trivial tests, and one of a single test: its start-up."""
    for name in VARIANTS:
        for number in (tests, 1):
            folder = _folder(scratch, name, number)
            write_suite(folder, number)
            if name == "meta-tests":
                baking = scratch / f"baking-{number}"
                baking.mkdir()
                add_regime(ROOT, folder, baking)


def rounds(scratch: Path, tests: int, number: int, first: int) -> Iterator[dict[str, Any]]:
    """Run all variants in turn, there and back again, after a round to warm up; give the CPU seconds of each round."""
    order = [(name, count) for name in VARIANTS for count in (tests, 1)]
    for each in range(first - 1, number):
        taken = {pair: _seconds(scratch, *pair) for pair in (order if each % 2 else reversed(order))}
        if each >= first:
            rows = {name: [taken[name, tests], taken[name, 1]] for name in VARIANTS}
            yield {"part": "cost", "number": each, "tests": tests, "cpu": rows}


def _folder(scratch: Path, name: str, tests: int) -> Path:
    return scratch / f"{name}-{tests}"


def _seconds(scratch: Path, name: str, tests: int) -> float:
    beside, typed = VARIANTS[name]
    command = ["env", f"PYTHONPATH={plugin_path(beside) if beside else ''}", sys.executable, "-m", "pytest", "-q"]
    folder = _folder(scratch, name, tests)
    ended = run([*command, "-p", "no:cacheprovider", *typed], folder)
    passed = re.search(r"(\d+) passed", ended.output)
    if ended.status or not passed or int(passed[1]) < tests:
        sys.exit(f"{name}: exit status {ended.status}\n{ended.output[-3000:]}")
    return ended.cpu_seconds


def table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Give for each variant the microseconds a test, of start-up, and the ratio to plain pytest: medians, and range."""

    def median(name: str, which: int) -> float:
        return float(statistics.median(row["cpu"][name][which] for row in rows))

    tests = rows[0]["tests"] - 1
    plain, plain_one = median("plain", 0), median("plain", 1)
    lines = [["plain pytest", f"({1e6 * (plain - plain_one) / tests:.0f})", "", f"({1000 * plain_one:.0f})", "1"]]
    for name in list(VARIANTS)[1:]:
        many, one = median(name, 0), median(name, 1)
        cost = 1e6 * ((many - one) - (plain - plain_one)) / tests
        each = [1e6 * _cost(row, name) for row in rows]
        start = f"{1000 * (one - plain_one):.0f}"
        lines.append([name, f"{cost:.1f}", f"{min(each):.1f} to {max(each):.1f}", start, f"{many / plain:.3f}"])
    return lines


def _cost(row: dict[str, Any], name: str) -> float:
    """Give the seconds a test takes more than with plain pytest, start-up left out."""
    (mine, mine_one), (plain, plain_one) = row["cpu"][name], row["cpu"]["plain"]
    return float(((mine - mine_one) - (plain - plain_one)) / (row["tests"] - 1))

"""Where a project stands: by how much its policy asks for more than a run has shown."""

from __future__ import annotations

import glob
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ...record import FileCoverage, MeasuredCoverage, SuiteRun
from ...time_verdicts import Row, suspects
from ...verdict import Standards
from .settings import Setting

FLOORS_AT_MOST = 40  # lines of their own; if more modules are below their floor, the floor of all is lowered instead


def of_coverage(coverage: MeasuredCoverage, standards: Standards) -> list[Setting]:
    """Give the minimum as measured, where it is above that; rounded down to hundredths of a per cent."""
    minimum = standards.policy.coverage.minimum
    if coverage.fail_under is not None or not coverage.units or coverage.percent >= Fraction(repr(minimum)):
        return []
    return [Setting("coverage", "minimum", math.floor(coverage.percent * 100) / 100, f"{minimum:g}")]


def of_modules(below: Sequence[tuple[FileCoverage, float]], standards: Standards) -> list[Setting]:
    """Give a floor of its own, as measured, to each module that is below the one it has; or one for all of many."""
    if len(below) > FLOORS_AT_MOST:
        lowest = min(_rounded_down(file) for file, _ in below)
        was = f"{standards.policy.coverage.module_floor:g}; {len(below)} modules are below their floor"
        return [Setting("coverage", "module_floor", lowest, was)]
    return [Setting("coverage.floors", file.path, _rounded_down(file), f"{floor:g}") for file, floor in below]


def _rounded_down(file: FileCoverage) -> float:
    return math.floor(file.percent * 10) / 10


def of_the_suite(run: SuiteRun, standards: Standards) -> list[Setting]:
    """Give the budget as measured, where that is over it; rounded up. The tolerance above it stays what it is."""
    policy = standards.policy
    if run.owned <= policy.performance.suite_seconds:
        return []
    step = 1 if run.owned < 60 else 10
    budget = float(math.ceil(run.owned / step) * step)
    found = [Setting("performance", "suite_seconds", budget, f"{policy.performance.suite_seconds:g}")]
    if policy.suite.timeout_seconds < 2 * budget:
        found.append(Setting("suite", "timeout_seconds", 2 * budget, f"{policy.suite.timeout_seconds:g}"))
    return found


def of_files(missed: Sequence[str], standards: Standards) -> list[Setting]:
    """Let files that hold tests, and are not collected, be no tests."""
    known = standards.policy.hygiene.not_tests
    names = (*known, *map(glob.escape, missed))
    return [Setting("hygiene", "not_tests", names, Setting("", "", known, "").written)] if missed else []


def of_rules(broken: Sequence[str], standards: Standards) -> list[Setting]:
    """Excuse the rules that are broken."""
    return [Setting("hygiene.excused", name, f"adopted on {standards.today}", "asked for") for name in broken]


def slow_ones(run: SuiteRun, standards: Standards) -> list[Row]:
    """List the tests and fixtures over the limit, those within its tolerance too: tomorrow they may be above that."""
    slow_tests = standards.policy.slow_tests._replace(tolerance_percent=0.0)
    return suspects(run, replace(standards, policy=standards.policy._replace(slow_tests=slow_tests)))

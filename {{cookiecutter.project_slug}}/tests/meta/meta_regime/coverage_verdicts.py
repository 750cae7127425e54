"""Verdicts on coverage: is enough of the code executed by the suite?"""

from __future__ import annotations

import math
import shlex
from fractions import Fraction

from .record import MeasuredCoverage, SuiteRun
from .verdict import Outcome, Standards, Verdict, not_judged, percent, table

_MODULES_SHOWN = 8


def total_meets_minimum(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge total coverage against the minimum: `fail_under` of the coverage settings, else the policy's."""
    coverage = run.coverage
    if coverage is None:
        return not_judged(run.coverage_missing)
    if not any(file.units for file in coverage.files):
        return not_judged("coverage has nothing to count: no statements in the measured files")
    lowest = standards.policy.coverage.minimum
    minimum, source = lowest, "tests/meta/policy.toml, [coverage] minimum"
    if coverage.fail_under is not None:
        minimum, source = coverage.fail_under, "fail_under in the project's coverage settings"
    disagree = f" ({source}; the policy says {lowest:g} %)" if minimum != lowest else ""
    required = Fraction(repr(minimum))  # 79.9 as written, not the nearest binary fraction
    total = coverage.percent
    line = f"Total coverage is {percent(total)}, the minimum is {minimum:g} %{disagree}."
    if total >= required:
        return Verdict(Outcome.PASSED, line)
    return Verdict(Outcome.FAILED, line, _advice(coverage, required, source))


def _advice(coverage: MeasuredCoverage, required: Fraction, source: str) -> str:
    units, left = sum(file.units for file in coverage.files), sum(file.uncovered for file in coverage.files)
    missing = math.ceil(required * units / 100) - (units - left)
    more = "1 more statement or branch" if missing == 1 else f"{missing} more statements or branches"
    worst = sorted((file for file in coverage.files if file.uncovered), key=lambda file: (-file.uncovered, file.path))
    rows = []
    for file in worst[:_MODULES_SHOWN]:
        left -= file.uncovered
        own, then = Fraction(100 * (file.units - file.uncovered), file.units), Fraction(100 * (units - left), units)
        rows.append((str(file.uncovered), percent(own), percent(then), file.path))
    measure = " ".join(f"--cov={shlex.quote(name)}" for name in coverage.sources)
    return f"""{more} must be covered. (The minimum: {source}.)
Most is to be gained here (the third column: the total once this file and those above it are
covered):

{table(("to cover", "covered", "total then", "file"), rows)}

Next, see the lines (or with --cov-report=html, in htmlcov/index.html):

    python -m pytest {measure} --cov-report=term-missing

Test what matters first. Ways out of this: tests/meta/README.md"""

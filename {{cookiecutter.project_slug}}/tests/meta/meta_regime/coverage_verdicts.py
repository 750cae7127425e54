"""Verdicts on coverage: is enough of the code executed by the suite?"""

from __future__ import annotations

import math
from fractions import Fraction

from .record import FileCoverage, MeasuredCoverage, SuiteRun
from .verdict import Outcome, Standards, Verdict, not_judged, percent, table

_MODULES_SHOWN = 8


def total_meets_minimum(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge total coverage against the minimum: `fail_under` of the coverage settings, else the policy's."""
    coverage = run.coverage
    if coverage is None:
        return not_judged(run.coverage_missing)
    if not any(file.units for file in coverage.files):
        return not_judged("coverage has nothing to count: no statements in the measured files")
    policy = standards.policy.coverage
    if coverage.fail_under is not None:
        minimum, source = coverage.fail_under, "fail_under in the coverage settings"
    else:
        minimum, source = policy.minimum, "tests/meta/policy.toml, [coverage] minimum"
    required = Fraction(repr(minimum))  # 79.9 as written, not the nearest binary fraction
    total = coverage.percent
    if total >= required:
        return Verdict(Outcome.PASSED, f"Total coverage is {percent(total)}, the minimum is {minimum:g} %.")
    missing = _units_to(required, coverage)
    line = f"Total coverage is {percent(total)}, the minimum is {minimum:g} % ({source})."
    return Verdict(Outcome.FAILED, line, _advice(coverage, missing))


def _units_to(required: Fraction, coverage: MeasuredCoverage) -> int:
    """Count the statements and branches that must still be covered to reach so many per cent."""
    units = sum(file.units for file in coverage.files)
    covered = units - sum(file.uncovered for file in coverage.files)
    return math.ceil(required * units / 100) - covered


def _advice(coverage: MeasuredCoverage, missing: int) -> str:
    worst = sorted((file for file in coverage.files if file.uncovered), key=lambda file: (-file.uncovered, file.path))
    rows, after = [], coverage
    for file in worst[:_MODULES_SHOWN]:
        own = MeasuredCoverage((file,), None).percent
        after = _once_covered(after, file)
        rows.append((str(file.uncovered), percent(own), percent(after.percent), file.path))
    more = "1 more statement or branch" if missing == 1 else f"{missing} more statements or branches"
    return f"""{more} must be covered. Most is to be gained here
(the third column is the total once this file and those above it are covered):

{table(("to cover", "covered", "total then", "file"), rows)}

Next: run with --cov-report=term-missing to see the lines, or with --cov-report=html and
open htmlcov/index.html. Test what matters first. Ways out of this: tests/meta/README.md"""


def _once_covered(coverage: MeasuredCoverage, done: FileCoverage) -> MeasuredCoverage:
    files = tuple(
        FileCoverage(file.path, file.statements, 0, file.branches, 0) if file.path == done.path else file
        for file in coverage.files
    )
    return MeasuredCoverage(files, coverage.fail_under)

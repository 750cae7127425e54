"""Verdicts on coverage: is enough of the code executed by the suite?"""

from __future__ import annotations

import math
from fractions import Fraction

from .record import FileCoverage, MeasuredCoverage, SuiteRun
from .verdict import Outcome, Standards, Verdict, details_from, not_judged, percent


def total_meets_minimum(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge total coverage against the minimum: `fail_under` of the coverage settings, else the policy's."""
    coverage = run.coverage
    if coverage is None:
        return not_judged(run.coverage_missing)
    if not coverage.units:
        return not_judged("coverage has nothing to count: no statements in the measured files")
    policy = standards.policy.coverage
    minimum, source = policy.minimum, "tests/meta/policy.toml, [coverage] minimum"
    if coverage.fail_under is not None:
        minimum, source = coverage.fail_under, "fail_under in the project's coverage settings"
    disagree = f" ({source}; the policy says {policy.minimum:g} %)" if minimum != policy.minimum else ""
    line = f"Total coverage is {percent(coverage.percent)}, the minimum is {minimum:g} %{disagree}."
    missing, further = lacking(coverage, minimum), lacking(coverage, policy.target)
    if missing <= 0:
        way = f" Statements and branches to cover to the target of {policy.target:g} %: {further}."
        return Verdict(Outcome.PASSED, line + way if further > 0 else line)
    to_go = f", {further} to the target of {policy.target:g} %" if further > missing else ""
    needed = f"Statements and branches to cover: {missing} to the minimum{to_go}.\n(The minimum: {source}.)"
    return Verdict(Outcome.FAILED, line, f"{needed}\n{details_from('plan', 'where_to_start', coverage)}")


def lacking(coverage: MeasuredCoverage | FileCoverage, required: float) -> int:
    """Count the statements and branches that are missing to `required` per cent, exactly; 0 or less if none are."""
    share = Fraction(repr(required)) / 100  # 79.9 as written, not the nearest binary fraction
    return math.ceil(share * coverage.units) - (coverage.units - coverage.uncovered)

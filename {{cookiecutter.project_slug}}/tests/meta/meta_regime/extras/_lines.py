"""Lines and shares of measured files, for the verdicts and the plan."""

from __future__ import annotations

import shlex

from ..record import FileCoverage, MeasuredCoverage


def numbers(lines: str) -> list[int]:
    """Read line numbers as a record has them: `3-5,9` is 3, 4, 5, 9."""
    found: list[int] = []
    for part in filter(None, lines.split(",")):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def missing_ranges(file: FileCoverage) -> str:
    """Write the lines that no test executed, as coverage.py does: `3-5, 9, 12->14`.

    A range runs over lines that are no statements; after them, branches never taken from lines that were executed.
    """
    executed, ranges = set(numbers(file.executed_lines)), list[list[int]]()
    for line in numbers(file.missing_lines):
        if ranges and not executed.intersection(range(ranges[-1][1], line)):
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    words = [f"{first}-{last}" if last > first else f"{first}" for first, last in ranges]
    return ", ".join([*words, *filter(None, file.partial.split(","))])


def how_to_see_lines(coverage: MeasuredCoverage, report: str = "term-missing") -> str:
    """Give the command that shows uncovered lines."""
    measure = " ".join(f"--cov={shlex.quote(name)}" for name in coverage.sources)
    return f"python -m pytest {measure} --cov-report={report}"

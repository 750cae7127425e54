"""Compares what the regime counted with `coverage json` of the same data: file by file, line by line, and in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from meta_regime.record import FileCoverage, MeasuredCoverage


def disagreements(counted: MeasuredCoverage, report: Mapping[str, Any]) -> list[str]:
    """List what the two do not say alike; `report` is what `coverage json` has written."""
    ours = {file.path: file for file in counted.files}
    theirs = {Path(path).as_posix(): row for path, row in report["files"].items()}
    found = [f"{path} is only in the regime's count" for path in sorted(ours.keys() - theirs.keys())]
    found += [f"{path} is only in coverage json" for path in sorted(theirs.keys() - ours.keys())]
    for path in sorted(ours.keys() & theirs.keys()):
        found += _differing(path, _counted(ours[path]), _reported(theirs[path]))
    return [*found, *_differing("in all", _sums(counted), _totals(report["totals"]))]


def _differing(where: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[str]:
    for name, value in theirs.items():
        if ours[name] != value:
            yield f"{where}: {name}: the regime has {ours[name]}, coverage json {value}"


def _counted(file: FileCoverage) -> dict[str, Any]:
    lines = {name: _numbers(getattr(file, name)) for name in ("executed_lines", "missing_lines", "excluded_lines")}
    counts = {name: getattr(file, name) for name in ("statements", "missing", "branches", "missing_branches")}
    return {
        **counts,
        **lines,
        "partial": file.partial.split(",") if file.partial else [],
        "percent": float(file.percent),
    }


def _reported(row: Mapping[str, Any]) -> dict[str, Any]:
    lines = {name: row[name] for name in ("executed_lines", "missing_lines", "excluded_lines")}
    never = set(row["missing_lines"])
    partial = [(line, to) for line, to in row.get("missing_branches", []) if line not in never]
    written = [f"{line}->{'exit' if to <= 0 else to}" for line, to in partial]
    return {**_totals(row["summary"]), **lines, "partial": written}


def _sums(counted: MeasuredCoverage) -> dict[str, Any]:
    names = ("statements", "missing", "branches", "missing_branches")
    sums = {name: sum(getattr(file, name) for file in counted.files) for name in names}
    return {**sums, "percent": float(counted.percent)}


def _totals(summary: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "statements": summary["num_statements"],
        "missing": summary["missing_lines"],
        "branches": summary.get("num_branches", 0),
        "missing_branches": summary.get("missing_branches", 0),
        "percent": summary["percent_covered"],  # not rounded
    }


def _numbers(ranges: str) -> list[int]:
    """Read `3-5,9` as 3, 4, 5, 9: by our own reading of a record, not by the regime's."""
    ends = [[int(end) for end in part.split("-")] for part in ranges.split(",") if part]
    return [number for part in ends for number in range(part[0], part[-1] + 1)]

"""Verdict on the floors: is enough of every single module executed?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

from ..coverage_verdicts import lacking
from ..policy import Coverage
from ..record import FileCoverage, SuiteRun
from ..verdict import Decide, Outcome, Standards, Verdict, not_judged, percent
from ._lines import how_to_see_lines
from ._table import table

_ROWS_SHOWN = 8


def test_no_module_below_floor(judge: Callable[[Decide], None]) -> None:
    """No single module has less than its floor."""
    judge(no_module_below_floor)


def no_module_below_floor(run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each measured file against its floor: that of the longest matching glob, else the policy's module_floor."""
    if run.coverage is None:
        return not_judged(run.coverage_missing)
    files = [file for file in run.coverage.files if file.units]
    if not files:
        return not_judged("coverage has nothing to count: no statements in the measured files")
    policy = standards.policy.coverage
    idle = [glob for glob in policy.floors if not any(map(pattern(glob).fullmatch, names(run.coverage.files)))]
    if idle:
        return _about_idle_globs(idle, names(run.coverage.files))
    below = below_floor(files, policy)
    own = " or its own" if policy.floors else ""
    if not below:
        lowest = min(files, key=lambda file: (file.percent, file.path))
        least = f"the lowest has {percent(lowest.percent)}: {lowest.path}"
        return Verdict(Outcome.PASSED, f"No module is below its floor of {policy.module_floor:g} %{own}; {least}.")
    worst, demanded, _ = below[0]
    first = f"{worst.path} and {len(below) - 1} more are" if len(below) > 1 else f"{worst.path} is"
    rows, entries = [], []
    for file, floor, glob in below[:_ROWS_SHOWN]:
        by = f"   (by {json.dumps(glob)})" if glob else ""
        rows.append((str(lacking(file, floor)), percent(file.percent), f"{floor:g} %", file.path + by))
        entries.append(f"    {json.dumps(file.path)} = {math.floor(file.percent * 10) / 10}")
    shown = f"\n\nand {len(below) - _ROWS_SHOWN} more." if len(below) > _ROWS_SHOWN else ""
    listed = "\n".join(entries)
    return Verdict(
        Outcome.FAILED,
        f"{first} below the floor: {percent(worst.percent)} covered, {demanded:g} % is required.",
        f"""{table(("to cover", "covered", "floor", "file"), rows)}{shown}

The floor is {policy.module_floor:g} % (tests/meta/policy.toml, [coverage] module_floor), where no glob of
[coverage.floors] has another. Next, see the lines:

    {how_to_see_lines(run.coverage)}

A module that has to stay as it is for now gets a floor of its own, a line in the table
[coverage.floors] of tests/meta/policy.toml:

{listed}""",
    )


def below_floor(files: Iterable[FileCoverage], policy: Coverage) -> list[tuple[FileCoverage, float, str]]:
    """List the files that are below their floor, with that and the glob that sets it; what lacks most is first."""
    held = [(file, *floor_of(file.path, policy.floors, policy.module_floor)) for file in files if file.uncovered]
    below = [(file, floor, glob) for file, floor, glob in held if file.percent < Fraction(repr(floor))]
    return sorted(below, key=lambda row: (-lacking(*row[:2]), row[0].path))


def names(files: Iterable[FileCoverage]) -> list[str]:
    """Give the paths of files."""
    return [file.path for file in files]


def floor_of(path: str, floors: Mapping[str, float], default: float) -> tuple[float, str]:
    """Give the floor of the longest glob that matches the path, of several the highest; and the glob, or nothing."""
    found = [(len(glob), floor, glob) for glob, floor in floors.items() if pattern(glob).fullmatch(path)]
    return max(found)[1:] if found else (default, "")


def pattern(glob: str) -> re.Pattern[str]:
    """Compile a glob: `**` stands for any folders, `*` for anything in a name, `?` for one character."""
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(known.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _about_idle_globs(idle: list[str], paths: list[str]) -> Verdict:
    lines = []
    for glob in idle:
        inside = f"{glob.rstrip('/')}/**"
        meant = f'; did you mean "{inside}"?' if any(map(pattern(inside).fullmatch, paths)) else ""
        lines.append(f"    {json.dumps(glob)} matches none of them{meant}")
    listed = "\n".join(f"    {path}" for path in sorted(paths)[:_ROWS_SHOWN])
    some = (
        f"{json.dumps(idle[0])} and {len(idle) - 1} more match" if len(idle) > 1 else f"{json.dumps(idle[0])} matches"
    )
    return Verdict(
        Outcome.FAILED,
        f"tests/meta/policy.toml, [coverage.floors]: {some} no measured file, so nothing is held up.",
        "\n".join(lines) + f"\n\nThe measured files have names like these:\n\n{listed}",
    )

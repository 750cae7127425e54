"""What the verdict on the ratchet says: from data to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...record import MeasuredCoverage
from ...verdict import Outcome, Verdict, not_judged
from .._lines import how_to_see_lines, missing_ranges
from .._table import table
from .baseline import Baseline, Entry, better, line_of
from .history import NAME, Tightened

MAKE = "python -m pytest tests/meta --meta-accept"
MISSING = f"there is no {NAME}, which keeps coverage at its level; make it, and commit it: {MAKE}"
CONFLICT = f"it holds a merge conflict; this takes of each line the side that allows less: {MAKE}"
_ROWS_SHOWN = 8


def unusable(problems: Sequence[str]) -> Verdict:
    """Say what is wrong with the file."""
    several = f"{len(problems)} things in it are wrong." if len(problems) > 1 else f"{problems[0]}."
    listed = _listed(problems) if len(problems) > 1 else ""
    return Verdict(Outcome.FAILED, f"{NAME} cannot be used: {several}", listed)


def other_settings(baseline: Baseline, measured: Baseline) -> Verdict:
    """Say that the two cannot be compared, and which settings differ."""
    names = baseline.settings.keys() | measured.settings.keys()
    other = ", ".join(sorted(name for name in names if baseline.settings.get(name) != measured.settings.get(name)))
    then, now = (each.measured_with.get("coverage", "?") for each in (baseline, measured))
    version = f" (or coverage.py's defaults: it was {then}, and is {now})" if then != now else ""
    return Verdict(
        Outcome.FAILED,
        f"{NAME} was measured with other coverage settings than this run: {other}{version}.",
        f"""Their numbers cannot be compared. (coverage.py reads its settings where pytest is started: in the project's
root.) If the change was not meant, take it back. If it was, start anew with what is uncovered now; reviewers
see it in the diff. Delete {NAME}, then:

    {MAKE}""",
    )


def unmeasured(paths: Sequence[str]) -> Verdict:
    """Say that files were not measured that lie there and have a line."""
    return Verdict(
        Outcome.FAILED,
        f"{_some(paths)} {'was' if len(paths) == 1 else 'were'} not measured, though there and in {NAME}.",
        f"{_listed(paths)}\n\nNext: measure them again; or take their lines out of {NAME}, which reviewers see.",
    )


def without_reason(paths: Sequence[str], before: Baseline, baseline: Baseline, measured: Baseline) -> Verdict:
    """Say which lines were loosened, and what is to be written into them."""
    now = {path: baseline.files.get(path, measured.files[path]) for path in paths}
    rows = [(_numbers(now[path]), _numbers(before.files[path]), path) for path in paths[:_ROWS_SHOWN]]
    return Verdict(
        Outcome.FAILED,
        f"{NAME} is laxer than where this branch began, without a new reason: {_some(paths)}.",
        f"""{table(("lines + branches", "were", "file"), rows)}

More may be uncovered if the line says why, where reviewers see it:

{_listed([f"{line_of(path, now[path]._replace(reason=''), ask_for_reason=True)}," for path in paths])}""",
    )


def regressed(
    paths: Sequence[str], baseline: Baseline, measured: Baseline, coverage: MeasuredCoverage, past: Sequence[Tightened]
) -> Verdict:
    """Say which files have more uncovered than they may, what that is, and what to do."""
    now, allowed = measured.files, baseline.files
    count, others = now[paths[0]].uncovered, ""
    if len(paths) > 1:
        others = f" {_files(len(paths) - 1)} more {'has' if len(paths) == 2 else 'have'} too much."
    units = "line or branch" if count == 1 else "lines and branches"
    line = f"{paths[0]} has {count} uncovered {units}, {NAME} allows {allowed[paths[0]].uncovered}.{others}"
    rows = [(_numbers(now[path]), _numbers(allowed[path]), path) for path in paths[:_ROWS_SHOWN]]
    uncovered = {file.path: missing_ranges(file) for file in coverage.files}
    entries = [f"{line_of(path, now[path], ask_for_reason=True)}," for path in paths]
    details = f"""{table(("lines + branches", "allowed", "file"), rows)}

What no test executes in them now:

{_listed([f"{path}: {uncovered.get(path, '')}" for path in paths])}

{"".join(map(_side_by_side, past))}Next: cover what was added. In colour, in htmlcov/index.html:

    {how_to_see_lines(coverage, "html")}

What cannot be covered for now is allowed with a reason, in {NAME}:

{_listed(entries)}

Ways out of this: tests/meta/README.md"""
    here, there = (
        f"Python {each.measured_with.get('python')} on {each.measured_with.get('system')}"
        for each in (measured, baseline)
    )
    if here == there:
        return Verdict(Outcome.FAILED, line, details)
    advice = "Judge where the baseline was made; elsewhere, in the other jobs of a matrix, type --no-meta."
    unsure = not_judged(f"{line} But the baseline is from {there} and this is {here}: code for one of them may be why.")
    return replace(unsure, details=f"{advice}\n\n{details}")


def _side_by_side(tightened: Tightened) -> str:
    by, path, since = tightened.commit, tightened.path, tightened.since[0]
    return f"""Commit {by} ("{tightened.subject}") lowered the line of {path}, where
{tightened.before.uncovered} had been allowed; commit {since.replace(" ", ' ("', 1)}") has changed the file since.
If the two were made side by side, and each passed alone, cover what is left, or take the line
from before {by}, with a reason:

    {line_of(path, tightened.before._replace(reason=""), ask_for_reason=True)},

"""


def stored(before: Baseline | None, after: Baseline) -> str:
    """Say what was written."""
    if before is None:
        return f"{NAME} was made, with {_files(len(after.files))}; commit it"
    added, dropped = len(after.files.keys() - before.files.keys()), len(before.files.keys() - after.files.keys())
    counts = ((len(better(before, after)), "tightened"), (added, "added"), (dropped, "dropped"))
    said = ", ".join(f"{_files(count)} {what}" for count, what in counts if count)
    return f"{NAME}: {said or 'written anew'}; commit it"


def all_well(baseline: Baseline, measured: Baseline) -> str:
    """Say that nothing is worse, and what might be stored."""
    uncovered = sum(entry.uncovered for entry in measured.files.values())
    gone, new = len(baseline.files.keys() - measured.files.keys()), len(measured.files.keys() - baseline.files.keys())
    counts = ((len(better(baseline, measured)), "better"), (new, "new, held to the floor"), (gone, "gone"))
    parts = [f"{_files(count)} {what}" for count, what in counts if count]
    line = f"No file has more uncovered than {NAME} allows; {uncovered} lines and branches are in all."
    return f"{line} To be stored with --meta-accept: {', '.join(parts)}." if parts else line


def _listed(lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _ROWS_SHOWN} more"] if len(lines) > _ROWS_SHOWN else []
    return "\n".join(f"    {line}" for line in [*lines[:_ROWS_SHOWN], *more])


def _some(paths: Sequence[str]) -> str:
    return paths[0] + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _numbers(entry: Entry) -> str:
    return f"{entry.lines} + {entry.branches}"

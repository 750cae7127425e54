"""Verdict on what was changed: are the lines covered that differ from the default branch? Needs diff-cover."""

from __future__ import annotations

import functools
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ..covered import ranges
from ..record import MeasuredCoverage, SuiteRun, exact_percent
from ..verdict import Decide, Outcome, Standards, Verdict, not_judged, percent
from ._git import Git, GitError, where_it_left
from ._lines import how_to_see_lines, numbers
from ._table import table

_ROWS_SHOWN = 8
_SECONDS = 300
_UNCOVERED = pytest.StashKey[dict[str, list[int]]]()


def uncovered(config: pytest.Config) -> dict[str, list[int]]:
    """Give the changed lines that no test executes, by file (relative to the project's root); after the verdict."""
    return config.stash.get(_UNCOVERED, {})


def test_changed_lines_are_covered(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """The lines that differ from the default branch are covered."""
    judge(functools.partial(changed_lines_are_covered, request.config))


def changed_lines_are_covered(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge the lines that differ from where this branch left the default one, uncommitted changes included."""
    minimum = standards.policy.coverage.changed_lines_minimum
    if not minimum:
        return Verdict(Outcome.PASSED, "Nothing is demanded of changed lines ([coverage] changed_lines_minimum = 0).")
    if run.coverage is None:
        return not_judged(run.coverage_missing)
    git = Git(config.rootpath)
    try:
        base, branch = where_it_left(git, standards.policy.coverage.compare_with)
        top = Path(git.line("rev-parse", "--show-toplevel"))
        diff = git.diff(base, "--unified=0", "--", *(f":/*{suffix}" for suffix in _suffixes(run.coverage)))
        report = lcov(run.coverage, config.rootpath.resolve(), top)
        found = _diff_cover(top, diff, report) if concerns(diff, report) else {}
    except GitError as error:
        return not_judged(str(error))
    here, missed = config.rootpath.resolve(), _missed(found).items()
    config.stash[_UNCOVERED] = {Path(os.path.relpath(top / path, here)).as_posix(): lines for path, lines in missed}
    return decided(found, f"{branch} ({base[:9]})", run.coverage, minimum)


def _missed(found: Mapping[str, Any]) -> dict[str, list[int]]:
    stats = found.get("src_stats", {})
    return {path: file["violation_lines"] for path, file in stats.items() if file["violation_lines"]}


def _suffixes(coverage: MeasuredCoverage) -> list[str]:
    return sorted({Path(file.path).suffix for file in coverage.files})


def concerns(diff: str, report: str) -> bool:
    """Tell whether a diff may be about a file of the report: to ask diff-cover costs as much as some suites."""
    measured = {line.removeprefix("SF:") for line in report.splitlines() if line.startswith("SF:")}
    changed = {line[4:] for line in diff.splitlines() if line.startswith("+++ ")}
    return any(name.startswith('"') or name.removeprefix("b/").rstrip("\t") in measured for name in changed)


def decided(found: Mapping[str, Any], branch: str, coverage: MeasuredCoverage, minimum: float) -> Verdict:
    """Judge what diff-cover says: by file, the lines that no test executes; and how many lines there are in all."""
    all_lines = found.get("total_num_lines", 0)
    if not all_lines:
        return Verdict(Outcome.PASSED, f"No measured line differs from {branch}.")
    missed = _missed(found)
    count = sum(map(len, missed.values()))
    share = exact_percent(all_lines, count)
    changed = f"{all_lines} line{'' if all_lines == 1 else 's'} changed since {branch}"
    said = f"Of {changed}, {percent(share)} are covered; the minimum is {minimum:g} %."
    if share >= Fraction(repr(minimum)):
        return Verdict(Outcome.PASSED, said)
    worst = sorted(missed.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    rows = [(str(len(lines)), f"{path}: {ranges(lines)}") for path, lines in worst[:_ROWS_SHOWN]]
    shown = f"\n\nand {len(worst) - _ROWS_SHOWN} more." if len(worst) > _ROWS_SHOWN else ""
    return Verdict(
        Outcome.FAILED,
        said,
        f"""No test executes {"this one" if count == 1 else f"these {count}"}:

{table(("lines", "file"), rows)}{shown}

What counts are lines that differ from {branch}, where this branch began; a file that was
only moved does not. Next, see them between their neighbours:

    {how_to_see_lines(coverage)}

The minimum is [coverage] changed_lines_minimum of tests/meta/policy.toml, the branch that one compares with is
[coverage] compare_with. Ways out of this: tests/meta/README.md""",
    )


def lcov(coverage: MeasuredCoverage, root: Path, top: Path) -> str:
    """Write what was measured in the format of lcov, with paths as git names them."""
    found = []
    for file in coverage.files:
        path = Path(os.path.relpath(root / file.path, top)).as_posix()
        hits = {**dict.fromkeys(numbers(file.executed_lines), 1), **dict.fromkeys(numbers(file.missing_lines), 0)}
        found += [f"SF:{path}", *(f"DA:{line},{hit}" for line, hit in sorted(hits.items())), "end_of_record"]
    return "\n".join([*found, ""])


def _diff_cover(top: Path, diff: str, report: str) -> Mapping[str, Any]:
    """Run diff-cover in a process of its own. Raises `GitError` if it is missing or fails."""
    if importlib.util.find_spec("diff_cover") is None:
        raise GitError("diff-cover is not installed; type: pip install diff-cover")
    with tempfile.TemporaryDirectory(prefix="meta-tests-") as scratch:
        changes, measured, answer = (Path(scratch, name) for name in ("changes.diff", "lcov.info", "answer.json"))
        text = diff.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # diff-cover reads nothing else
        changes.write_text(text, encoding="utf-8", newline="")
        measured.write_text(report, encoding="utf-8", errors="surrogateescape", newline="")
        code = "import sys; from diff_cover.diff_cover_tool import main; sys.exit(main())"
        typed: Sequence[str | Path] = [measured, "--diff-file", changes, "--format", f"json:{answer}", "--quiet"]
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, *typed],
                cwd=top,
                env={name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "COV"))},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"diff-cover did not end within {_SECONDS} s") from None
        if done.returncode or not answer.exists():
            said = done.stderr.decode("utf-8", "replace").splitlines() or [f"exit status {done.returncode}"]
            raise GitError(f"diff-cover failed (9.3 or later is needed): {said[-1]}")
        found: Mapping[str, Any] = json.loads(answer.read_bytes())
        return found

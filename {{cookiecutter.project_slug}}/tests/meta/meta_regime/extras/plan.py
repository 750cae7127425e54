"""The way to the target: which modules to cover first, and how far that gets. `--meta-plan=FILE.md` writes it all."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..coverage_verdicts import lacking
from ..record import FileCoverage, MeasuredCoverage, SuiteRun, exact_percent
from ..verdict import percent
from ._lines import how_to_see_lines, missing_ranges
from ._markdown import code
from ._markdown import table as markdown_table
from ._table import table
from ._whole_files import write_whole

if TYPE_CHECKING:
    from ..policy import Coverage
    from ..session import JudgedSession

_ROWS_SHOWN = 8
_STEP = 5  # per cent of total coverage from phase to phase
_EXAMPLES = 5
_WHY_NOT_COUNTED = "By the settings of coverage, by a comment, or not imported, in a folder without `__init__.py`."
_ABOUT = """*To cover*: statements and branches up to the module's target. *Total then*: computed, with this module and
all above it at their target. Test what matters first: the order is only that of the gain."""


def where_to_start(coverage: MeasuredCoverage) -> str:
    """List the modules in which most is to be gained, for a red verdict."""
    from ._at_a_glance import most_to_gain

    gains = most_to_gain(coverage, _ROWS_SHOWN)
    rows = [(str(file.uncovered), percent(file.percent), percent(then), file.path) for file, then in gains]
    return f"""Most is to be gained here (the third column: the total once this file and those above it are
covered):

{table(("to cover", "covered", "total then", "file"), rows)}

Next, see the lines (or with --cov-report=html, in htmlcov/index.html):

    {how_to_see_lines(coverage)}

Test what matters first. The whole way to the target: python -m pytest tests/meta --meta-plan=plan.md
Ways out of this: tests/meta/README.md"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    text = "write the way to the coverage target, module by module, as Markdown"
    parser.getgroup("meta-tests").addoption("--meta-plan", metavar="FILE.md", help=text)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write the plan, of the run that was judged, or say why there is none."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    typed = config.getoption("meta_plan", None)
    if typed is not None and judged is not None and judged.judges:
        terminalreporter.write_line(f"meta-tests: {_written(judged, typed)}")


def _written(judged: JudgedSession, typed: str) -> str:
    from ..verdict import Standards

    run = judged.run
    if run is None or run.partial or run.broken or not isinstance(judged.standards, Standards):
        return f"no plan was written to {typed}: no whole run was judged"
    if run.coverage is None:
        return f"no plan was written to {typed}: {run.coverage_missing}"
    meta = judged.facts.meta.relative_to(judged.config.rootpath.resolve()).as_posix()
    left_out = _not_measured(run.coverage, judged.config.rootpath)
    omitted = sorted(path for path in left_out if not path.startswith(f"{meta}/"))
    try:
        write_whole(
            judged.config.invocation_params.dir / typed,
            plan(run, run.coverage, judged.standards.policy.coverage, omitted),
        )
    except OSError as error:
        return f"no plan was written to {typed}: {error.strerror}"
    return f"the way to the target stands in {typed}"


def _not_measured(coverage: MeasuredCoverage, root: Path) -> Iterator[str]:
    """Give the Python files beside the measured ones that settings leave out."""
    measured = {file.path for file in coverage.files}
    for source in coverage.sources:
        for path in (root / source).rglob("*.py"):
            with contextlib.suppress(ValueError):
                name = path.relative_to(root).as_posix()
                if name not in measured:
                    yield name


# From here on: data to text.


def plan(run: SuiteRun, coverage: MeasuredCoverage, policy: Coverage, omitted: Sequence[str] = ()) -> str:
    """Write the plan. The same run gives the same text, and a module keeps to its line."""
    goal = policy.target
    below = [file for file in coverage.files if lacking(file, goal) > 0]
    ranked = sorted(below, key=lambda file: (-lacking(file, goal), file.path))
    total, to_go = percent(coverage.percent), lacking(coverage, goal)
    here = f"{total} of {coverage.units} statements and branches are covered."
    way = f"{to_go} more make it the target of {goal:g} %." if to_go > 0 else f"The target of {goal:g} % is reached."
    parts = [
        "# The way to the target",
        f"{here} {way}\n\n{_ABOUT}",
        *_phases(ranked, coverage, policy),
    ]
    if ranked:
        lines = "\n".join(f"- {code(file.path)}: {missing_ranges(file)}" for file in sorted(ranked))
        parts.append(
            "## The lines\n\nThose that no test executes; `12->14` is a branch never taken. In colour, in "
            f"`htmlcov/index.html`:\n`{how_to_see_lines(coverage, 'html')}`\n\n{lines}"
        )
    return "\n\n".join([*parts, *_examples(run, coverage, goal), *_left_out(coverage, omitted)]) + "\n"


def _phases(ranked: Sequence[FileCoverage], coverage: MeasuredCoverage, policy: Coverage) -> Iterator[str]:
    """Cut the ranked modules where the total reaches the next goal."""
    target, left, goals = Fraction(repr(policy.target)), coverage.uncovered, _goals(coverage, policy)
    rows: list[tuple[str, ...]] = []
    number = 1
    for file in ranked:
        to_cover = lacking(file, policy.target)
        left -= to_cover
        then = exact_percent(coverage.units, left)
        gap = math.ceil((target - file.percent) * 100) / 100
        counts = (str(file.statements), str(file.branches), percent(file.percent), f"{policy.target:g} %")
        rows.append((code(file.path), *counts, f"{gap:.2f}", str(to_cover), percent(then)))
        if file is ranked[-1] or (goals and then >= goals[0]):
            yield f"## Phase {number}: to {percent(then)}\n\n" + markdown_table(_TITLES, *rows)
            rows, number, goals = [], number + 1, [goal for goal in goals if then < goal]


_TITLES = ("module", "statements", "branches", "covered", "target", "gap", "to cover", "total then")


def _goals(coverage: MeasuredCoverage, policy: Coverage) -> list[Fraction]:
    """Give the totals at which a phase ends: the minimum, round figures, the target."""
    minimum, target = (Fraction(repr(value)) for value in (policy.minimum, policy.target))
    start = max(coverage.percent, minimum)
    steps = (Fraction(value) for value in range(0, 100, _STEP))
    return [
        goal
        for goal in (minimum, *(step for step in steps if start < step < target), target)
        if goal > coverage.percent
    ]


def _examples(run: SuiteRun, coverage: MeasuredCoverage, goal: float) -> Iterator[str]:
    """Name the largest of the modules that have reached the target, and their tests where names tell."""
    files = {test.nodeid.split("::")[0] for test in run.tests}
    good = [file for file in coverage.files if file.units and lacking(file, goal) <= 0]
    rows = []
    for file in sorted(good, key=lambda file: (-file.units, file.path))[:_EXAMPLES]:
        named = f"test_{Path(file.path).stem}.py"
        tests = sorted(path for path in files if Path(path).name == named)
        beside = f", by {', '.join(map(code, tests))}" if tests else ""
        rows.append(f"- {code(file.path)}: {percent(file.percent)} of {file.units} statements and branches{beside}")
    if rows:
        yield "## Examples to follow\n\nThe largest modules that are at the target.\n\n" + "\n".join(rows)


def _left_out(coverage: MeasuredCoverage, omitted: Sequence[str]) -> Iterator[str]:
    rows = [f"- {code(path)}: the whole file" for path in omitted]
    rows += [f"- {code(file.path)}: {file.excluded_lines}" for file in coverage.files if file.excluded_lines]
    if rows:
        yield f"## Not counted\n\n{_WHY_NOT_COUNTED}\n\n" + "\n".join(sorted(rows))

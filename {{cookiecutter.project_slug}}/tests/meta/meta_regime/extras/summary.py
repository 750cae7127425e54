"""The closing section: what was judged, a line for each verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..verdict import Outcome

if TYPE_CHECKING:
    from ..session import JudgedSession

_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.NOT_JUDGED: "yellow"}


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write it, or one line where all verdicts say the same: that they cannot judge."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    if judged is None or not judged.verdicts:
        return
    verdicts, run, write_line = judged.verdicts.values(), judged.run, terminalreporter.write_line
    lines = {verdict.line for verdict in verdicts}
    if len(lines) == 1 and all(verdict.outcome is Outcome.NOT_JUDGED for verdict in verdicts):
        advice = "; to judge the whole suite: pytest tests/meta" if run and run.partial and run.executed else ""
        write_line(f"meta-tests: {lines.pop()}{advice}", yellow=True)
        return
    quietly = config.option.verbose < 0
    shown = [verdict for verdict in verdicts if not (quietly and verdict.outcome is Outcome.PASSED)]
    if not shown:
        return
    count = f", {len(run.tests)} test{'' if len(run.tests) == 1 else 's'}" if run is not None else ""
    terminalreporter.write_sep("=", f"meta-tests: {run.source}{count}" if run is not None else "meta-tests")
    width = max(len(outcome.value) for outcome in Outcome)
    for verdict in dict.fromkeys(shown):  # what is wrong with the settings is said once
        terminalreporter.write(f"{verdict.outcome.value.upper():<{width}}", **{_COLOURS[verdict.outcome]: True})
        write_line(f"  {verdict.line.removeprefix('not judged: ')}")

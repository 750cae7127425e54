"""What the regime prints beside pytest's own report: the progress of a child run, and a short section at the end."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from .record import SuiteRun
from .verdict import Outcome, Verdict

_QUIET_SECONDS = 10.0  # between two lines of progress where lines cannot be rewritten


class ProgressLine:
    """Shows how a child run gets on: one line that is rewritten on a terminal, a line now and then elsewhere."""

    def __init__(self, config: pytest.Config, args: Sequence[str], budget_seconds: float) -> None:
        self._reporter: pytest.TerminalReporter | None = config.pluginmanager.getplugin("terminalreporter")
        self._args, self._budget = args, budget_seconds
        self._last = 0.0
        self._rewrites = self._reporter is not None and self._reporter.isatty

    def __enter__(self) -> ProgressLine:
        self._line(f"meta-tests: running the whole suite once: python -m pytest {shlex.join(self._args)}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._rewrites and self._reporter is not None and self._last:
            self._reporter.write_line("")

    def show(self, done: int, expected: int, seconds: float) -> None:
        """Say how far it has got, at most a few times a second."""
        interval = 0.2 if self._rewrites else _QUIET_SECONDS
        if self._reporter is None or seconds - self._last < interval:
            return
        self._last = seconds
        tests = f"{done} of {expected} tests" if expected else "collecting"
        text = f"meta-tests: {tests}, {seconds:.0f} s of {self._budget:g} s"
        if self._rewrites:
            self._reporter.rewrite(text, erase=True)
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        if self._reporter is not None and self._reporter.config.option.verbose >= 0:
            self._reporter.ensure_newline()
            self._reporter.write_line(text)


_WHY_STRICT = (
    "Where the CI variable is set, or with --meta-strict, a verdict that cannot judge fails:\n"
    "nobody would see it skipped. In a CI step that is meant to run a part of the suite, add --no-meta."
)


_COLOURS = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.NOT_JUDGED: "yellow"}


@dataclass(frozen=True)
class _Crash:
    """What pytest's short summary asks of a failure: where, and one line."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:
        return self.message


class VerdictText:
    """A failed verdict as pytest prints failures: whole in its section, the first line alone in the short summary."""

    def __init__(self, path: str, verdict: Verdict, *, strict: bool) -> None:
        because = f"\n\n{_WHY_STRICT}" if strict and verdict.outcome is Outcome.NOT_JUDGED else ""
        self._text = verdict.message + because
        self.reprcrash = _Crash(path, 1, verdict.line)

    def __str__(self) -> str:
        return self._text

    def toterminal(self, writer: Any) -> None:
        """Print the whole text (pytest calls this)."""
        writer.line(self._text)


@contextlib.contextmanager
def quiet(config: pytest.Config) -> Iterator[None]:
    """Keep pytest from printing "collected N items" a second time."""
    before, config.option.verbose = config.option.verbose, -1
    try:
        yield
    finally:
        config.option.verbose = before


def write_summary(
    terminal: pytest.TerminalReporter, verdicts: Mapping[str, Verdict], run: SuiteRun | None, silence: str
) -> None:
    """Write the closing section: a line for each verdict, or one line that says why there is none."""
    if not verdicts:
        if silence:
            terminal.write_line(f"meta-tests: {silence}", yellow=True)
        return
    lines = {verdict.line for verdict in verdicts.values()}
    if len(lines) == 1 and all(verdict.outcome is Outcome.NOT_JUDGED for verdict in verdicts.values()):
        advice = "; to judge the whole suite: pytest tests/meta" if run and run.partial and run.executed else ""
        terminal.write_line(f"meta-tests: {lines.pop()}{advice}", yellow=True)
        return
    quietly = terminal.config.option.verbose < 0
    shown = [verdict for verdict in verdicts.values() if not (quietly and verdict.outcome is Outcome.PASSED)]
    if not shown:
        return
    count = f", {len(run.tests)} test{'' if len(run.tests) == 1 else 's'}" if run is not None else ""
    terminal.write_sep("=", f"meta-tests: {run.source}{count}" if run is not None else "meta-tests")
    width = max(len(outcome.value) for outcome in Outcome)
    for verdict in dict.fromkeys(shown):  # what is wrong with the settings is said once
        terminal.write(f"{verdict.outcome.value.upper():<{width}}", **{_COLOURS[verdict.outcome]: True})
        terminal.write_line(f"  {verdict.line.removeprefix('not judged: ')}")

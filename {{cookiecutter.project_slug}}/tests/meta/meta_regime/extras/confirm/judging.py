"""Runs suspects again, and judges by what they do alone."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from ... import time_verdicts
from ...record import SuiteRun, TestTiming
from ...time_verdicts import Row, name_of, seconds
from ...verdict import Outcome, Standards, Verdict, details_from
from . import FOUND, wording
from .again import Alone, run_again


def judged_alone(config: pytest.Config, slow: list[Row], run: SuiteRun, standards: Standards) -> Verdict:
    """Run the suspects again, and judge by that."""
    policy = standards.policy.slow_tests
    again = Again(config, run, standards)
    others = f"it was not run again, as the {policy.confirm_at_most:g} slowest were ([slow_tests] confirm_at_most)"
    looked_at = []
    for number, suspect in enumerate(slow):
        alone = again.confirm(suspect) if number < policy.confirm_at_most else Alone(why=others)
        looked_at.append((suspect, alone))
    config.stash[FOUND] = looked_at
    return _verdict(looked_at, run, standards)


def _say(config: pytest.Config, text: str) -> None:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if reporter is not None and capture is not None and config.option.verbose >= 0:
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            reporter.write_line(f"meta-tests: {text}")


class Again:
    """Runs suspects again, within the seconds that policy gives for all of them."""

    def __init__(self, config: pytest.Config, run: SuiteRun, standards: Standards) -> None:
        self._config, self._run, self._standards = config, run, standards
        self._given = standards.policy.slow_tests.confirm_seconds
        self._deadline = time.monotonic() + self._given

    def confirm(self, suspect: Row) -> Alone:
        """Run it again, and watch it; which makes calls slow (up to 8 times), but not waiting.

        So what waits is watched at once, and run once more unwatched if it computes after all, or fails. What computes
        runs unwatched first. The answer has a row only where it is too slow, or is not, beyond doubt.
        """
        _say(self._config, f"{name_of(suspect)} took {seconds(suspect.owned)}; running it again, alone")
        waits = suspect.cpu < suspect.owned / 10
        alone = self._again(suspect, profile=waits)
        if waits and alone.profiled and not self._is_sure(alone):
            alone = alone.explains(self._again(suspect, profile=False))
        elif not waits and alone.row is not None and is_slow(alone.row, self._run, self._standards):
            alone = self._again(suspect, profile=True).explains(alone)
        return alone

    def _again(self, suspect: Row, *, profile: bool) -> Alone:
        left, up = self._deadline - time.monotonic(), f"time was up ([slow_tests] confirm_seconds = {self._given:g})"
        if left <= 0:
            return Alone(why=f"it was not run again, as the {up}")
        alone = run_again(self._config, suspect, self._run, seconds=left, profile=profile)
        if alone.running and alone.row and not is_slow(alone.row, self._run, self._standards):
            return Alone(why=f"alone it had not ended after {seconds(alone.row.owned)}, when the {up}")
        return alone

    def _is_sure(self, alone: Alone) -> bool:
        """Tell whether the watching can have made no difference."""
        if alone.row is None:
            return False
        only_waited = alone.row._replace(queued=alone.row.queued + alone.row.cpu, cpu=0.0)
        return not is_slow(alone.row, self._run, self._standards) or is_slow(only_waited, self._run, self._standards)


def is_slow(row: Row, run: SuiteRun, standards: Standards) -> bool:
    """Tell whether this alone would be a suspect."""
    alone = replace(run, tests=(), fixtures=())
    alone = replace(alone, tests=(row,)) if isinstance(row, TestTiming) else replace(alone, fixtures=(row,))
    return bool(time_verdicts.suspects(alone, standards))


def slow_again(looked_at: list[tuple[Row, Alone]], run: SuiteRun, standards: Standards) -> list[tuple[Row, Alone]]:
    """Give those that alone are too slow again."""
    return [(row, alone) for row, alone in looked_at if alone.row and is_slow(alone.row, run, standards)]


def _verdict(looked_at: list[tuple[Row, Alone]], run: SuiteRun, standards: Standards) -> Verdict:
    slow = slow_again(looked_at, run, standards)
    unknown = [(row, alone) for row, alone in looked_at if not alone.row]
    fast = {name_of(row): alone.row for row, alone in looked_at if alone.row and (row, alone) not in slow}
    took = {name_of(row): row.owned for row, _ in looked_at}
    acquitted = [f"{name} took {seconds(took[name])}, alone {seconds(row.owned)}" for name, row in fast.items()]
    parts = [wording.explained(row, alone) for row, alone in slow]
    parts += [f"Not accused: {line}." for line in acquitted]
    parts += [wording.unknown(row, alone) for row, alone in unknown]
    if slow:
        rows = [row for row, _ in slow]
        parts.append(details_from("where_time_goes", "explained_slow_tests", rows, run, standards))
        return time_verdicts.slow_tests_verdict(rows, run, standards, "\n\n".join(parts))
    if unknown:
        what = name_of(unknown[0][0]) if len(unknown) == 1 else f"{len(unknown)} tests or fixtures"
        line = f"not judged: {what} took too long in the suite, and could not be confirmed alone."
        return Verdict(Outcome.NOT_JUDGED, line, "\n\n".join(parts))
    tests = tuple(row for row in run.tests if name_of(row) not in fast)
    fixtures = tuple(row for row in run.fixtures if name_of(row) not in fast)
    verdict = time_verdicts.slow_tests_verdict([], replace(run, tests=tests, fixtures=fixtures), standards)
    return replace(verdict, line=f"{verdict.line} Run again alone: {'; '.join(acquitted)}.")

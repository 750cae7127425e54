"""Verdict on what need not pass: every skip, and every failure that is expected, gives a reason.

Judged on what happened in the run, whoever skipped: a mark, a fixture, a whole module, unittest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from ..record import SuiteRun
from ..verdict import Decide, Standards, Verdict, not_judged
from . import _checks, _gathered
from ._checks import Check

if TYPE_CHECKING:
    from ..session import JudgedSession

# What pytest says where nobody gives a reason, and words that are none.
_NO_REASON = frozenset(["", "unconditional skip", "skipped instance", "skip", "skipped", "xfail", "todo", "tbd"])
_BEFORE_IT = re.compile(r"\s*(Skipped:|unittest\.case\.SkipTest:|reason:|\[NOTRUN\])")
_ALONE = frozenset(["Skipped", "unittest.case.SkipTest"])
Facts = Mapping[str, Sequence[str]]  # what is without a reason, by rule


def is_reason(text: str) -> bool:
    """Tell whether pytest's words for a skip or an xfail give a reason."""
    while found := _BEFORE_IT.match(text):
        text = text[found.end() :]
    return text.strip() not in _ALONE and re.sub(r"^\W+|\W+$", "", text).lower() not in _NO_REASON


class _Reasons(Check[Facts]):
    by_run = True
    words: ClassVar[str]

    def broken(self, facts: Facts) -> list[str]:
        return [*facts.get(self.rule, ())]

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        del facts
        return f"{_gathered.count(found)} {self.words}"


class SkipReasons(_Reasons):
    """Nobody says why these tests are skipped.

    A skip that nobody understands is never taken away, and what the test was for stays untested.
    Next: give the reason, as in `@pytest.mark.skip(reason="needs a printer")` or `pytest.skip("no printer here")`.
    Or mend the test; or delete it.
    """

    rule = "skip-reasons"
    words = "skipped"


class XfailReasons(_Reasons):
    """Nobody says why these tests are expected to fail.

    The reason tells when the mark may go.
    Next: give it, as in `@pytest.mark.xfail(reason="rounds half up, see the issue")`. The
    mark works in a unittest.TestCase, too; `unittest.expectedFailure` takes no reason.
    """

    rule = "xfail-reasons"
    words = "expected to fail"


CHECKS: tuple[_Reasons, ...] = (SkipReasons(), XfailReasons())


def test_every_skip_and_xfail_has_a_reason(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """Whatever was skipped, or expected to fail, gives a reason."""
    judge(functools.partial(every_skip_has_a_reason, request.config))


def every_skip_has_a_reason(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge what was skipped or expected to fail in the run."""
    facts = _facts(run)
    if facts is None:
        return not_judged("nobody noted in that run what was skipped; type: pytest tests/meta --meta-fresh")
    return _checks.judged(
        CHECKS,
        facts,
        standards.policy.hygiene.excused,
        kept="Every skip and every xfail gives a reason.",
        broken="Without a reason:",
        known=_checks.known_rules(config),
    )


def broken_rules(_: pytest.Config, run: SuiteRun, standards: Standards) -> list[str]:
    """Name the rules that are broken and not excused."""
    return _checks.broken(CHECKS, _facts(run) or {}, standards.policy.hygiene.excused)


def _facts(run: SuiteRun) -> Facts | None:
    found = {check.rule: _gathered.of(run, check.rule) for check in CHECKS}
    noted = {rule: lines for rule, lines in found.items() if lines is not None}
    return noted if len(noted) == len(found) else None


# What happens in the run.


def pytest_configure(config: pytest.Config) -> None:
    """Listen where tests are reported: not on the workers of xdist, whose controller hears all."""
    if not hasattr(config, "workerinput"):
        for check in CHECKS:
            _gathered.begin(config, check.rule)
        config.pluginmanager.register(_Listening(config), "meta-tests-skips-listening")


class _Listening:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped(report)

    @pytest.hookimpl(tryfirst=True)  # before what was noted is put into the run
    def pytest_meta_tests_doubts(self, judged: JudgedSession) -> None:
        kind = pytest.TestReport
        for report in judged.reports() if judged.reports else ():
            if isinstance(report, kind) and (report.outcome != "passed" or hasattr(report, "wasxfail")):
                self._look(report)

    def _look(self, report: pytest.TestReport) -> None:
        if hasattr(report, "wasxfail"):
            self._note(XfailReasons.rule, report.wasxfail, report.nodeid)
        elif report.skipped:
            self._skipped(report)

    def _skipped(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        where, words = "", str(report.longrepr)
        if isinstance(report.longrepr, tuple):
            name, line, words = report.longrepr
            path, root = Path(name), self._config.rootpath
            if path.is_relative_to(root) and "site-packages" not in path.parts:
                place = path.relative_to(root).as_posix()
                where = f", at {place}:{line}" if place != report.nodeid.partition("::")[0] else ""
        self._note(SkipReasons.rule, words, f"{report.nodeid}{where}")

    def _note(self, rule: str, words: str, told: str) -> None:
        if not is_reason(words):
            _gathered.note(self._config, rule, told)

"""Verdict on categories: every test has one, by a marker, so that some marker expression of CI chooses it.

Judged on what was collected, with all its marks, before -m or -k leave any out.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..policy import Hygiene, PolicyError, load_policy
from ..record import SuiteRun
from ..selection import as_typed, verdicts_and_tests
from ..verdict import Decide, Standards, Verdict, not_judged
from . import _checks, _gathered
from ._checks import Check
from ._chosen import chosen_by_markers, chosen_by_options

if TYPE_CHECKING:
    from ..session import JudgedSession

_COLLECTED = pytest.StashKey[list[pytest.Item]]()
# What is gathered.
WITHOUT, _UNCHOSEN = "tests without a category", "tests that no expression chooses"
_NO_MARKERS, _REFUSED = "categories that are no markers", "expressions that pytest refuses"

_WRONG = "Wrong expression passed to '-m': "  # pytest's words, of what is not typed here


class Facts(NamedTuple):
    """What is declared, and what the run has gathered. `own` is how the suite chooses its tests, as typed."""

    hygiene: Hygiene
    own: str
    without: Sequence[str]
    unchosen: Sequence[str]
    no_markers: Sequence[str]
    refused: Sequence[str]

    @property
    def expressions(self) -> str:
        """How tests are chosen, for messages."""
        by_ci = [f"-m {each!r}" for each in self.hygiene.ci_expressions]
        return " or ".join([self.own, *by_ci] if self.own else by_ci)


class HasCategory(Check[Facts]):
    """These tests have none of the declared categories.

    Where CI chooses by category (`-m unit`), a test without one is run by no job, and nobody notices: its code may have
    been broken for months.
    Next: mark the test, its class, or the whole file with what it is:
    """

    rule = "categories"

    def broken(self, facts: Facts) -> list[str] | None:
        """List the tests without."""
        return [*facts.without] if facts.hygiene.categories else None

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Count them."""
        count = f"{_gathered.count(found)} test{' has' if len(found) == 1 else 's have'}"
        return f"{count} none of the categories {', '.join(facts.hygiene.categories)}"

    def advice(self, facts: Facts) -> str:
        """Show the line."""
        return f"pytestmark = pytest.mark.{facts.hygiene.categories[0]}  # below the imports of a file"


class ChosenByCi(Check[Facts]):
    """These tests are collected, and then no expression chooses them, so CI never runs them.

    Not the suite's own (`-m` in addopts, or in [suite] args), and none of [hygiene] ci_expressions.
    Next: mark them so that one does. Or, if CI has a job for them, add what it types after `-m`, in
    tests/meta/policy.toml: [hygiene] ci_expressions = ["integration"].
    """

    rule = "chosen-by-ci"

    def broken(self, facts: Facts) -> list[str] | None:
        """List the tests that nobody runs."""
        declared = facts.hygiene.categories or facts.hygiene.ci_expressions
        return [*facts.unchosen] if declared else None

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Count them."""
        count = f"{_gathered.count(found)} test{' is' if len(found) == 1 else 's are'}"
        return f"{count} never run, by {facts.expressions}"


class CategoriesAreMarkers(Check[Facts]):
    """These categories are no registered markers.

    Is one mistyped? Of markers that are registered, pytest refuses mistyped ones (`--strict-markers`).
    Next: correct [hygiene] categories in tests/meta/policy.toml, or register the marker in pytest's settings:
    """

    rule = "category-markers"

    def broken(self, facts: Facts) -> list[str] | None:
        """List the categories."""
        return [*facts.no_markers] if facts.hygiene.categories else None

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Name them."""
        return f"{', '.join(found)} {'is no registered marker' if len(found) == 1 else 'are no registered markers'}"

    def advice(self, facts: Facts) -> str:
        """Show the lines."""
        listed = ", ".join(f'"{name}: what such a test is"' for name in facts.no_markers)
        return f"markers = [{listed}]"


class ExpressionsAreUnderstood(Check[Facts]):
    """Pytest does not understand these of [hygiene] ci_expressions in tests/meta/policy.toml.

    Next: write there what CI types after `-m`, as in ci_expressions = ["integration and not slow"].
    """

    rule = "ci-expressions"

    def broken(self, facts: Facts) -> list[str]:
        """List what pytest says of them."""
        return [*facts.refused]

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Count them."""
        del facts
        return f"{len(found)} of ci_expressions {'is no marker expression' if len(found) == 1 else 'are none'}"


CHECKS: tuple[Check[Facts], ...] = (HasCategory(), ChosenByCi(), CategoriesAreMarkers(), ExpressionsAreUnderstood())


def test_every_test_has_a_category(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """Every test collected has a declared category, and some expression of CI chooses it."""
    judge(functools.partial(every_test_has_a_category, request.config))


def every_test_has_a_category(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge all tests that were collected in the run."""
    facts = _facts(config, run, standards)
    if facts is None:
        return not_judged("nobody noted in that run which marks tests have; type: pytest tests/meta --meta-fresh")
    return _checks.judged(
        CHECKS,
        facts,
        standards.policy.hygiene.excused,
        kept=_kept(facts),
        broken="Some tests may be run by nobody:" if facts.without or facts.unchosen else "Categories:",
        known=_checks.known_rules(config),
    )


def broken_rules(config: pytest.Config, run: SuiteRun, standards: Standards) -> list[str]:
    """Name the rules that are broken and not excused."""
    facts = _facts(config, run, standards)
    return _checks.broken(CHECKS, facts, standards.policy.hygiene.excused) if facts else []


def _kept(facts: Facts) -> str:
    declared, unchosen = facts.hygiene, len(facts.unchosen)
    if declared.categories:
        chosen = f", and is chosen by {facts.expressions}" if facts.own else ""
        return f"Every test has one of the categories {', '.join(declared.categories)}{chosen}."
    if declared.ci_expressions and facts.own:
        return f"Every test is chosen by {facts.expressions}."
    if unchosen:
        tests = f"{_gathered.count(facts.unchosen)} test{' is' if unchosen == 1 else 's are'}"
        return f"No categories are declared. {tests} left out by {facts.own}, and [hygiene] ci_expressions is empty."
    return "No categories are declared, and no collected test is left out."


def _facts(config: pytest.Config, run: SuiteRun, standards: Standards) -> Facts | None:
    gathered = [_gathered.of(run, name) for name in (WITHOUT, _UNCHOSEN, _NO_MARKERS, _REFUSED)]
    noted = [lines for lines in gathered if lines is not None]
    if len(noted) < len(gathered):
        return None
    judged: JudgedSession = config.pluginmanager.getplugin("meta-tests")
    suite, _ = judged.facts.suite_and_typed(standards.policy.suite.args)
    choosing = (("-k", suite.keyword), ("-m", suite.markexpr), ("--deselect", suite.deselect))
    own = " ".join(as_typed(flag, value) for flag, value in choosing if value)
    return Facts(standards.policy.hygiene, own, *noted)


# What is gathered while tests are collected, in each process that collects.


def pytest_configure(config: pytest.Config) -> None:
    """Look for all of it."""
    for name in (WITHOUT, _UNCHOSEN, _NO_MARKERS, _REFUSED):
        _gathered.begin(config, name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep all that was collected, before anybody chooses."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    if judged is not None and not judged.switched_off and not judged.facts.only_verdicts:
        config.stash.setdefault(_COLLECTED, verdicts_and_tests(items)[1])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look at the marks; by now conftest.py has given those that it gives by a test's path."""
    config = session.config
    items = config.stash.get(_COLLECTED, [])
    config.stash[_COLLECTED] = []  # seen
    if not items:
        return
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    with contextlib.suppress(PolicyError):  # it is said at the end
        for name, line in _seen(config, items, load_policy(judged.facts.meta / "policy.toml").hygiene):
            _gathered.note(config, name, line)


def _seen(config: pytest.Config, items: Sequence[pytest.Item], hygiene: Hygiene) -> Iterator[tuple[str, str]]:
    categories = set(hygiene.categories)
    registered = {line.partition(":")[0].partition("(")[0].strip() for line in config.getini("markers")}
    for name in hygiene.categories:
        if name not in registered:
            yield _NO_MARKERS, name
    for item in items if categories else ():
        if categories.isdisjoint(mark.name for mark in item.iter_markers()):
            yield WITHOUT, item.nodeid
    left = list(items)
    option = config.option
    narrowed = option.keyword or option.markexpr or option.deselect
    chosen = set(map(id, chosen_by_options(config, left) if narrowed else left))
    for expression in hygiene.ci_expressions:
        try:
            chosen.update(map(id, chosen_by_markers(config, left, expression)))
        except pytest.UsageError as error:
            yield _REFUSED, f"{expression!r}: {str(error).removeprefix(_WRONG)}"
    if len(chosen) < len(left):
        for item in left:
            if id(item) not in chosen:
                yield _UNCHOSEN, item.nodeid

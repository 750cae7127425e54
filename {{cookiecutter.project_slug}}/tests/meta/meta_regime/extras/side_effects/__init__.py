"""Verdict on what tests leave behind, or need of the world: sleeps, network, environment, working folder.

Only what `[hygiene] watch` of the policy names is watched, while the tests run; by default nothing is, and nothing is
switched on.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from ...policy import PolicyError, load_policy
from ...record import SuiteRun
from ...selection import META, is_mine
from ...verdict import Decide, Outcome, Standards, Verdict, not_judged
from .. import _checks, _gathered
from .rules import CHECKS, KINDS

if TYPE_CHECKING:
    from ...policy import Hygiene
    from .watching import Watch

__all__ = ["CHECKS", "broken_rules", "test_tests_leave_nothing_behind"]


def test_tests_leave_nothing_behind(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """Tests do not sleep, use the network, or leave variables and folders behind: as far as the policy watches it."""
    judge(functools.partial(tests_leave_nothing_behind, request.config))


def tests_leave_nothing_behind(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge what was seen in the run."""
    hygiene = standards.policy.hygiene
    unknown = [word for word in hygiene.watch if word not in KINDS]
    if unknown:
        known = ", ".join(f'"{word}"' for word in KINDS)
        named = ", ".join(f'"{word}"' for word in unknown)
        return Verdict(Outcome.FAILED, f"tests/meta/policy.toml: [hygiene] watch has {named}; known are: {known}.")
    seen = seen_in(run, hygiene)
    if seen is None:
        why = "the run that is judged was not watched, or not for the same; type: pytest tests/meta --meta-fresh"
        return not_judged(why)
    watched = f"Of what is watched ({', '.join(hygiene.watch)}) nothing was seen in tests."
    return _checks.judged(
        CHECKS,
        seen,
        hygiene.excused,
        kept=watched if hygiene.watch else "Nothing is watched ([hygiene] watch = []).",
        broken="Tests leave something behind, or need the world:",
        known=_checks.known_rules(config),
    )


def broken_rules(_: pytest.Config, run: SuiteRun, standards: Standards) -> list[str]:
    """Give the names of the rules that are broken and not excused."""
    hygiene = standards.policy.hygiene
    return _checks.broken(CHECKS, seen_in(run, hygiene) or {}, hygiene.excused)


def seen_in(run: SuiteRun, hygiene: Hygiene) -> dict[str, list[str]] | None:
    """Give what was seen, by the words of `[hygiene] watch`; None if the run was not watched for all of them."""
    found = {word: _gathered.of(run, _name(word, hygiene)) for word in hygiene.watch}
    seen = {word: lines for word, lines in found.items() if lines is not None}
    return seen if len(seen) == len(found) else None


def _name(word: str, hygiene: Hygiene) -> str:
    """Give the name under which lines are gathered: a sleep that was short enough then may be too long now."""
    return f"{word} over {hygiene.sleep_seconds:g} s" if word == "sleeps" else word


def pytest_configure(config: pytest.Config) -> None:
    """Watch, if the policy says so. What is wrong in it is said by the verdicts."""
    if config.getoption("no_meta", False):
        return
    try:
        hygiene = load_policy(META / "policy.toml").hygiene
    except PolicyError:
        return
    kinds = frozenset(hygiene.watch) & frozenset(KINDS)
    if kinds:
        config.pluginmanager.register(_Watching(config, kinds, hygiene), "meta-tests-watching")


class _Watching:
    """What watches in this process."""

    def __init__(self, config: pytest.Config, kinds: frozenset[str], hygiene: Hygiene) -> None:
        from .watching import Watch

        self._config, self._names = config, {word: _name(word, hygiene) for word in kinds}
        for name in self._names.values():
            _gathered.begin(config, name)
        self._watch: Watch = Watch(kinds, hygiene.sleep_seconds, config.rootpath, self._found)
        self._watch.start()

    def _found(self, word: str, nodeid: str, text: str) -> None:
        _gathered.note(self._config, self._names[word], f"{nodeid}: {text}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Watch a test, and no verdict."""
        if is_mine(str(item.path)):
            return (yield)
        with self._watch.of_test(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Let a fixture of wider scope set what it likes."""
        if fixturedef.scope == "function":
            return (yield)
        with self._watch.of_wide_fixture():
            return (yield)

    def pytest_unconfigure(self) -> None:
        """Stop."""
        self._watch.stop()

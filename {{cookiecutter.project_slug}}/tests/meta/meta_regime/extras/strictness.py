"""Verdict on pytest's own settings: what is mistyped or outlived is an error, and all settings stand in one place.

Judged on the settings in force, as pytest understands them, without what somebody typed for this session.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ..record import SuiteRun
from ..verdict import Decide, Standards, Verdict
from . import _checks
from ._checks import Check

if TYPE_CHECKING:
    from argparse import Namespace

    from ..session import JudgedSession
    from ._pytest_settings import Place

# The settings that switch a rule on, the first that says something counts; pytest 9 has them all.
_SWITCHES = {
    "xfail-strict": ("xfail_strict", "strict_xfail", "strict"),
    "strict-markers": ("strict_markers", "strict"),
    "strict-config": ("strict_config", "strict"),
}
_OPTIONS = {"strict-markers": "--strict-markers", "strict-config": "--strict-config"}
# What an older pytest does not know, and a newer one does.
_OF_NEWER = frozenset(["strict", "strict_markers", "strict_config", "strict_xfail", "strict_parametrization_ids"])


class Facts(NamedTuple):
    """Where the settings in force stand, what is not switched on, what nobody knows, and what is not read.

    `unknown` is None where somebody switched plugins off for this session.
    """

    place: Place
    root: Path
    off: Sequence[str] = ()
    unknown: Sequence[str] | None = ()
    unread: Sequence[str] = ()

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"{_relative(self.place.path, self.root)} {self.place.title}"


class _Switch(Check[Facts]):
    def broken(self, facts: Facts) -> list[str]:
        if self.rule not in facts.off:
            return []
        words = [_OPTIONS[rule] for rule in facts.off if rule in _OPTIONS]
        line = facts.place.with_addopts(words) if self.rule in _OPTIONS else "xfail_strict = true"
        return [f"{facts.where}: {line}"]

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        del facts, found
        return f"{self.rule} is off"


class XfailIsStrict(_Switch):
    """A test that is expected to fail, and passes, fails nothing.

    So nobody learns that the bug is gone, and the mark hides the next one.
    Next: add to pytest's settings
    """

    rule = "xfail-strict"


class MarkersAreStrict(_Switch):
    """A mistyped marker is no error.

    pytest only warns of `@pytest.mark.untit`, and a run of `-m unit` goes without that test.
    Next: declare the markers in use (`markers`), and add to pytest's settings
    """

    rule = "strict-markers"


class ConfigIsStrict(_Switch):
    """A mistyped setting of pytest is no error.

    pytest only warns of `xfail_stict = true`, and goes on without it.
    Next: add to pytest's settings
    """

    rule = "strict-config"


class SettingsAreKnown(Check[Facts]):
    """No installed plugin knows these settings, so they do nothing, and pytest at most warns.

    Next: install the plugin that they are for (and declare it with what the tests need), correct the name, or take the
    line out.
    """

    rule = "known-settings"
    by_run = True  # what is installed differs

    def broken(self, facts: Facts) -> list[str] | None:
        """List the settings."""
        return None if facts.unknown is None else [f"{name}, in {facts.where}" for name in facts.unknown]

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Name them."""
        del found
        return f"nobody knows {', '.join(facts.unknown or ())}"


class OnePlace(Check[Facts]):
    """Settings of pytest stand in more than one place, and pytest reads one of them.

    What the others say does nothing, and whoever reads them is misled.
    Next: move what is to count into the file that is read, and delete the rest.
    """

    rule = "one-place"

    def broken(self, facts: Facts) -> list[str]:
        """List what is not read."""
        return [*facts.unread]

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Name them."""
        del facts
        names = [line.partition(": ")[0] for line in found]
        return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not read"


CHECKS: tuple[Check[Facts], ...] = (
    XfailIsStrict(),
    MarkersAreStrict(),
    ConfigIsStrict(),
    SettingsAreKnown(),
    OnePlace(),
)


def test_pytest_is_strict(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """Pytest's settings make an error of what is mistyped or outlived, and stand in one place."""
    judge(functools.partial(settings_are_strict, request.config))


def settings_are_strict(config: pytest.Config, _: SuiteRun, standards: Standards) -> Verdict:
    """Judge the settings in force."""
    facts = facts_of(config, standards)
    return _checks.judged(
        CHECKS,
        facts,
        standards.policy.hygiene.excused,
        kept=f"pytest is strict, by {facts.where}.",
        broken="pytest's settings:",
        known=_checks.known_rules(config),
    )


def broken_rules(config: pytest.Config, _: SuiteRun, standards: Standards) -> list[str]:
    """Name the rules that are broken and not excused."""
    return _checks.broken(CHECKS, facts_of(config, standards), standards.policy.hygiene.excused)


def facts_of(config: pytest.Config, standards: Standards) -> Facts:
    """Look at the settings of a session."""
    from ._pytest_settings import in_force

    judged: JudgedSession = config.pluginmanager.getplugin("meta-tests")
    suite, typed = judged.facts.suite_and_typed(standards.policy.suite.args)
    place = in_force(config)
    off = [rule for rule in _SWITCHES if not _is_on(config, rule, place, suite, typed)]
    unknown = _unknown(config, place, suite, typed)
    return Facts(place, config.rootpath, off, unknown, _unread(config, place, judged.facts.meta))


def _is_on(config: pytest.Config, rule: str, place: Place, suite: Namespace, typed: Namespace) -> bool:
    from ._pytest_settings import is_true

    old = {"strict-markers": ("strict_markers", "strict"), "strict-config": ("strict_config",)}  # options of pytest 8
    if any(getattr(suite, name, False) for name in old.get(rule, ())):
        return True
    own, here = _overrides(suite), _overrides(typed)
    values = {**place.values, **own}
    is_typed = any(here.get(name) != own.get(name) for name in _SWITCHES[rule])
    for name in _SWITCHES[rule]:
        value = values.get(name) if is_typed else _in_force(config, name)
        if value is not None:
            return is_true(value)
    return False


def _overrides(options: Namespace) -> dict[str, str]:
    """Give the settings that `-o` sets; in pytest 9 also `--strict-markers` and its like do."""
    pairs = (setting.partition("=") for setting in options.override_ini or ())
    return {name.strip(): value for name, _, value in pairs}


def _in_force(config: pytest.Config, name: str) -> Any:
    try:
        return config.getini(name)
    except (ValueError, KeyError, pytest.UsageError):  # this pytest does not know it, or does not understand its value
        return None


def _unknown(config: pytest.Config, place: Place, suite: Namespace, typed: Namespace) -> list[str] | None:
    off = [plugin for plugin in typed.plugins if plugin.startswith("no:") and plugin not in suite.plugins]
    if off or os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return None
    found = []
    for name in place.values:
        try:
            config.getini(name)
        except (ValueError, KeyError):
            found += [name] if name not in _OF_NEWER else []
        except pytest.UsageError:
            pass
    return found


def _unread(config: pytest.Config, place: Place, meta: Path) -> list[str]:
    """List the places beside the one in force, in the root and in the folders between it and tests/meta."""
    from ._pytest_settings import places_in

    root = config.rootpath
    tests = root / os.path.relpath(meta.parent, root.resolve())
    between = [folder for folder in (tests, *tests.parents) if folder.is_relative_to(root)]
    read = f"pytest reads {_relative(place.path, root)} {place.title}"
    found = []
    for folder in reversed(between):
        for other in places_in(folder):
            if other.values and (other.path, other.title) != (place.path, place.title):
                below = f", or this one where only what lies in {_relative(folder, root)} is typed"
                name = f"{_relative(other.path, root)} {other.title}"
                found.append(f"{name}: {read}{below if folder != root else ''}")
    return found


def _relative(path: Path, root: Path) -> str:
    return Path(os.path.relpath(path, root)).as_posix()

"""Rules that a suite keeps or breaks: a small class each, whose docstring is its failure message.

A verdict on several rules is red if one is broken. `[hygiene.excused]` of the policy excuses a rule, with a reason; an
excuse for a rule that is kept, or that is none, is red, too, so that no excuse outlives its cause.

An extra that judges rules has in its module `CHECKS`, its rules, and `broken_rules(config, run, standards)`, which
names those that are broken and not excused (by `broken`, below; a user's mistake raises nothing). By these two names
all rules are found here, for excuses that are mistyped and for `--meta-start-here`.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ..verdict import Outcome, Verdict

if TYPE_CHECKING:
    import pytest

    from ..record import SuiteRun
    from ..verdict import Standards

_SHOWN = 10  # findings of one rule
Facts = TypeVar("Facts")


class Check(Generic[Facts]):
    """A rule. The docstring of its class says what is wrong if it is broken, and what to do about it."""

    rule: ClassVar[str]  # its name in [hygiene.excused]
    by_run: ClassVar[bool] = False  # whether it may be kept in one run and broken in another, on the same files

    def broken(self, facts: Facts) -> list[str] | None:
        """List what breaks the rule, a line each; None where the rule does not apply."""
        raise NotImplementedError

    def told(self, facts: Facts, found: Sequence[str]) -> str:
        """Say in a few words what was found, for the verdict's first line."""
        del facts
        return f"{self.rule} ({len(found)})"

    def advice(self, facts: Facts) -> str:
        """Give the line to write or type, where that depends on the project."""
        del facts
        return ""


def broken(checks: Sequence[Check[Facts]], facts: Facts, excused: Collection[str]) -> list[str]:
    """Name the rules that are broken and not excused."""
    return [check.rule for check in checks if check.rule not in excused and check.broken(facts)]


def judged(  # noqa: PLR0913 - data all of them, and the words by name
    checks: Sequence[Check[Facts]],
    facts: Facts,
    excused: Mapping[str, str],
    *,
    kept: str,
    broken: str,
    known: Collection[str] = (),
) -> Verdict:
    """Judge by all rules at once.

    `kept` is the sentence for when nothing is to be said; `broken` begins the one for when there is, and is followed by
    what is wrong in a few words. `known` are the names of all rules that there are (`known_rules`): an excuse for
    another one is red.
    """
    found = [(check, check.broken(facts)) for check in checks]
    wrong = [(check, lines) for check, lines in found if lines and check.rule not in excused]
    if not wrong:
        idle = [check.rule for check, lines in found if check.rule in excused and not lines and not check.by_run]
        needless = [*idle, *(name for name in excused if known and name not in known)]
        if needless:
            return _needless(needless, known)
        used = ", ".join(check.rule for check, lines in found if lines)
        unused = ", ".join(check.rule for check, lines in found if check.rule in excused and not lines)
        note = f" Excused in policy.toml: {used}." if used else ""
        note += f" This run needs no excuse for {unused}." if unused else ""
        return Verdict(Outcome.PASSED, f"{kept}{note}")
    details = [_told(check, facts, lines) for check, lines in wrong]
    told = [check.told(facts, lines) for check, lines in wrong]
    example = f'{wrong[0][0].rule} = "the reason, and until when"'
    excuse = f"If it has to stay so for now, in tests/meta/policy.toml:\n\n    [hygiene.excused]\n    {example}"
    return Verdict(Outcome.FAILED, f"{broken} {'; '.join(told)}.", "\n\n".join([*details, excuse]))


def _needless(names: Sequence[str], known: Collection[str]) -> Verdict:
    lines = [
        f"{name}: the rule is kept, or does not apply."
        if name in known or not known
        else f"{name}: there is no such rule; there are {', '.join(known)}."
        for name in names
    ]
    return Verdict(
        Outcome.FAILED,
        f"[hygiene.excused] excuses what needs no excuse: {', '.join(names)}.",
        "\n".join([*lines, "", "Next: take it out of tests/meta/policy.toml."]),
    )


def _told(check: Check[Facts], facts: Facts, lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    shown = textwrap.indent("\n".join([*lines[:_SHOWN], *more]), "    ")
    said = inspect.cleandoc(check.__doc__ or "").replace("\n\n", "\n", 1)  # what is to be written stands apart
    parts = [f"{check.rule}: {said}", shown, textwrap.indent(check.advice(facts), "    ")]
    return "\n\n".join(filter(None, parts))


# Of all extras together.


def _judging(config: pytest.Config) -> Iterator[Any]:
    for name, plugin in config.pluginmanager.list_name_plugin():
        if name.startswith("meta-tests-") and hasattr(plugin, "CHECKS"):
            yield plugin


def known_rules(config: pytest.Config) -> list[str]:
    """Name all rules."""
    return [check.rule for plugin in _judging(config) for check in plugin.CHECKS]


def broken_rules(config: pytest.Config, run: SuiteRun, standards: Standards) -> list[str]:
    """Name the rules that are broken and not excused."""
    return [name for plugin in _judging(config) for name in plugin.broken_rules(config, run, standards)]

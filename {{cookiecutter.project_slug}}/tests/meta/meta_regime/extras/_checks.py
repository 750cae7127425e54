"""Rules that a suite keeps or breaks: a small class each, whose docstring is its failure message.

A verdict on several rules is red if one is broken. `[hygiene.excused]` of the policy excuses a rule, with a reason; an
excuse for a rule that is kept is red, too, so that no excuse outlives its cause.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from ..verdict import Outcome, Verdict

_SHOWN = 10  # findings of one rule
Facts = TypeVar("Facts")


class Check(Generic[Facts]):
    """A rule. The docstring of its class says what is wrong if it is broken, and what to do about it."""

    rule: ClassVar[str]  # its name in [hygiene.excused]
    by_run: ClassVar[bool] = False  # whether it may be kept in one run and broken in another, on the same files

    def broken(self, facts: Facts) -> list[str] | None:
        """List what breaks the rule, a line each; None where the rule does not apply."""
        raise NotImplementedError


def judged(
    checks: Sequence[Check[Facts]], facts: Facts, excused: Mapping[str, str], *, kept: str, broken: str
) -> Verdict:
    """Judge by all rules at once.

    `kept` is the sentence for when nothing is to be said; `broken` begins the one for when there is, and is followed by
    what is wrong in the first rule.
    """
    found = [(check, check.broken(facts)) for check in checks]
    wrong = [(check, lines) for check, lines in found if lines and check.rule not in excused]
    idle = [check.rule for check, lines in found if check.rule in excused and not lines and not check.by_run]
    if not wrong and not idle:
        listed = ", ".join(check.rule for check, lines in found if lines)
        note = f" Excused in policy.toml: {listed}." if listed else ""
        return Verdict(Outcome.PASSED, f"{kept}{note}")
    if not wrong:
        return Verdict(
            Outcome.FAILED,
            f"[hygiene.excused] excuses what needs no excuse: {', '.join(idle)}.",
            "The rule is kept, or does not apply. Take its line out of tests/meta/policy.toml.",
        )
    details = [_told(check, lines) for check, lines in wrong]
    rules = " and ".join(f"{check.rule} ({len(lines)})" for check, lines in wrong)
    example = f'{wrong[0][0].rule} = "the reason, and until when"'
    excuse = f"If it has to stay so for now, in tests/meta/policy.toml:\n\n    [hygiene.excused]\n    {example}"
    return Verdict(Outcome.FAILED, f"{broken} {rules}.", "\n\n".join([*details, excuse]))


def _told(check: Check[Facts], lines: Sequence[str]) -> str:
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    shown = "\n".join([*lines[:_SHOWN], *more])
    return f"{check.rule}: {inspect.cleandoc(check.__doc__ or '')}\n\n{textwrap.indent(shown, '    ')}"


def unknown_rules(excused: Mapping[str, str], known: Sequence[str]) -> list[str]:
    """List the excused names that no rule has."""
    return [name for name in excused if name not in known]

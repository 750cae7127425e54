"""What is to be seen at a file and line: from what the session has found, the most important first. Data to data."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import NamedTuple

from ...covered import ranges
from ...time_verdicts import name_of, seconds
from ...verdict import Outcome, percent
from .._at_a_glance import CHANGED, FLOOR, SLOW, different
from .._lines import missing_ranges, numbers
from .seen import Seen

_POLICY = "tests/meta/policy.toml"


class Finding(NamedTuple):
    """One thing to be seen. Lines count from 1; a `line` of 0 says that it is about no single line, as a total is.

    `check` is the name of the verdict's test, and `subject` what tells the finding from others of this check and file.
    """

    check: str
    subject: str
    path: str
    line: int
    last: int
    title: str
    text: str
    is_error: bool


def findings(seen: Seen) -> list[Finding]:
    """Give them by turns of each kind, so that the first ten show something of each; what fails comes first."""
    kinds = [list(kind(seen)) for kind in (_of_the_gate, _of_changed_lines, _of_slow_tests, _of_floors)]
    at_lines = {finding.check for finding in chain(*kinds)}
    kinds.append([finding for finding in _of_verdicts(seen) if finding.check not in at_lines])
    by_turns = [finding for finding in chain.from_iterable(zip_longest(*kinds)) if finding is not None]
    return sorted(by_turns, key=lambda finding: not finding.is_error)


def _failed(seen: Seen, check: str) -> bool:
    verdict = seen.verdicts.get(check)
    return verdict is not None and verdict.outcome is Outcome.FAILED


def _of_the_gate(seen: Seen) -> Iterator[Finding]:
    title = "the gate's own settings are changed"
    for path in seen.gate.settings:
        text = f"{path}: what the verdicts allow was changed since {seen.gate.since}. See that it was meant."
        yield Finding("settings-changed", "", path, 1, 1, title, text, is_error=False)


def _of_changed_lines(seen: Seen) -> Iterator[Finding]:
    for path, lines in sorted(seen.uncovered.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        for part in ranges(lines).split(","):
            first, _, last = part.partition("-")
            text = f"No test executes {'these changed lines' if last else 'this changed line'}: {path}:{part}"
            place = (path, int(first), int(last or first))
            yield Finding(CHANGED, part, *place, "not covered", text, is_error=_failed(seen, CHANGED))


def _of_slow_tests(seen: Seen) -> Iterator[Finding]:
    allowed = f"{seen.standards.policy.slow_tests.limit_seconds:g} s" if seen.standards else "lower"
    for row, why, path, line in seen.slow:
        text = f"{name_of(row)} took {seconds(row.owned)}, the limit is {allowed}. {why}".rstrip()
        yield Finding(SLOW, name_of(row), path, line, line, "slow test", text, is_error=True)


def _of_floors(seen: Seen) -> Iterator[Finding]:
    for file, floor in seen.below:
        line = next(iter(numbers(file.missing_lines)), 1)
        text = f"{file.path}: {percent(file.percent)} covered, {floor:g} % is required. "
        text += f"No test executes: {missing_ranges(file)}"
        yield Finding(FLOOR, "", file.path, line, line, "below its floor", text, is_error=_failed(seen, FLOOR))


def _of_verdicts(seen: Seen) -> Iterator[Finding]:
    """Give what fails and is about no single line."""
    if seen.silence:
        text = f"Nothing was judged: {seen.silence}"
        yield Finding("meta-tests", "", _POLICY, 0, 0, "meta-tests", text, is_error=seen.strict)
    for name, verdict in different(seen.verdicts).items():
        if seen.fails(verdict):
            yield Finding(name, "", _POLICY, 0, 0, "meta-tests", verdict.line, is_error=True)

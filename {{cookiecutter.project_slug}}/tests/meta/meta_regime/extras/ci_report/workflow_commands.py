"""Findings as GitHub's workflow commands, which it shows beside the lines of a change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._visible import visible
from .findings import Finding

_SHOWN = 10  # of errors, and of warnings: GitHub shows no more of a step
_LONGEST = 1000  # characters of a text


def commands(found: Sequence[Finding]) -> Iterator[str]:
    """Give a line for each finding that GitHub will show."""
    for is_error in (True, False):
        yield from map(command, [finding for finding in found if finding.is_error == is_error][:_SHOWN])


def command(finding: Finding) -> str:
    """Write one, on one line, from which nothing of its text can break out."""
    place = {"file": finding.path, "line": finding.line, "endLine": finding.last} if finding.line else {}
    told = {**place, "title": finding.title}
    values = ",".join(f"{name}={_escaped(str(value), also=':,')}" for name, value in told.items())
    text = finding.text if len(finding.text) <= _LONGEST else f"{finding.text[:_LONGEST]}..."
    return f"::{'error' if finding.is_error else 'warning'} {values}::{_escaped(visible(text))}"


def _escaped(text: str, also: str = "") -> str:
    """Escape as GitHub's runner undoes it: `%` and line ends; in values of properties also what ends those."""
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{also}" else char for char in text)

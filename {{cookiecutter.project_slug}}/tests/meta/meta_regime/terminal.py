"""What the regime has pytest print: the text of a failed verdict."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from .verdict import Outcome, Verdict

WHY_STRICT = (
    "Where the CI variable is set, or with --meta-strict, a verdict that cannot judge fails:\n"
    "nobody would see it skipped. In a CI step that is meant to run a part of the suite, add --no-meta."
)


class VerdictText:
    """A failed verdict as pytest prints failures: whole in its section, the first line alone in the short summary."""

    def __init__(self, path: str, verdict: Verdict, *, strict: bool) -> None:
        because = f"\n\n{WHY_STRICT}" if strict and verdict.outcome is Outcome.NOT_JUDGED else ""
        self._text = verdict.message + because
        self.reprcrash = SimpleNamespace(path=path, lineno=1, message=verdict.line)

    def __str__(self) -> str:
        return self._text

    def toterminal(self, writer: Any) -> None:
        """Print the whole text (pytest calls this)."""
        for line in self._text.split("\n"):  # one by one: what the terminal cannot show, pytest writes in escapes
            writer.line(line)

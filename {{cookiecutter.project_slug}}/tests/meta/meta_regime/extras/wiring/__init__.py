"""Verdict on wiring: are the verdicts really run, by plain pytest, CI and pre-commit, and do they mean one threshold?

Files are looked at, never executed. What cannot be looked into is said, and is not red. What judges is imported when
it has to: it is a fifth of the regime.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...verdict import Decide, Standards, Verdict


def test_the_verdicts_are_wired_in(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """The loader, CI and pre-commit really have the verdicts given, and thresholds have one source."""
    judge(functools.partial(_judged, request.config))


def _judged(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    from .judging import verdicts_are_wired_in

    return verdicts_are_wired_in(config, run, standards)


def broken_rules(config: pytest.Config, run: SuiteRun, standards: Standards) -> list[str]:
    """Give the names of the rules that are broken and not excused."""
    from . import judging

    return judging.broken_rules(config, run, standards)


def __getattr__(name: str) -> Any:
    if name == "CHECKS":
        from .rules import CHECKS

        return CHECKS
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

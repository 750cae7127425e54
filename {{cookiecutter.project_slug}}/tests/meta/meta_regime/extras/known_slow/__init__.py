"""Verdict on `known_slow.toml`: every entry is still needed. `--meta-accept` deletes those that are not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .. import _accept

if TYPE_CHECKING:
    import datetime

    from ...record import SuiteRun
    from ...time_verdicts import Row
    from ...verdict import Decide, Standards, Verdict
    from .entries import KnownSlow


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option `--meta-accept`."""
    _accept.add_option(parser, pluginmanager)


def test_known_slow_list_is_current(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """Every entry of known_slow.toml is still needed."""
    judge(functools.partial(_judged, request.config))


def _judged(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    from .judging import list_is_current

    return list_is_current(config, run, standards)


# For others, who need not know where it is: what it takes is imported when they ask.


def load_known_slow(path: Path) -> tuple[KnownSlow, ...]:
    """Read the list. Raises `PolicyError` with all that is wrong."""
    from . import entries

    return entries.load_known_slow(path)


def entry_to_paste(nodeid: str, seconds: float, today: datetime.date, reason: str = "") -> str:
    """Give the lines that excuse a test."""
    from . import entries

    return entries.entry_to_paste(nodeid, seconds, today, reason)


def how_to_excuse(slow: Sequence[Row], standards: Standards) -> str:
    """Say why slow tests and fixtures are not excused, and give the entries that would."""
    from . import judging

    return judging.how_to_excuse(slow, standards)

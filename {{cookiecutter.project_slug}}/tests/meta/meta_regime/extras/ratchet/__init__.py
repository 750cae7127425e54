"""Verdict on the ratchet: no file has more uncovered lines and branches than `baseline.json` says. `--meta-accept`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .. import _accept

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...verdict import Decide, Standards, Verdict
    from .baseline import Baseline


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option `--meta-accept`."""
    _accept.add_option(parser, pluginmanager)


def test_coverage_has_not_regressed(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """No file has more uncovered lines and branches than baseline.json allows."""
    judge(functools.partial(_judged, request.config))


def _judged(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    from .judging import has_not_regressed

    return has_not_regressed(config, run, standards)


def compared(config: pytest.Config) -> tuple[Baseline, Baseline] | None:
    """Give the baseline, its lines with the files that were renamed, and what was measured; after the verdict."""
    from . import judging

    return judging.compared(config)

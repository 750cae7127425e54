"""Verdict on slow-downs: does what `baseline.json` knows of take longer than it did, on this class of machine?

Where that cannot be told, it is "not judged". In CI that would be red; but nobody chooses the machine there, or can ask
it to have no neighbours. So this verdict alone may be "not judged" there, as it is elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .. import _accept

if TYPE_CHECKING:
    from ...record import SuiteRun
    from ...verdict import Decide, Standards, Verdict
    from .compare import Difference


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option `--meta-accept`."""
    _accept.add_option(parser, pluginmanager)


def pytest_configure(config: pytest.Config) -> None:
    """Watch this session."""
    if not config.getoption("no_meta", False):
        from .measuring import Watch

        config.pluginmanager.register(Watch(config), "meta-tests-slowdown-watch")


def test_suite_has_not_slowed_down(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """What baseline.json knows of takes no longer than it did, on the same class of machine."""
    judge(functools.partial(_judged, request.config))


def _judged(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    from .judging import has_not_slowed_down

    return has_not_slowed_down(config, run, standards)


def took(config: pytest.Config) -> Difference | None:
    """Give what all that the baseline knows of took then and now, if they can be compared; after the verdict."""
    from . import judging

    return judging.took(config)

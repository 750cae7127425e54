"""What the loader in `tests/conftest.py` imports: the hooks that pytest must find there. The rest is in `session`."""

from __future__ import annotations

import pytest

from .session import JudgedSession

__all__ = ["pytest_addoption", "pytest_configure"]

PLUGIN_NAME = "meta-tests"
_parsers: list[pytest.Parser] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the regime."""
    _parsers[:] = [parser]  # to read the policy's suite arguments as pytest would
    group = parser.getgroup("meta-tests", "the verdicts of tests/meta")
    group.addoption("--no-meta", action="store_true", help="give no verdicts in this session")
    group.addoption(
        "--meta-strict",
        action="store_true",
        help="fail where a verdict cannot judge (default where CI is set)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Put this session under the regime."""
    if not config.pluginmanager.hasplugin(PLUGIN_NAME):
        parser = _parsers.pop() if _parsers else None
        config.pluginmanager.register(JudgedSession(config, parser), PLUGIN_NAME)

"""What the loader in `tests/conftest.py` imports: the hooks that pytest must find there. The rest is in `session`."""

from __future__ import annotations

import contextlib

import pytest

from .session import JudgedSession

__all__ = ["pytest_meta_tests_addoption", "pytest_meta_tests_configure"]  # names that a conftest does not have itself

PLUGIN_NAME = "meta-tests"
_parsers: list[pytest.Parser] = []


@pytest.hookimpl(specname="pytest_addoption")
def pytest_meta_tests_addoption(parser: pytest.Parser) -> None:
    """Add the options of the regime."""
    if _parsers:
        return  # a second conftest loads it too
    _parsers.append(parser)  # to read the policy's suite arguments as pytest would
    group = parser.getgroup("meta-tests", "the verdicts of tests/meta")
    group.addoption("--no-meta", action="store_true", help="give no verdicts in this session")
    strict = "fail where a verdict cannot judge (default where CI is set)"
    group.addoption("--meta-strict", action="store_true", help=strict)


@pytest.hookimpl(specname="pytest_configure")
def pytest_meta_tests_configure(config: pytest.Config) -> None:
    """Put this session under the regime."""
    _keep_pytest_asyncio_from_stopping_the_session(config)
    if not config.pluginmanager.hasplugin(PLUGIN_NAME):
        parser = _parsers.pop() if _parsers else None
        config.pluginmanager.register(JudgedSession(config, parser), PLUGIN_NAME)


def _keep_pytest_asyncio_from_stopping_the_session(config: pytest.Config) -> None:
    """Set the option about which pytest-asyncio warns where it is missing, if warnings are errors in this project.

    Otherwise pytest 9 dies of an internal error before the first test. There is no public way to set it from here.
    """
    option, filters = "asyncio_default_fixture_loop_scope", config.getini("filterwarnings")
    if not any(line.startswith("error") for line in [*filters, *(config.option.pythonwarnings or [])]):
        return
    with contextlib.suppress(ValueError, AttributeError):  # not installed; another pytest
        if not config.getini(option):
            config._inicache[option] = "function"

"""Keeps pytest-asyncio from stopping the sessions of a project that makes errors of warnings."""

from __future__ import annotations

import contextlib

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the option about which it warns where it is missing, if warnings are errors in this project.

    Otherwise pytest 9 dies of an internal error before the first test. There is no public way to set it from here.
    """
    option, filters = "asyncio_default_fixture_loop_scope", config.getini("filterwarnings")
    if not any(line.startswith("error") for line in [*filters, *(config.option.pythonwarnings or [])]):
        return
    with contextlib.suppress(ValueError, AttributeError):  # not installed; another pytest
        if not config.getini(option):
            config._inicache[option] = "function"

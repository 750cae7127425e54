"""Brings the fast-test kit to the session: its fixtures, and its marker."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

_KIT = Path(__file__).parents[1] / "fixtures" / "plugin.py"


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the fixtures, as early as a conftest can: breakers are made when modules are imported."""
    if _KIT.exists():
        pluginmanager.register(importlib.import_module("meta_regime.fixtures.plugin"), "meta-tests-kit")

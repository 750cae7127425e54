"""What the loader in `tests/conftest.py` imports: the hooks that pytest must find there. The rest is in `session`."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from . import hookspecs
from .session import JudgedSession

__all__ = ["pytest_meta_tests_addoption", "pytest_meta_tests_configure"]  # names that a conftest does not have itself

_parsers: list[pytest.Parser] = []


@pytest.hookimpl(specname="pytest_addoption")
def pytest_meta_tests_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the options of the regime, and those of its extras."""
    if _parsers:
        return  # a second conftest loads it too
    _parsers.append(parser)  # to read the policy's suite arguments as pytest would
    group = parser.getgroup("meta-tests", "the verdicts of tests/meta")
    group.addoption("--no-meta", action="store_true", help="give no verdicts in this session")
    group.addoption("--meta-strict", action="store_true", help="fail where a verdict cannot judge (as with CI set)")
    pluginmanager.add_hookspecs(hookspecs)
    for extra in sorted(Path(__file__).with_name("extras").glob("[!_]*")):
        module = importlib.import_module(f"meta_regime.extras.{extra.stem}")
        # pytest and pluggy look at every name of a plugin: let them see the hooks, which are few.
        module.__dir__ = [name for name in vars(module) if name.startswith("pytest_")].copy  # type: ignore[method-assign]
        pluginmanager.register(module, f"meta-tests-{extra.stem}")


@pytest.hookimpl(specname="pytest_configure")
def pytest_meta_tests_configure(config: pytest.Config) -> None:
    """Put this session under the regime."""
    if not config.pluginmanager.hasplugin("meta-tests"):
        if not _parsers:
            config.pluginmanager.add_hookspecs(hookspecs)  # loaded too late for the hook above
        parser = _parsers.pop() if _parsers else None
        config.pluginmanager.register(JudgedSession(config, parser), "meta-tests")
        config.addinivalue_line("norecursedirs", "meta/meta_regime")  # there are no tests in these twenty folders

"""Which tests pytest itself chooses of those collected."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest


def chosen_by_options(config: pytest.Config, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Give the tests that pytest's own -k, -m and --deselect choose among those collected, whatever else drops some."""
    return _chosen(_Quiet(config, config.option), items, ("main", "mark"))


def chosen_by_markers(config: pytest.Config, items: Sequence[pytest.Item], expression: str) -> list[pytest.Item]:
    """Give the tests that `-m expression` chooses. Raises `pytest.UsageError` if pytest does not understand it."""
    option = argparse.Namespace(**{**vars(config.option), "markexpr": expression, "keyword": ""})
    return _chosen(_Quiet(config, option), items, ("mark",))


def _chosen(config: _Quiet, items: Sequence[pytest.Item], plugins: Sequence[str]) -> list[pytest.Item]:
    chosen = list(items)
    for name in plugins:
        hook = getattr(config.pluginmanager.getplugin(name), "pytest_collection_modifyitems", None)
        if hook is not None:
            hook(items=chosen, config=config)
    return chosen


class _Quiet:
    """A config whose hooks nobody hears, with options of its own."""

    hook = SimpleNamespace(pytest_deselected=lambda items: None)

    def __init__(self, config: pytest.Config, option: argparse.Namespace) -> None:
        self._config, self.option = config, option

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

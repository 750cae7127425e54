"""Which tests pytest itself chooses of those collected."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest


def chosen_by_options(config: pytest.Config, items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Give the tests that pytest's own -k, -m and --deselect choose among those collected, whatever else drops some."""
    chosen = list(items)
    for name in ("main", "mark"):
        hook = getattr(config.pluginmanager.getplugin(name), "pytest_collection_modifyitems", None)
        if hook is not None:
            hook(items=chosen, config=_Quiet(config))
    return chosen


class _Quiet:
    """A config whose hooks nobody hears."""

    hook = SimpleNamespace(pytest_deselected=lambda items: None)

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def __getattr__(self, name: str) -> Any:
        return getattr(self._config, name)

"""Keeps pytest-rerunfailures from giving a red verdict again: it would be the same."""

from __future__ import annotations

import pytest

from ..selection import is_mine


def pytest_configure(config: pytest.Config) -> None:
    """Where that plugin is, mark the verdict tests."""
    if config.pluginmanager.hasplugin("rerunfailures"):
        config.pluginmanager.register(_Marker(), "meta-tests-rerunfailures-marker")


class _Marker:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Mark a verdict; the mark outweighs --reruns and --force-reruns."""
        if is_mine(str(item.path)):
            item.add_marker(pytest.mark.flaky(condition=False))

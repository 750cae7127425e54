"""Keeps tests/meta out of pytest-cov's reports, where the project measures its tests as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession


def pytest_sessionstart(session: pytest.Session) -> None:
    """Add the folder to what the reports omit."""
    config = session.config
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    controller = getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    for measured in (getattr(controller, "cov", None), getattr(controller, "combining_cov", None)):
        if measured is not None and judged is not None:
            omitted = measured.get_option("report:omit") or []
            measured.set_option("report:omit", [*omitted, str(judged.facts.meta / "*")])

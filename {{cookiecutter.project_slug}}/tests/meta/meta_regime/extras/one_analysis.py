"""Keeps what coverage.py has found out about a file from pytest-cov's report for the verdicts: it is the dear part."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Make both of pytest-cov's `Coverage` objects remember. Where this private method is another one day, none does.

    Both report only when all tests have ended, from data that does not change any more.
    """
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    controller = getattr(session.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if judged is None or not judged.judges:
        return
    for measured in (getattr(controller, "cov", None), getattr(controller, "combining_cov", None)):
        if callable(getattr(measured, "_analyze", None)):
            _remember(measured)


def _remember(measured: Any) -> None:
    analyze, known = measured._analyze, dict[tuple[str, object], Any]()

    @functools.wraps(analyze)
    def once(morf: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(morf, str):
            return analyze(morf, *args, **kwargs)
        key = morf, measured.get_option("report:precision")  # which --cov-precision changes for some reports
        if key not in known:
            known[key] = analyze(morf, *args, **kwargs)
        return known[key]

    measured._analyze = once

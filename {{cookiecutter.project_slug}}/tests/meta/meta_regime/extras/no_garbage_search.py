"""Keeps Python from looking for garbage while a session is judged.

A row is made for each test then, and after so many new objects Python looks through all that a large suite has left: of
10,000 tests that takes a sixth of a second, as long as all else that the verdicts do.
"""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest

_SWITCHED_OFF = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """After the suite, and after pytest-cov, switch it off: the session's own wrapper lies around this one."""
    result = yield
    if gc.isenabled() and session.config.pluginmanager.hasplugin("meta-tests"):
        session.config.stash[_SWITCHED_OFF] = True
        gc.disable()
    return result


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put it back."""
    if session.config.stash.get(_SWITCHED_OFF, False):
        gc.enable()

"""Keeps Python from looking for garbage while tests are collected, and while a session is judged.

Both make many objects, all of which are needed; after so many new ones, Python looks through all that there are, again
and again: of 10,000 tests 0.3 s while they are collected, of which half comes later instead, and 0.17 s while they are
judged.
"""

from __future__ import annotations

import gc
from collections.abc import Generator

import pytest

_SWITCHED_OFF = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """None while tests are collected; then count all there is as old, as several searches would have done."""
    before = gc.get_threshold()
    if not before[0] or not session.config.pluginmanager.hasplugin("meta-tests"):
        return (yield)
    gc.set_threshold(0)  # a module that is imported may call gc.disable(), and mean it
    try:
        return (yield)
    finally:
        if hasattr(gc, "freeze") and not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()  # into the oldest generation
        if not gc.get_threshold()[0]:
            gc.set_threshold(*before)


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

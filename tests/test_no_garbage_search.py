"""While a session is judged, Python does not look for garbage; before and afterwards it does, if it did."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import no_garbage_search


@pytest.fixture(autouse=True)
def looking() -> Iterator[None]:
    was = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if was else gc.disable)()


def session(*, judged: bool = True) -> Any:
    plugins = SimpleNamespace(hasplugin=lambda name: judged and name == "meta-tests")
    return SimpleNamespace(config=SimpleNamespace(stash=pytest.Stash(), pluginmanager=plugins))


def test_it_is_off_while_a_session_is_judged() -> None:
    here = session()
    loop = no_garbage_search.pytest_runtestloop(here)
    next(loop)
    assert gc.isenabled()
    with pytest.raises(StopIteration) as ended:
        loop.send("result")
    assert (ended.value.value, gc.isenabled()) == ("result", False)
    no_garbage_search.pytest_sessionfinish(here)
    assert gc.isenabled()


def test_who_has_switched_it_off_keeps_it_off() -> None:
    here = session()
    loop = no_garbage_search.pytest_runtestloop(here)
    next(loop)
    gc.disable()
    with pytest.raises(StopIteration):
        loop.send(None)
    no_garbage_search.pytest_sessionfinish(here)
    assert not gc.isenabled()


def test_it_stays_on_where_nothing_is_judged_or_the_session_was_stopped() -> None:
    loop = no_garbage_search.pytest_runtestloop(session(judged=False))
    next(loop)
    with pytest.raises(StopIteration):
        loop.send(None)
    assert gc.isenabled()
    loop = no_garbage_search.pytest_runtestloop(session())
    next(loop)
    with pytest.raises(KeyboardInterrupt):
        loop.throw(KeyboardInterrupt())
    assert gc.isenabled()

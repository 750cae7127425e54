"""Python does not look for garbage while tests are collected, or a session is judged; otherwise it does, if it did."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import no_garbage_search


@pytest.fixture(autouse=True)
def looking() -> Iterator[None]:
    was, often = gc.isenabled(), gc.get_threshold()
    gc.enable()
    yield
    gc.set_threshold(*often)
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


class TestCollecting:
    def test_nothing_is_searched_and_what_was_made_is_old(self) -> None:
        gc.set_threshold(50)
        searches: list[object] = []
        gc.callbacks.append(lambda *told: searches.append(told))
        try:
            collecting = no_garbage_search.pytest_collection(session())
            next(collecting)
            searches.clear()  # one may have been due just before
            made = [[] for _ in range(1000)]  # type: ignore[var-annotated]
            assert searches == []
        finally:
            gc.callbacks.pop()
        with pytest.raises(StopIteration) as ended:
            collecting.send("result")
        assert ended.value.value == "result"
        assert gc.get_threshold()[0] == 50
        old = {*map(id, gc.get_objects(generation=2))}
        assert all(id(each) in old for each in made)

    def test_garbage_of_that_time_is_found_later(self) -> None:
        class Ring:
            pass

        collecting = no_garbage_search.pytest_collection(session())
        next(collecting)
        ring: Any = Ring()
        ring.itself, gone = ring, weakref.ref(ring)
        del ring
        with pytest.raises(StopIteration):
            collecting.send(None)
        gc.collect()
        assert gone() is None

    def test_what_a_module_sets_as_it_is_imported_stays(self) -> None:
        collecting = no_garbage_search.pytest_collection(session())
        next(collecting)
        gc.set_threshold(123)
        gc.disable()
        with pytest.raises(StopIteration):
            collecting.send(None)
        assert (gc.get_threshold()[0], gc.isenabled()) == (123, False)

    def test_it_is_put_back_where_collecting_is_stopped(self) -> None:
        before = gc.get_threshold()
        collecting = no_garbage_search.pytest_collection(session())
        next(collecting)
        with pytest.raises(KeyboardInterrupt):
            collecting.throw(KeyboardInterrupt())
        assert gc.get_threshold() == before

    def test_without_the_regime_nothing_is_changed(self) -> None:
        before = gc.get_threshold()
        collecting = no_garbage_search.pytest_collection(session(judged=False))
        next(collecting)
        assert gc.get_threshold() == before
        with pytest.raises(StopIteration):
            collecting.send(None)

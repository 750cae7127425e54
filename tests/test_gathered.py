"""What extras note while tests are collected and run, from whichever process. Sessions with it: tests/ruled.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime import hookspecs
from meta_regime.extras import _gathered, categories, left_out, skips, time_split, wide_fixtures
from meta_regime.record import SuiteRun


class Session:
    """What of a session's configuration this needs."""

    def __init__(self, *, on_a_worker: bool = False) -> None:
        self.stash = pytest.Stash()
        self.pluginmanager = pytest.PytestPluginManager()
        if on_a_worker:
            self.workeroutput: dict[str, Any] = {}

    def begun(self, *names: str) -> Any:
        for name in names:
            _gathered.begin(self, name)  # type: ignore[arg-type]
        return self

    def run(self) -> SuiteRun:
        return SuiteRun(**_gathered.pytest_meta_tests_doubts(SimpleNamespace(config=self)))


def test_nothing_found_is_another_thing_than_nobody_looked() -> None:
    run = Session().begun("colours").run()
    assert _gathered.of(run, "colours") == []
    assert _gathered.of(run, "shapes") is None
    assert _gathered.of(SuiteRun(), "colours") is None


def test_lines_are_kept_once_in_their_order_and_not_without_end() -> None:
    config = Session().begun("colours", "shapes")
    for line in ("red", "blue", "red"):
        _gathered.note(config, "colours", line)
    for number in range(_gathered.AT_MOST + 5):
        _gathered.note(config, "shapes", str(number))
    config.begun("colours")  # another extra looks for the same
    run = config.run()
    assert _gathered.of(run, "colours") == ["red", "blue"]
    shapes = _gathered.of(run, "shapes")
    assert shapes == [str(number) for number in range(_gathered.AT_MOST)]
    assert _gathered.count(shapes) == "1000 or more"
    assert _gathered.count(["red"]) == "1"


def test_workers_hand_it_over() -> None:
    controller = Session().begun("colours")
    for seen in (["red", "blue"], ["blue", "green"], None):
        worker = Session(on_a_worker=True)
        if seen is not None:
            worker.begun("colours", "shapes")
            for line in seen:
                _gathered.note(worker, "colours", line)  # type: ignore[arg-type]
            _gathered.pytest_sessionfinish(SimpleNamespace(config=worker))  # type: ignore[arg-type]
        node = SimpleNamespace(config=controller, workeroutput=worker.workeroutput)
        _gathered.pytest_testnodedown(node)
    _gathered.pytest_testnodedown(SimpleNamespace(config=controller))  # it crashed
    assert _gathered.of(controller.run(), "colours") == ["red", "blue", "green"]
    assert _gathered.of(controller.run(), "shapes") == []


def test_shards_together_have_what_each_of_them_looked_for() -> None:
    def figures(**gathered: list[str]) -> dict[str, Any]:
        return {"machine": "one", _gathered.FIGURE: gathered}

    found = _gathered.merged([figures(colours=["red"], shapes=["disc"]), figures(colours=["blue", "red"])])
    assert found == {"colours": ["red", "blue"]}
    assert _gathered.merged([figures(colours=["red"])]) == {"colours": ["red"]}
    assert _gathered.merged([figures(colours=[]), {"machine": "two"}]) == {}
    assert _gathered.merged([]) == {}


@pytest.mark.parametrize("module", [_gathered, left_out, time_split.Watch, wide_fixtures.WideFixtures], ids=repr)
def test_without_xdist_there_are_no_workers_to_hear_of(module: object) -> None:
    """Pytest refuses hooks that it does not know, unless they are optional."""
    plugins = pytest.PytestPluginManager()
    plugins.add_hookspecs(hookspecs)
    plugins.register(module)
    plugins.check_pending()


def order(hook: str, *plugins: object) -> list[object]:
    """Give these plugins in the order in which pytest calls them, if they are registered in this order."""
    manager = pytest.PytestPluginManager()
    manager.add_hookspecs(hookspecs)
    for plugin in plugins:
        manager.register(plugin)
    return [each.plugin for each in reversed(getattr(manager.hook, hook).get_hookimpls())]


@pytest.mark.parametrize("module", [left_out, categories])
def test_what_was_collected_is_noted_before_anybody_drops_some(module: object) -> None:
    other = SimpleNamespace(pytest_collection_modifyitems=lambda items: items.clear())
    assert order("pytest_collection_modifyitems", module, other) == [module, other]


def test_what_is_noted_at_the_end_is_put_into_the_run_and_handed_over() -> None:
    assert order("pytest_meta_tests_doubts", skips._Listening, _gathered) == [skips._Listening, _gathered]
    other = SimpleNamespace(pytest_sessionfinish=lambda: None)
    assert order("pytest_sessionfinish", other, _gathered) == [other, _gathered]

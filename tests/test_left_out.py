"""What something unknown keeps from running: decided on files and tests without a session."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import left_out
from meta_regime.selection import META
from meta_regime.verdict import Standards

from tests.sample import write

FILES = ("tests/test_a.py", "tests/test_b.py", "tests/helper.py", "tests/meta/test_suite.py", "tests/old/test_c.py")


class Ground:
    """A suite in a folder, and a session of it."""

    def __init__(self, root: Path, real: pytest.PytestPluginManager) -> None:
        self.root, self._real = root, real
        write(root, dict.fromkeys(FILES, ""))
        facts = SimpleNamespace(only_verdicts=False, meta=root / "tests" / "meta", suite_and_typed=self._options)
        self.judged: Any = SimpleNamespace(facts=facts)
        self.option = argparse.Namespace(ignore=None, ignore_glob=None, keyword="", markexpr="", deselect=None)
        self.typed: dict[str, object] = {"shuffle": True}
        self.config: Any = SimpleNamespace(
            stash=pytest.Stash(),
            args=["tests"],
            option=self.option,
            pluginmanager=self,
            invocation_params=SimpleNamespace(dir=root),
            getoption=lambda name: getattr(self.option, name),
            getini={"python_files": ["test_*.py"], "norecursedirs": [".*"]}.get,
        )
        self.judged.config = self.config
        left_out.pytest_configure(self.config)  # type: ignore[arg-type]

    def getplugin(self, name: str) -> Any:
        return self.judged if name == "meta-tests" else self._real.getplugin(name)

    def _options(self, _: object) -> tuple[argparse.Namespace, argparse.Namespace]:
        return argparse.Namespace(), argparse.Namespace(**self.typed)

    def collect(self, looked_into: list[str], kept: list[str]) -> str:
        """Say why the session is partial, if pytest looks into these files, with a test each, and runs some."""
        for name in looked_into:
            left_out.pytest_collect_file(self.root / name, SimpleNamespace(config=self.config))  # type: ignore[arg-type]
        tests: list[Any] = [SimpleNamespace(path=self.root / name, nodeid=f"{name}::test") for name in looked_into]
        verdict: Any = SimpleNamespace(path=META / "test_suite.py", nodeid="a verdict")
        left_out.pytest_collection_modifyitems(self.config, [verdict, *tests])
        left_out.pytest_collection_modifyitems(self.config, tests[:1])  # of a session within this one
        items = [item for item in tests if item.nodeid.partition("::")[0] in kept]
        left_out.pytest_collection_finish(SimpleNamespace(config=self.config, items=items))  # type: ignore[arg-type]
        return self.why

    @property
    def why(self) -> str:
        return (left_out.pytest_meta_tests_doubts(self.judged, Standards()) or {}).get("partial", "")


@pytest.fixture
def ground(tmp_path: Path, pytestconfig: pytest.Config) -> Ground:
    return Ground(tmp_path, pytestconfig.pluginmanager)


A, B, C = "tests/test_a.py", "tests/test_b.py", "tests/old/test_c.py"
BECAUSE = "left out, as far as can be told because of --shuffle"


def test_nothing_is_left_out(ground: Ground) -> None:
    assert ground.collect([A, B, C], [A, B, C]) == ""


def test_tests_that_somebody_dropped(ground: Ground) -> None:
    assert ground.collect([A, B, C], [A]) == f"partial run: {B}::test and 1 more {BECAUSE}"


def test_without_an_option_that_is_unknown_it_is_the_suites_own_way(ground: Ground) -> None:
    ground.typed = {"verbose": 2, "meta_fresh": True}
    assert ground.collect([A, B, C], [A]) == ""


def test_tests_that_pytests_own_options_leave_out_are_told_elsewhere(ground: Ground) -> None:
    ground.option.deselect = [B]
    assert ground.collect([A, B, C], [A, C]) == ""


def test_files_that_nobody_looked_into(ground: Ground) -> None:
    assert ground.collect([A, B], [A, B]) == f"partial run: {ground.root / C} {BECAUSE}"


def test_files_that_pytest_was_told_to_ignore(ground: Ground) -> None:
    ground.option.ignore = ["tests/old"]
    assert ground.collect([A, B], [A, B]) == ""


def test_files_among_which_a_glob_chooses(ground: Ground) -> None:
    ground.option.ignore_glob = ["*_c.py"]
    assert ground.collect([A, B], [A, B]) == ""


def test_files_of_which_single_tests_are_asked_for(ground: Ground) -> None:
    ground.config.args = ["tests/old", f"{B}::test"]
    assert ground.collect([C], [C]) == ""


@pytest.mark.parametrize("way", ["no regime", "verdicts only"])
def test_where_nothing_is_judged_nothing_is_noted(ground: Ground, way: str) -> None:
    ground.judged.facts.only_verdicts = way == "verdicts only"
    judged = ground.judged
    if way == "no regime":
        ground.judged = None
    items: list[Any] = [SimpleNamespace(path=ground.root / A, nodeid="a")]
    left_out.pytest_collection_modifyitems(ground.config, items)
    left_out.pytest_collection_finish(SimpleNamespace(config=ground.config, items=[]))  # type: ignore[arg-type]
    ground.judged = judged
    assert ground.why == ""


def test_a_worker_tells_its_controller(ground: Ground, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    ground.collect([A, B, C], [A, B])
    ground.config.workeroutput = {}
    left_out.pytest_sessionfinish(SimpleNamespace(config=ground.config))  # type: ignore[arg-type]
    controller = Ground(tmp_path, pytestconfig.pluginmanager)
    left_out.pytest_testnodedown(SimpleNamespace(config=controller.config, workeroutput=ground.config.workeroutput))
    assert controller.why == f"partial run: {C}::test {BECAUSE}"
    left_out.pytest_testnodedown(SimpleNamespace(config=controller.config))
    left_out.pytest_sessionfinish(SimpleNamespace(config=controller.config))  # type: ignore[arg-type]
    assert (controller.why, hasattr(controller.config, "workeroutput")) == ("", False)

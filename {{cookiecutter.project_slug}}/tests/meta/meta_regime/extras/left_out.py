"""Notices tests and files that something unknown keeps from running: another plugin, or a conftest.

It may drop collected tests, or keep pytest from looking into a file. Where options were typed that the suite does not
have, and that are not known to be harmless, the session is then not taken for a run of the whole suite.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .. import selection
from ..selection import verdicts_and_tests

if TYPE_CHECKING:
    from ..session import JudgedSession
    from ..verdict import Standards

_LEFT_OUT = "meta_tests_left_out"  # what a worker of xdist tells its controller
_LOOKED_INTO = pytest.StashKey[set[Path]]()
_COLLECTED = pytest.StashKey[list[pytest.Item]]()
_NAMES = pytest.StashKey[list[str]]()  # of tests and files that were left out


def pytest_configure(config: pytest.Config) -> None:
    """Nothing is left out so far."""
    config.stash[_LOOKED_INTO], config.stash[_COLLECTED], config.stash[_NAMES] = set(), [], []


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> None:
    """Note a file that pytest looks into."""
    parent.config.stash[_LOOKED_INTO].add(file_path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Note all that was collected, before anything is dropped."""
    judged: JudgedSession | None = config.pluginmanager.getplugin("meta-tests")
    if judged is not None and not config.stash[_COLLECTED] and not judged.facts.only_verdicts:
        config.stash[_COLLECTED] = verdicts_and_tests(items)[1]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compare what was collected with what is to run."""
    config = session.config
    collected, config.stash[_COLLECTED] = config.stash[_COLLECTED], []
    if not collected:
        return
    config.stash[_NAMES] += _files_not_looked_into(config)
    kept = set(map(id, session.items))
    if not kept.issuperset(map(id, collected)):
        from ._chosen import chosen_by_options

        config.stash[_NAMES] += [item.nodeid for item in chosen_by_options(config, collected) if id(item) not in kept]


def _files_not_looked_into(config: pytest.Config) -> list[str]:
    if config.getoption("ignore_glob"):
        return []
    here, meta = config.invocation_params.dir, config.pluginmanager.getplugin("meta-tests").facts.meta
    asked = [here / arg for arg in config.args if "::" not in arg]
    beside = [meta, *(here / path for path in config.getoption("ignore") or ())]
    files = selection.test_files(asked, config.getini("python_files"), config.getini("norecursedirs"), beside)
    return [str(file) for file in files if file not in config.stash[_LOOKED_INTO]]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: tell what was left out."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_LEFT_OUT] = session.config.stash[_NAMES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker left out: all have collected the same."""
    node.config.stash[_NAMES] = getattr(node, "workeroutput", {}).get(_LEFT_OUT, [])


def pytest_meta_tests_doubts(judged: JudgedSession, standards: Standards) -> dict[str, str] | None:
    """Say that this session was less than the suite."""
    from ._typed_options import unknown_options

    names = judged.config.stash[_NAMES]
    unknown = unknown_options(*judged.facts.suite_and_typed(standards.policy.suite.args)) if names else ()
    if not unknown:
        return None
    typed = " ".join(unknown)
    return {"partial": f"partial run: {selection.some(names)} left out, as far as can be told because of {typed}"}

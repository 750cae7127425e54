"""What extras note of tests while these are collected and run: lines under a name, kept in the run's record.

Whichever process notes something (the session itself, a worker of xdist, a child run, a shard), the verdict reads it
with `of(run, name)`. Lines are an ordered set: each worker notes the same of what all collect.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..record import SuiteRun

FIGURE = "gathered"  # among the figures of a run: {name: [line, …]}
AT_MOST = 1000  # lines under one name; whoever has that many need not be told of more
_GATHERED = pytest.StashKey[dict[str, dict[str, None]]]()
_ON_WORKERS = "meta_tests_gathered"  # in workeroutput


def begin(config: pytest.Config, name: str) -> None:
    """Say that this session looks for lines of this name, so that finding none is a finding."""
    if not config.pluginmanager.hasplugin(__name__):
        config.pluginmanager.register(sys.modules[__name__], __name__)
    config.stash.setdefault(_GATHERED, {}).setdefault(name, {})


def note(config: pytest.Config, name: str, line: str) -> None:
    """Keep a line under a name that was begun."""
    lines = config.stash[_GATHERED][name]
    if len(lines) < AT_MOST:
        lines[line] = None


def of(run: SuiteRun, name: str) -> list[str] | None:
    """Give the lines that were noted in a run; None if nobody looked for them."""
    lines = run.figures.get(FIGURE, {}).get(name)
    return None if lines is None else list(lines)


def count(lines: Sequence[str]) -> str:
    """Give the number of lines that were noted; of more than are kept, that they are more."""
    return f"{AT_MOST} or more" if len(lines) >= AT_MOST else str(len(lines))


def merged(figures: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Put together what several shards gathered. A name that one of them did not look for is not there."""
    parts = [dict(each.get(FIGURE, {})) for each in figures]
    names = [name for name in (parts[0] if parts else ()) if all(name in part for part in parts)]
    return {name: list(dict.fromkeys(line for part in parts for line in part[name]))[:AT_MOST] for name in names}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """On a worker: hand over what was gathered."""
    if hasattr(session.config, "workeroutput"):
        gathered = session.config.stash[_GATHERED]
        session.config.workeroutput[_ON_WORKERS] = {name: list(lines) for name, lines in gathered.items()}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take what a worker gathered."""
    for name, lines in getattr(node, "workeroutput", {}).get(_ON_WORKERS, {}).items():
        begin(node.config, name)
        for line in lines:
            note(node.config, name, line)


def pytest_meta_tests_doubts(judged: Any) -> dict[str, Any]:
    """Put all into the run's figures."""
    gathered = judged.config.stash[_GATHERED]
    return {"figures": {FIGURE: {name: list(lines) for name, lines in gathered.items()}}}

"""What compares with the timings of the baseline, and tightens those."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...stopwatch import Clocks
from ...verdict import Outcome, Standards, Verdict, not_judged
from .. import _accept, _baseline_file
from .._baseline_file import NAME, BaselineError
from .._whole_files import read_own, write_whole
from . import compare, timings, wording

if TYPE_CHECKING:
    from ...record import SuiteRun

_TOOK = pytest.StashKey[compare.Difference]()
_NOTE = f"{NAME} (timings)"


def took(config: pytest.Config) -> compare.Difference | None:
    """Give what all that the baseline knows of took then and now, if they can be compared; after the verdict."""
    return config.stash.get(_TOOK, None)


def has_not_slowed_down(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Compare with the timings of this class of machine; with `--meta-accept`, store and tighten those first."""
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    percent = standards.policy.performance.slowdown_percent
    if not percent:
        return Verdict(Outcome.PASSED, wording.NOTHING_DEMANDED)
    said = _compared(config, judged.facts.meta / "baseline.json", run, percent)
    return replace(said, optional=True)


def _compared(config: pytest.Config, path: Path, run: SuiteRun, percent: float) -> Verdict:
    machine, accept = run.figures.get("machine"), _accept.is_wanted(config)
    if run.shards or not machine:
        why = wording.IN_SHARDS if run.shards else wording.UNKNOWN_MACHINE
        _accept.note(config, _NOTE, refused=why)
        return not_judged(why)
    _accept.note(config, _NOTE, refused="tests of the suite failed" if run.failed else "the baseline cannot be used")
    try:
        document = _read(path)
        then = timings.parsed(document["timings"][machine]) if machine in document["timings"] else {}
        if not then and not (accept and not run.failed):
            return not_judged(wording.another_class(machine, sorted(document["timings"])))
        rows = timings.rows_of(run)
        if accept and not run.failed:
            now = timings.accepted(then, rows)
            stored = {**document, "timings": {**document["timings"], machine: timings.written(now)}}
            if now != then:
                write_whole(path, _baseline_file.written(stored))
            _accept.note(config, _NOTE, stored=wording.stored(then, now, machine))
            then = now
    except (BaselineError, UnicodeDecodeError, OSError) as error:
        return wording.unusable(getattr(error, "problems", [str(error)]))
    neighbours, strangers = run.figures[timings.CROWD], timings.strangers(run)
    found = compare.differences(then, rows, _crowded(run), neighbours=neighbours, strangers=strangers)
    config.stash[_TOOK] = compare.total(found)
    return wording.compared(found, percent, machine)


def _read(path: Path) -> dict[str, Any]:
    """Read the baseline. Raises `BaselineError` with everything that is wrong in it."""
    text, problems = read_own(path), list[str]()
    if text is None:
        return {"about": "What the tests took. See README.md", "format": _baseline_file.FORMAT, "timings": {}}
    if _baseline_file.sides(text):
        raise BaselineError([wording.CONFLICT])
    document = _baseline_file.read(text, problems)
    if problems:
        raise BaselineError(problems)
    return document


def _crowded(run: SuiteRun) -> float | None:
    """Give the share of computing time that was spent queueing for a CPU."""
    cpu = sum(test.cpu for test in run.tests) + sum(fixture.cpu for fixture in run.fixtures)
    queued = sum(test.queued for test in run.tests) + sum(fixture.queued for fixture in run.fixtures)
    return queued / max(cpu + queued, 0.001) if Clocks.tell_queueing else None

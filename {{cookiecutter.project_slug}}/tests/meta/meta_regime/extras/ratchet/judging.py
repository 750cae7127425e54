"""What judges by the baseline, and tightens it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ...verdict import Outcome, Standards, Verdict, not_judged
from .. import _accept
from .._baseline_file import BaselineError, sides
from .._git import Git, GitError
from .._whole_files import read_own, write_whole
from . import history, wording
from .baseline import Baseline, Entry, accepted, loosened, merged, parsed, worse, written

if TYPE_CHECKING:
    from ...record import MeasuredCoverage, SuiteRun

_COMPARED = pytest.StashKey[tuple[Baseline, Baseline]]()
_LOOKED_UP = 8  # files of which git is asked who tightened their line
# What of coverage.py's settings decides how much there is to cover.
_SETTINGS = """run:omit run:include run:plugins report:omit report:include report:exclude_lines report:exclude_also
    report:partial_branches report:partial_also"""


def compared(config: pytest.Config) -> tuple[Baseline, Baseline] | None:
    """Give the baseline, its lines with the files that were renamed, and what was measured; after the verdict."""
    return config.stash.get(_COMPARED, None)


def has_not_regressed(config: pytest.Config, run: SuiteRun, standards: Standards) -> Verdict:
    """Judge each measured file against its line in the baseline; with `--meta-accept`, tighten that first."""
    if run.coverage is None:
        _accept.note(config, history.NAME, refused=run.coverage_missing)
        return not_judged(run.coverage_missing)
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    path, git = judged.facts.meta / "baseline.json", Git(config.rootpath.resolve())
    measured = as_measured(run.coverage, config)
    accept = _accept.is_wanted(config) and not run.failed
    refused = "tests of the suite failed" if run.failed else "the baseline cannot be used"
    _accept.note(config, history.NAME, refused=refused)
    baseline = _usable(path, measured, accept=accept)
    if isinstance(baseline, Verdict):
        return baseline
    stored, last_change = baseline, functools.partial(history.last_commit, git, path)
    baseline = history.followed(git, baseline, measured, last_change)
    if baseline.files:
        config.stash[_COMPARED] = (baseline, measured)
    before, unknown = None, ""
    try:
        before = history.before_this_branch(git, measured, standards.policy.coverage.compare_with)
    except GitError as error:
        unknown = f" (Whether it has been loosened cannot be told: {error}.)"
    if accept:
        try:
            if before is not None and before.settings == baseline.settings:  # a line that was taken out is what it was
                baseline = baseline._replace(files={**before.files, **baseline.files})
            missed = {name: baseline.files[name] for name in _not_measured(baseline, measured, git)}
            baseline = accepted(baseline, measured)
            baseline = baseline._replace(files={**baseline.files, **missed})
            _accept.note(config, history.NAME, stored=_store(path, stored, baseline))
        except OSError as error:
            return Verdict(Outcome.FAILED, f"{history.NAME} could not be written: {error.strerror}.")
    found = _problems(baseline, measured, before, run.coverage, git)
    if not found:
        return Verdict(Outcome.PASSED, wording.all_well(baseline, measured) + unknown)
    details = "\n\n".join(verdict.message if verdict is not found[0] else verdict.details for verdict in found)
    return replace(found[0], details=details)


def _store(path: Path, stored: Baseline, baseline: Baseline) -> str:
    """Write the baseline if it says anything else than what is stored; say what was done."""
    text = read_own(path)
    if text is not None and not sides(text) and baseline.files == stored.files:
        return f"{history.NAME} is as it was"
    write_whole(path, written(baseline))
    return wording.stored(stored if text is not None and stored.files else None, baseline)


def _usable(path: Path, measured: Baseline, *, accept: bool) -> Baseline | Verdict:
    """Give the baseline that the run can be compared with (an empty one where it is to be made), or say why not."""
    try:
        text = read_own(path)
        baseline = None if text is None else _read(text, measured, accept=accept)
    except (BaselineError, UnicodeDecodeError, OSError) as error:
        return wording.unusable(getattr(error, "problems", [str(error)]))
    if baseline is None or not baseline.is_made:
        timings = baseline.timings if baseline else {}
        return measured._replace(files={}, timings=timings) if accept else not_judged(wording.MISSING)
    return baseline if baseline.settings == measured.settings else wording.other_settings(baseline, measured)


def _read(text: str, measured: Baseline, *, accept: bool) -> Baseline:
    """Read the baseline; if it holds a merge conflict and is to be stored, put both sides together."""
    both = sides(text)
    if both is None:
        return parsed(text)
    if not accept:
        raise BaselineError([wording.CONFLICT])
    ours, theirs = map(parsed, both)
    if ours.settings == theirs.settings:
        return merged(ours, theirs)
    kept = ours if ours.settings == measured.settings else theirs
    return kept._replace(timings=merged(ours, theirs).timings)


def _problems(
    baseline: Baseline, measured: Baseline, before: Baseline | None, coverage: MeasuredCoverage, git: Git
) -> list[Verdict]:
    """Give all that is wrong, the most telling first."""
    found = []
    if worst := worse(baseline, measured):
        past = [history.tightened(git, name) for name in worst[:_LOOKED_UP]]
        side_by_side = [each for each in past if each is not None and each.since]
        found.append(wording.regressed(worst, baseline, measured, coverage, side_by_side))
    if before is not None and (loose := loosened(before, baseline, measured.files)):
        found.append(wording.without_reason(loose, before, baseline, measured))
    if missed := _not_measured(baseline, measured, git):
        found.append(wording.unmeasured(missed))
    return found


def _not_measured(baseline: Baseline, measured: Baseline, git: Git) -> list[str]:
    """List files that have a line, and lie there, and were not measured: they are not gone."""
    return sorted(name for name in baseline.files.keys() - measured.files.keys() if (git.folder / name).is_file())


def as_measured(coverage: MeasuredCoverage, config: pytest.Config) -> Baseline:
    """Give what a run has found, in the shape of a baseline."""
    import coverage as coverage_py
    from coverage.exceptions import ConfigError

    here, root = config.invocation_params.dir, config.rootpath.resolve()
    with contextlib.chdir(here):  # where pytest-cov has looked for them
        configured = coverage_py.Coverage(
            data_file=None, config_file=getattr(config.option, "cov_config", None) or True
        )
    branches = any(file.branches for file in coverage.files) or configured.get_option("run:branch")
    inside = [_source(name, root, here) for name in dict.fromkeys(coverage.sources)]
    settings = {"branch": "on" if branches else "off", "source": _digest(sorted(inside))}
    for option in _SETTINGS.split():
        try:
            value: Any = configured.get_option(option)
        except ConfigError:
            continue  # not known to this version
        words = [str(word) for word in value or () if not Path(str(word)).is_absolute()]
        settings[option.replace("run:", "").replace(":", "_")] = _digest(words)
    versions = {"python": ".".join(map(str, sys.version_info[:2])), "system": platform.system()}
    files = {_named(file.path): Entry(file.missing, file.missing_branches) for file in coverage.files}
    return Baseline(files, settings, {**versions, "coverage": coverage_py.__version__})


def _source(name: str, root: Path, here: Path) -> str:
    """Give a measured source by its place in the project; what lies at neither place is a package, by its name."""
    folder = next((each.resolve() for each in (root / name, here / name) if each.exists()), None)
    return str(folder.relative_to(root)) if folder and folder.is_relative_to(root) else _named(name)


def _digest(words: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(words).encode("utf-8", "surrogatepass")).hexdigest()[:8] if words else "none"


def _named(path: str) -> str:
    """Give a name that is the same on every machine: files outside the project go by their path on `sys.path`."""
    if not os.path.isabs(path):  # noqa: PTH117 - nearly all
        return path
    roots = [root for root in map(Path, sys.path) if root.is_absolute() and Path(path).is_relative_to(root)]
    return Path(path).relative_to(max(roots, key=lambda root: len(root.parts))).as_posix() if roots else path

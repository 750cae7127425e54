"""Puts the records of all shards together, or says which of them do not belong together."""

from __future__ import annotations

import contextlib
import gc
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from operator import attrgetter
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from ... import covered
from ...covered import CoverageMissingError
from ...record import MeasuredCoverage, SuiteRun
from .. import _gathered
from .._stored_record import RecordError, load_record
from . import data_of, digest, digest_of_sources

_PROBLEMS_SHOWN = 8
_MOST_SHARDS = 100_000


def _is_count(value: Any) -> bool:
    return value is None or (type(value) is int and 0 < value <= _MOST_SHARDS)


def _is_suite(value: Any) -> bool:
    return type(value) is list and [type(each) for each in value] == [int, str]


def _is_folder(value: Any) -> bool:
    return type(value) is str and (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute())


# What the head of a shard's record has to say.
_HEAD: dict[str, Callable[[Any], bool]] = {
    "group": _is_count,
    "groups": _is_count,
    "suite": _is_suite,
    "revision": lambda value: type(value) is str,
    "policy": lambda value: type(value) is list,
    "python": lambda value: type(value) is str,
    "root": _is_folder,
}


@dataclass
class Shard:
    """One record: where it lies, what it says of itself, what was run."""

    path: Path
    head: dict[str, Any]
    run: SuiteRun

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.path.name


def merged(folder: Path, typed: str, here: Mapping[str, Any], config: pytest.Config) -> SuiteRun:
    """Merge the records in a folder and below. Where they are not one whole run, `broken` says why, naming them.

    `here` is the identity (revision, policy, Python) of the checkout that judges.
    """
    if not folder.is_dir():
        return SuiteRun(typed, broken=f"There is no folder {typed} with records.")
    shards, problems = _loaded(folder)
    gc.freeze()  # from here on Python looks for garbage, but not among millions of rows; and this process ends soon
    if not shards and not problems:
        problems = [f"There are no records in {typed}"]
    problems = problems or [*strangers(shards, here), *other_sources(shards, config.rootpath), *gaps(shards)]
    if len(problems) > _PROBLEMS_SHOWN:
        problems[_PROBLEMS_SHOWN:] = [f"and {len(problems) - _PROBLEMS_SHOWN} more of this kind"]
    if problems:
        return SuiteRun(typed, broken=" ".join(f"{problem[0].upper()}{problem[1:]}." for problem in problems))
    slowest = max(shards, key=lambda shard: shard.run.owned)
    run = SuiteRun(
        source=f"{len(shards)} shards, the longest of them {slowest.name}" if len(shards) > 1 else slowest.name,
        tests=tuple(chain.from_iterable(shard.run.tests for shard in shards)),
        fixtures=tuple(chain.from_iterable(shard.run.fixtures for shard in shards)),
        seconds=slowest.run.seconds,
        queued=slowest.run.queued,
        accounts={nodeid: account for shard in shards for nodeid, account in shard.run.accounts.items()},
        figures={**slowest.run.figures, _gathered.FIGURE: _gathered.merged(shard.run.figures for shard in shards)},
        shards=len(shards),
    )
    try:
        coverage = merged_coverage(shards, config)
    except CoverageMissingError as error:
        return replace(run, coverage_missing=str(error))
    return replace(run, coverage=coverage)


def _loaded(folder: Path) -> tuple[list[Shard], list[str]]:
    """Read the records in a folder and below; give them, and what is wrong with others."""
    shards, problems = [], []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".coverage":
            try:
                head, run = load_record(path)
                shards.append(Shard(path, checked(head.get("shard"), path), run))
            except RecordError as error:
                problems.append(str(error))
    return shards, problems


def checked(head: Any, path: Path) -> dict[str, Any]:
    """Give what a record says of its shard. Raises `RecordError` if that is not what a shard says."""
    fits = isinstance(head, dict) and all(name in head and is_fit(head[name]) for name, is_fit in _HEAD.items())
    if fits and (head["group"] or not head["groups"]):
        return dict(head)
    raise RecordError(f"{path.name} is not the record of a shard (pytest --meta-record=FILE)")


def strangers(shards: Sequence[Shard], here: Mapping[str, Any]) -> list[str]:
    """Say which records are of another revision, policy or Python, and which are not of their whole shard."""
    found = []
    for shard in shards:
        revision = shard.head["revision"]
        if revision != here["revision"]:
            theirs, ours = (number[:12] or "none that git tells" for number in (revision, here["revision"]))
            found.append(f"{shard.name} is of revision {theirs}, this checkout of {ours}")
        if shard.head["policy"] != here["policy"]:
            found.append(f"{shard.name} was recorded under another [suite] of tests/meta/policy.toml")
        if shard.run.partial is not None:
            found.append(f"{shard.name} is not its whole shard: {shard.run.partial}")
    for what, words in (("python", "run by Python"), ("groups", "one of how many groups:"), ("suite", "of a suite of")):
        values = Counter(str(shard.head[what]) for shard in shards)
        if len(values) > 1:
            told = (f"{shard.name} {_plain(shard.head[what])}" for shard in shards)
            found.append(f"the records disagree, {words} {', '.join(told)}")
    return found


def other_sources(shards: Sequence[Shard], root: Path) -> list[str]:
    """Say which records were measured on other sources than lie here: uncommitted changes have no revision."""
    digests: dict[tuple[str, ...], str] = {}
    found = []
    for shard in shards:
        paths = tuple(file.path for file in shard.run.coverage.files) if shard.run.coverage else ()
        if paths not in digests:
            digests[paths] = digest_of_sources(root, paths)
        if paths and shard.head.get("sources") != digests[paths]:
            found.append(f"{shard.name} was measured on other sources than lie here")
    return found


def _plain(value: Any) -> str:
    return f"{value[0]} tests (digest {value[1][:8]})" if isinstance(value, list) else str(value)


def gaps(shards: Sequence[Shard]) -> list[str]:
    """Say which shards, or tests, are missing or there twice."""
    found = []
    by_group = defaultdict(list)
    for shard in shards:
        if shard.head["groups"]:
            by_group[shard.head["group"]].append(shard.name)
    groups = shards[0].head["groups"] or 0
    missing = [str(group) for group in range(1, groups + 1) if group not in by_group]
    if missing:
        which = (
            f"shard {missing[0]} of {groups} is"
            if len(missing) == 1
            else f"shards {', '.join(missing)} of {groups} are"
        )
        found.append(f"{which} missing: the session did not end, or its record was not brought here")
    found += [
        f"shard {group} of {groups} is there {len(names)} times: {', '.join(names)}"
        for group, names in sorted(by_group.items())
        if len(names) > 1
    ]
    return found or _gaps_in_tests(shards)


def _gaps_in_tests(shards: Sequence[Shard]) -> list[str]:
    seen: set[str] = set()
    count = 0
    for shard in shards:
        count += len(shard.run.tests)
        seen.update(map(attrgetter("nodeid"), shard.run.tests))
    expected = shards[0].head["suite"][0]
    if count > len(seen):
        first = Counter(test.nodeid for shard in shards for test in shard.run.tests).most_common(1)[0][0]
        where = [shard.name for shard in shards if any(test.nodeid == first for test in shard.run.tests)]
        return [f"{count - len(seen)} tests ran in more than one shard, as {first} in {' and '.join(where)}"]
    if len(seen) != expected:
        return [f"the suite has {expected} tests, in these records ran {len(seen)}: some shards are missing"]
    return []


def merged_coverage(shards: Sequence[Shard], config: pytest.Config) -> MeasuredCoverage:
    """Combine the shards' data as coverage.py does. Raises `CoverageMissingError` if some of it is not there."""
    import coverage
    from coverage.exceptions import CoverageException

    for shard in shards:
        if shard.run.coverage is None:
            raise CoverageMissingError(f"{shard.name}: {shard.run.coverage_missing}")
        data = data_of(shard.path)
        if data.is_symlink() or not data.is_file() or digest(data) != shard.head.get("coverage"):
            raise CoverageMissingError(f"{data.name}, the coverage data of {shard.name}, is missing or another run's")
    sources = list(dict.fromkeys(name for shard in shards if shard.run.coverage for name in shard.run.coverage.sources))
    root = config.rootpath
    with contextlib.chdir(root), tempfile.TemporaryDirectory(prefix="meta-tests-") as scratch:
        config_file = getattr(config.option, "cov_config", None) or True
        together = coverage.Coverage(data_file=str(Path(scratch, "coverage")), config_file=config_file)
        elsewhere = sorted({shard.head["root"] for shard in shards} - {str(root)})
        if elsewhere:
            paths: Any = together.get_option("paths") or {}
            together.set_option("paths", {**paths, "meta_tests_roots": [str(root), *elsewhere]})
        try:
            together.combine([str(data_of(shard.path)) for shard in shards], strict=True, keep=True)
        except CoverageException as error:
            raise CoverageMissingError(f"coverage.py says: {error}") from None
        folders = [covered.folder_of(name, root) or Path(name) for name in sources]
        omitted: Any = together.get_option("report:omit") or []
        meta = config.pluginmanager.getplugin("meta-tests").facts.meta
        together.set_option("report:omit", [*omitted, str(meta / "*")])
        measured = covered.read_totals(together, folders, root)
        covered.check_nothing_is_left_out(sources, measured, together, root, root)
        return measured._replace(sources=tuple(sources))

"""`baseline.json`: how many lines and branches of each file are uncovered. Data in, data out; no files, no git."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .. import _baseline_file
from .._baseline_file import FORMAT, BaselineError

_ABOUT = "Lines and branches that no test executes, by file: no more than these. See README.md"


class Entry(NamedTuple):
    """What of a file may be uncovered. `reason` says why it was allowed more than it once was."""

    lines: int
    branches: int
    reason: str = ""

    @property
    def uncovered(self) -> int:
        """Lines and branches together: what is compared."""
        return self.lines + self.branches


class Baseline(NamedTuple):
    """All entries by path, and what they were measured with: settings (digests by name), interpreter, coverage.py.

    `timings` are what another extra keeps in the file.
    """

    files: Mapping[str, Entry] = {}
    settings: Mapping[str, str] = {}
    measured_with: Mapping[str, str] = {}
    timings: Mapping[str, Any] = {}

    @property
    def is_made(self) -> bool:
        """Whether it says anything of coverage."""
        return bool(self.files or self.settings)


# Reading and writing.


def written(baseline: Baseline) -> str:
    """Give the text of the file."""
    settings, measured_with = (dict(sorted(each.items())) for each in (baseline.settings, baseline.measured_with))
    head = {"about": _ABOUT, "format": FORMAT, "measured_with": measured_with, "settings": settings}
    files = {path: _values(entry) for path, entry in baseline.files.items()}
    return _baseline_file.written({**head, "timings": baseline.timings, "files": files})


def line_of(path: str, entry: Entry, *, ask_for_reason: bool = False) -> str:
    """Give the line of a file, without its comma; with an empty reason to be filled in, if that is asked for."""
    values = {**_values(entry), "reason": entry.reason} if ask_for_reason else _values(entry)
    return f"{json.dumps(path, ensure_ascii=False)}: {json.dumps(values, ensure_ascii=False)}"


def _values(entry: Entry) -> dict[str, object]:
    return {name: value for name, value in entry._asdict().items() if value != ""}


@functools.lru_cache(maxsize=2)  # it is mostly the same here and where the branch began
def parsed(text: str) -> Baseline:
    """Read the text of a file. Raises `BaselineError` with everything that is wrong in it."""
    problems: list[str] = []
    document = _baseline_file.read(text, problems)
    only_timings: dict[str, str] | None = {} if document["timings"] and not document["files"] else None
    for name in ("settings", "measured_with"):
        if not isinstance(document.setdefault(name, only_timings), dict):
            raise BaselineError([_baseline_file.lacks(name)])
    entries = {path: _entry(path, row, problems) for path, row in document["files"].items()}
    if problems:
        raise BaselineError(problems)
    return Baseline(entries, document["settings"], document["measured_with"], document["timings"])


def _entry(path: str, row: Any, problems: list[str]) -> Entry:
    if not isinstance(row, dict):
        problems.append(path + ' must be {"lines": 3, "branches": 1}, with its own numbers')
        return Entry(0, 0)
    unfit = [key for key in ("lines", "branches") if type(row.get(key)) is not int or row[key] < 0]
    if not unfit and len(row) == 2:
        return Entry(row["lines"], row["branches"])  # nearly all
    wrong = [f"{key} must be a whole number, 0 or more" for key in unfit]
    wrong += [f"{key} is unknown; known are: lines, branches, reason" for key in row.keys() - set(Entry._fields)]
    if not isinstance(row.get("reason", "-"), str) or not row.get("reason", "-").strip():
        wrong.append("reason is empty, or no text; say why more may be uncovered than before")
    problems.extend(f"{path}: {each}" for each in sorted(wrong))
    return Entry(0, 0) if wrong else Entry(row["lines"], row["branches"], row.get("reason", ""))


# Comparing. `measured` is what a run has found, as a baseline of its own.


def renamed(baseline: Baseline, renames: Mapping[str, str]) -> Baseline:
    """Let entries follow their files: `renames` has new paths by old ones; a path that has an entry keeps it."""
    files = dict(baseline.files)
    for old, new in renames.items():
        files.setdefault(new, files.pop(old))
    return baseline._replace(files=files)


def worse(baseline: Baseline, measured: Baseline) -> list[str]:
    """List the files of which more is uncovered than the baseline allows, the worst first."""
    more = {path: entry.uncovered - baseline.files.get(path, entry).uncovered for path, entry in measured.files.items()}
    return sorted((path for path, count in more.items() if count > 0), key=lambda path: (-more[path], path))


def better(baseline: Baseline, measured: Baseline) -> list[str]:
    """List the files of which less is uncovered than the baseline allows."""
    return worse(measured, baseline)


def loosened(before: Baseline, now: Baseline, measured: Iterable[str]) -> list[str]:
    """List the measured files that may have more uncovered than `before`, or lost their line, with no new reason."""
    if before.settings != now.settings:
        return []
    found = []
    for path in sorted(set(measured).intersection(before.files)):
        then, entry = before.files[path], now.files.get(path)
        if entry is None or (entry.uncovered > then.uncovered and entry.reason in ("", then.reason)):
            found.append(path)
    return found


def accepted(baseline: Baseline, measured: Baseline) -> Baseline:
    """Tighten and trim: what is better is stored, new files are added, entries of files that are gone are dropped.

    No file is allowed more than before.
    """
    files = {}
    for path, entry in measured.files.items():
        old = baseline.files.get(path, entry)
        kept = old if old.uncovered <= entry.uncovered else entry._replace(reason=old.reason)
        files[path] = kept if kept.uncovered else Entry(0, 0)
    changed = files != baseline.files
    return baseline._replace(files=files, measured_with=measured.measured_with if changed else baseline.measured_with)


def merged(ours: Baseline, theirs: Baseline) -> Baseline:
    """Put two baselines together: of each file, the one that allows less."""
    files = {**theirs.files, **ours.files}
    for path in ours.files.keys() & theirs.files.keys():
        files[path] = min(theirs.files[path], ours.files[path], key=lambda entry: entry.uncovered)
    return ours._replace(files=files, timings=_baseline_file.lesser(ours.timings, theirs.timings))

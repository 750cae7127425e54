"""`baseline.json`: how many lines and branches of each file are uncovered. Data in, data out; no files, no git.

A file is written on a line of its own, sorted, with a comma after each, so that git merges two branches' changes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

FORMAT = 1
_LAST = "~"  # sorts behind every path: the line before it has its comma, too
_ABOUT = "Lines and branches that no test executes, by file: no more than these. See README.md"
_END = "ends the list, so that each line above has its comma"


class BaselineError(Exception):
    """The file cannot be used. `problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Entry(NamedTuple):
    """What of a file may be uncovered. `reason` says why it was allowed more than it once was."""

    lines: int
    branches: int
    reason: str = ""

    @property
    def uncovered(self) -> int:
        """Lines and branches together: what is compared."""
        return self.lines + self.branches


@dataclass(frozen=True)
class Baseline:
    """All entries by path, and what they were measured with: settings (digests by name), interpreter, coverage.py."""

    files: Mapping[str, Entry] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    measured_with: Mapping[str, str] = field(default_factory=dict)


# Reading and writing.


def written(baseline: Baseline) -> str:
    """Give the text of the file."""
    head = {"about": _ABOUT, "format": FORMAT, "measured_with": baseline.measured_with, "settings": baseline.settings}
    lines = [f"{_json(name)}: {json.dumps(value, sort_keys=True)}," for name, value in head.items()]
    files = [f"{line_of(path, entry)}," for path, entry in sorted(baseline.files.items())]
    return "\n".join(["{", *lines, '"files": {', *files, f"{_json(_LAST)}: {_json(_END)}", "}", "}", ""])


def line_of(path: str, entry: Entry, *, ask_for_reason: bool = False) -> str:
    """Give the line of a file, without its comma; with an empty reason to be filled in, if that is asked for."""
    values = {name: value for name, value in entry._asdict().items() if value != "" or ask_for_reason}
    return f"{_json(path)}: {_json(values)}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def parsed(text: str) -> Baseline:
    """Read the text of a file. Raises `BaselineError` with everything that is wrong in it."""
    problems: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = [key for key, count in Counter(key for key, _ in found).items() if count > 1]
        problems.extend(f"{key} is there twice; keep the line with the smaller numbers" for key in twice)
        return dict(found)

    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise BaselineError([f"it is not valid JSON: {error}"]) from None
    document = document if isinstance(document, dict) else {}
    for name in ("files", "settings", "measured_with"):
        if not isinstance(document.get(name), dict):
            raise BaselineError([f'it must be an object with "{name}", an object, in it; take it back from git'])
    if document.get("format") != FORMAT:
        problems.append(f"its format is {document.get('format')!r}, this version of tests/meta reads {FORMAT}")
    entries = {path: _entry(path, row, problems) for path, row in document["files"].items() if path != _LAST}
    if problems:
        raise BaselineError(problems)
    return Baseline(entries, document["settings"], document["measured_with"])


def _entry(path: str, row: Any, problems: list[str]) -> Entry:
    if not isinstance(row, dict):
        problems.append(path + ' must be {"lines": 3, "branches": 1}, with its own numbers')
        return Entry(0, 0)
    unfit = [key for key in ("lines", "branches") if type(row.get(key)) is not int or row[key] < 0]
    wrong = [f"{key} must be a whole number, 0 or more" for key in unfit]
    wrong += [f"{key} is unknown; known are: lines, branches, reason" for key in row.keys() - set(Entry._fields)]
    if not isinstance(row.get("reason", "-"), str) or not row.get("reason", "-").strip():
        wrong.append("reason is empty, or no text; say why more may be uncovered than before")
    problems.extend(f"{path}: {each}" for each in sorted(wrong))
    return Entry(0, 0) if wrong else Entry(row["lines"], row["branches"], row.get("reason", ""))


def sides(text: str) -> tuple[str, str] | None:
    """Give both sides of a text with the marks of a merge conflict; None if it has none."""
    ours, theirs, side = list[str](), list[str](), 0
    marks = {"<<<<<<<": 1, "|||||||": 2, "=======": 3, ">>>>>>>": 0}
    found = False
    for line in text.split("\n"):  # not at every character that splitlines takes for a line's end
        mark = re.match(r"([<|=>])\1{6}(?: |$)", line)
        if mark:
            side, found = marks[line[:7]], True
            continue
        ours += [line] if side in (0, 1) else []
        theirs += [line] if side in (0, 3) else []
    return ("\n".join(ours), "\n".join(theirs)) if found else None


# Comparing. `measured` is what a run has found, as a baseline of its own.


def renamed(baseline: Baseline, renames: Mapping[str, str]) -> Baseline:
    """Let entries follow their files: `renames` has new paths by old ones; a path that has an entry keeps it."""
    files = dict(baseline.files)
    for old, new in renames.items():
        files.setdefault(new, files.pop(old))
    return replace(baseline, files=files)


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
    return replace(baseline, files=files, measured_with=measured.measured_with if changed else baseline.measured_with)


def merged(ours: Baseline, theirs: Baseline) -> Baseline:
    """Put two baselines together: of each file, the one that allows less."""
    files = {**theirs.files, **ours.files}
    for path in ours.files.keys() & theirs.files.keys():
        files[path] = min(theirs.files[path], ours.files[path], key=lambda entry: entry.uncovered)
    return replace(ours, files=files)

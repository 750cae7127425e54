"""Is what the last row of a record says what a run is made of? It comes from another machine, or lay about on this one.

A checksum proves that nothing was cut off, not that the right thing was written. So types are checked before anything
is made of the values, and file names before any such file is looked at.
"""

from __future__ import annotations

import dataclasses
import math
import sys
from collections.abc import Collection, Sequence, Set
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, get_type_hints

from ..record import Account, FileCoverage, FixtureTiming, SuiteRun, TestTiming
from . import _gathered

_NUMBER = {int, float}
_KINDS: dict[Any, set[type]] = {str: {str}, float: _NUMBER, int: {int}}
_RUN: dict[str, set[type]] = {
    **{key: {str} for key in ("source", "coverage_missing", "output")},
    **{key: {str, type(None)} for key in ("partial", "broken")},
    **dict.fromkeys(("seconds", "queued"), _NUMBER),
    **{key: {int} for key in ("workers", "shards")},
    **{key: {list} for key in ("tests", "fixtures")},
    **{key: {dict} for key in ("accounts", "figures")},
    "coverage": {list, type(None)},
}
_NUMBERS = "(work)", "(children)", "(crowd)"  # figures that are one number


def check_end(end: Any) -> None:
    """Raise `ValueError` unless this is what the last row of a record says of a run."""
    _demand(type(end) is dict and end.keys() == _RUN.keys() == {each.name for each in dataclasses.fields(SuiteRun)})
    _demand(all(type(end[name]) in kinds for name, kinds in _RUN.items()))
    _check_numbers([end["seconds"], end["queued"]])
    if end["tests"]:  # in columns
        _check_columns(end["tests"], TestTiming)
    _check_rows(end["fixtures"], FixtureTiming)
    for account in end["accounts"].values():
        _demand(type(account) is list and len(account) == len(Account._fields))
        _check_numbers(account)
    _check_figures(end["figures"])
    if end["coverage"] is not None:
        _check_coverage(end["coverage"])


def _demand(fact: bool) -> None:
    if not fact:
        raise ValueError


def _check_numbers(numbers: Collection[Any], allowed: Set[type] = _NUMBER) -> None:
    _demand(set(map(type, numbers)) <= allowed)
    try:
        _demand(math.isfinite(sum(numbers)))  # of a million numbers, too, it takes no time
    except OverflowError:
        raise ValueError from None


def _check_columns(columns: Any, of: Any) -> None:
    """Check columns of values against the annotations of a named tuple; later ones with a default may be missing."""
    kinds = [_KINDS[kind] for kind in get_type_hints(of).values()]
    required = len(kinds) - len(of._field_defaults)
    _demand(type(columns) is list and required <= len(columns) <= len(kinds))
    for allowed, column in zip(kinds, columns, strict=False):
        _demand(type(column) is list)
        if str in allowed:
            _demand(set(map(type, column)) <= allowed)
        else:
            _check_numbers(column, allowed)


def _check_rows(rows: Sequence[Any], of: Any) -> None:
    _demand(all(type(row) is list for row in rows) and len({*map(len, rows)}) <= 1)
    if rows:
        _check_columns([list(column) for column in zip(*rows, strict=True)], of)


def _check_figures(figures: dict[str, Any]) -> None:
    """Check those that are known; more may have been added by an extra of the project's own."""
    _check_numbers([figures[name] for name in _NUMBERS if name in figures])
    if "machine" in figures:
        _demand(type(figures["machine"]) in (str, type(None)) and figures.keys() >= {*_NUMBERS})
    for name in ("parts", _gathered.FIGURE):
        _demand(type(figures.get(name, {})) is dict)
    _check_numbers(figures.get("parts", {}).values())
    for lines in figures.get(_gathered.FIGURE, {}).values():
        _demand(type(lines) is list and set(map(type, lines)) <= {str})


def _check_coverage(coverage: Any) -> None:
    _demand(len(coverage) == 3)
    files, fail_under, sources = coverage
    _demand(type(files) is list and type(sources) is list and set(map(type, sources)) <= {str})
    _demand(not any("\0" in source for source in sources))
    _check_numbers([] if fail_under is None else [fail_under])
    _check_rows(files, FileCoverage)
    _demand(all(min(row[1:5]) >= 0 and row[2] <= row[1] and row[4] <= row[3] for row in files))


def leading_out(end: Any) -> str | None:
    """Give the first measured file of a checked row that is neither the project's nor an installed package's."""
    files = end["coverage"][0] if end["coverage"] is not None else ()
    return next((row[0] for row in files if not is_of_a_project(row[0])), None)


def is_of_a_project(name: str) -> bool:
    """Tell whether a measured file's name leads into the project, or to an installed package; not up, not anywhere."""
    if not (name.startswith("/") or ".." in name or any(mark in name for mark in "\\:\0")):
        return True  # nearly all
    path = PurePosixPath(name)
    if "\0" in name or ".." in path.parts or ".." in PureWindowsPath(name).parts:
        return False
    installed = [Path(folder) for folder in sys.path if folder]
    elsewhere = Path(name).is_absolute() or path.is_absolute()
    return not elsewhere or any(Path(name).is_relative_to(folder) for folder in installed)

"""Which tests are verdicts, and was this session the whole suite? From what pytest was told, and collected, and ran."""

from __future__ import annotations

import argparse
import functools
import os
import re
from collections.abc import Container, Iterable, Sequence
from fnmatch import fnmatch
from itertools import compress
from operator import attrgetter, not_
from pathlib import Path
from typing import Any

META = Path(__file__).resolve().parent.parent
# Options that choose tests: their destination in pytest's namespace, and how a person types them.
_TYPED = """keyword -k, markexpr -m, deselect --deselect, ignore --ignore, ignore_glob --ignore-glob, lf --lf,
    stepwise --sw, collectonly --collect-only, splits --splits, group --group, doctestmodules --doctest-modules,
    inifilename -c, override_ini -o"""
SELECTING: dict[str, str] = dict(option.split() for option in _TYPED.split(","))

SHARDING = frozenset({"splits", "group"})
# A run with these is never the whole suite, even where addopts has them.
_NEVER_WHOLE = SHARDING | {"lf", "stepwise", "collectonly"}
# Settings that choose tests, where -o changes them.
_SELECTING_SETTINGS = r"(python_(files|classes|functions)|testpaths|norecursedirs|addopts)\s*=.*"


def why_partial(options: Sequence[str], left_out: Sequence[str] = (), outside: Sequence[str] = ()) -> str | None:
    """Say why a session was not the whole suite; None if it was.

    `options` are those in which the two differ, as typed; `left_out` test files of the suite that the session's
    arguments leave out, `outside` files of tests that ran though they are not of the suite.
    """
    if options:
        return f"partial run ({' '.join(options)})"
    if left_out:
        return f"partial run: it left out {some(left_out)}"
    if outside:
        return f"this session also ran tests outside the suite: {some(outside)}"
    return None


def some(names: Sequence[str]) -> str:
    """Name the first and count the others."""
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def differing_options(
    suite: argparse.Namespace, session: argparse.Namespace, passed_over: Container[str] = ()
) -> tuple[str, ...]:
    """Name the selecting options in which a session differs from the suite, as a person would type them.

    Those in `passed_over` do not count.
    """
    found = []
    for name, flag in SELECTING.items():
        if name in passed_over:
            continue
        wanted, got = _value(suite, name), _value(session, name)
        if wanted != got:
            found.append(f"without {as_typed(flag, wanted)}" if not got else as_typed(flag, got))
        elif got and name in _NEVER_WHOLE:
            found.append(as_typed(flag, got))
    return tuple(found)


def _value(options: argparse.Namespace, name: str) -> Any:
    value = getattr(options, name, None)
    if name == "override_ini":
        value = [setting for setting in value or () if re.match(_SELECTING_SETTINGS, setting)]
    return (sorted(map(str, value)) if isinstance(value, list) else value) or None


def as_typed(flag: str, value: Any) -> str:
    """Write an option as it is typed."""
    if value is True:
        return flag
    values = value if isinstance(value, list) else [value]
    return " ".join(f"{flag} {part!r}" if " " in str(part) else f"{flag} {part}" for part in values)


def paths_of(args: Iterable[str], base: Path) -> tuple[Path, ...]:
    """Turn pytest's positional arguments into absolute paths, without their `::` parts."""
    return tuple(Path(os.path.abspath(base / arg.split("::")[0])) for arg in args)  # noqa: PTH100 - keeps symlinks


def is_under(path: Path, roots: Iterable[Path]) -> bool:
    """Tell whether the path is one of the roots or lies below one."""
    return any(path.is_relative_to(root) for root in roots)


def matches(path: Path | str, patterns: Iterable[str]) -> bool:
    """Tell whether pytest would match the path: with its name, or as a whole where the pattern has a slash."""
    whole, name = str(path), os.path.basename(path)  # noqa: PTH119 - for every file
    return any(fnmatch(whole, f"*/{pattern}") if "/" in pattern else fnmatch(name, pattern) for pattern in patterns)


def test_files(
    roots: Iterable[Path], patterns: Sequence[str], skipped: Sequence[str], beside: Iterable[Path]
) -> list[Path]:
    """List the files below the roots that pytest would take for tests, save those below `beside`.

    `patterns` is pytest's `python_files`, `skipped` its `norecursedirs`; virtual environments are skipped as well.
    """
    beside = tuple(beside)
    names = {*map(os.path.normcase, beside)}  # of thousands of files, most are none: no `Path` is made of those
    found = []
    for root in (root for root in roots if not is_under(root, beside)):
        found += [root] if root.is_file() else []
        for folder, folders, files in os.walk(root):
            folders[:] = [name for name in sorted(folders) if not _is_passed_over(folder, name, skipped, names)]
            python = [os.path.join(folder, name) for name in sorted(files) if name.endswith(".py")]  # noqa: PTH118 - likewise
            wanted = [path for path in python if matches(path, patterns) and os.path.normcase(path) not in names]
            found += map(Path, wanted)
    return found


test_files.__test__ = False  # type: ignore[attr-defined]


def _is_passed_over(folder: str, name: str, skipped: Sequence[str], beside: Container[str]) -> bool:
    path = os.path.join(folder, name)  # noqa: PTH118 - for every folder
    generated = name == "__pycache__" or os.path.exists(f"{path}/pyvenv.cfg")  # noqa: PTH110 - may be locked
    return generated or os.path.normcase(path) in beside or matches(path, skipped)


@functools.cache
def is_mine(path: str) -> bool:
    """Tell whether a test's file lies in `tests/meta`."""
    return Path(path).resolve().is_relative_to(META)


def verdicts_and_tests(items: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Tell the verdict items from the suite's. Under coverage each line costs, for each test: so these do it in C."""
    paths = [*map(attrgetter("path"), items)]
    files = {key for key, path in dict(zip(map(id, paths), paths, strict=True)).items() if is_mine(str(path))}
    mine = [*map(files.__contains__, map(id, paths))]
    return [*compress(items, mine)], [*compress(items, map(not_, mine))]

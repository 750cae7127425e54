"""The history of `baseline.json`, as git has it. It knows what is uncovered, and what tests took; no total coverage."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import _baseline_file
from .._baseline_file import BaselineError
from .._git import Git

_MOST = 60  # versions that are read; each costs a call of git
_WORK = "(work)"  # in the timings: how fast the machine is, not what a test took


class Version(NamedTuple):
    """One committed state of the file. `seconds` are sums of what tests took, by class of machine."""

    commit: str
    date: str
    subject: str
    lines: int
    branches: int
    seconds: Mapping[str, float]
    settings: str = ""


class Past(NamedTuple):
    """Versions, the oldest first, and what is to be said of those that are not there."""

    versions: tuple[Version, ...] = ()
    notes: tuple[str, ...] = ()


def past_of(git: Git) -> Past:
    """Read the versions that git has: all, or some of them, evenly, if they are many."""
    log = git.run("log", "--format=%h%x1f%cI%x1f%s", "--", _baseline_file.NAME)
    lines = [line.split("\x1f", 2) for line in reversed((log or "").split("\n")) if line.count("\x1f") >= 2]
    notes = [] if lines else [f"git has no committed version of {_baseline_file.NAME} here."]
    if git.line("rev-parse", "--is-shallow-repository") == "true":
        notes.append("This clone is shallow: git has only the last commits here (git fetch --unshallow).")
    chosen = evenly(lines, _MOST)
    if len(chosen) < len(lines):
        notes.append(f"{len(chosen)} of {len(lines)} versions are shown.")
    texts = [git.run("show", f"{commit}:./{_baseline_file.NAME}") or "" for commit, _, _ in chosen]
    read = [version_of(about, text) for about, text in zip(chosen, texts, strict=True)]
    versions = tuple(version for version in read if version is not None)
    if len(versions) < len(read):
        notes.append(f"{len(read) - len(versions)} of the versions cannot be read, and left out.")
    return Past(versions, tuple(notes))


def evenly(lines: Sequence[list[str]], most: int) -> list[list[str]]:
    """Choose some, the first and the last among them."""
    if len(lines) <= most:
        return list(lines)
    return [lines[number * (len(lines) - 1) // (most - 1)] for number in range(most)]


def version_of(about: Sequence[str], text: str) -> Version | None:
    """Sum up a version of the file; None if it is none. `about` are its commit, date and subject."""
    commit, date, subject = about
    with contextlib.suppress(BaselineError, AttributeError, KeyError, TypeError, ValueError):
        document = _baseline_file.read(text, [])
        rows = document["files"].values()
        lines, branches = (sum(int(row[kind]) for row in rows) for kind in ("lines", "branches"))
        seconds = {machine: _seconds(places) for machine, places in document["timings"].items()}
        return Version(commit, date, subject, lines, branches, seconds, str(document.get("settings", "")))
    return None


def _seconds(places: Mapping[str, Mapping[str, Any]]) -> float:
    return sum(float(took[0]) for names in places.values() for name, took in names.items() if name != _WORK)

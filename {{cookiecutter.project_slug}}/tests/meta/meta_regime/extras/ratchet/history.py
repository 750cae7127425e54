"""What git tells of the baseline: where files went, who tightened a line, what it was before this branch."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .. import _baseline_file
from .._baseline_file import BaselineError
from .._git import Git, GitError, where_it_left
from .baseline import Baseline, Entry, line_of, parsed, renamed

NAME = _baseline_file.NAME


class Tightened(NamedTuple):
    """The commit that lowered a file's line in the baseline, the line before that, and later commits to the file."""

    path: str
    commit: str
    subject: str
    before: Entry
    since: tuple[str, ...]


def followed(git: Git, baseline: Baseline, measured: Baseline, commit: Callable[[], str]) -> Baseline:
    """Let lines of the baseline follow the files that were renamed since a commit, by git's own detection."""
    now = {old: old for old in baseline.files if old not in measured.files}
    new = measured.files.keys() - baseline.files.keys()
    if not now or not new:
        return baseline
    since = commit()  # not asked for before: git may have to go through all its commits
    names = ("--name-status", "--diff-filter=R", "--relative", "-z")
    past = git.run("log", "--reverse", "--format=", "--find-renames", *names, f"{since}..HEAD") or ""
    with contextlib.suppress(GitError):  # then a renamed file is a new one
        past = "\0".join([past, git.diff("HEAD", *names), git.diff(since, *names)])
    words = past.split("\0")
    for status, before, after in zip(words, words[1:], words[2:], strict=False):
        if status[:1] == "R" and status[1:].isdigit():
            now.update((old, after) for old, current in now.items() if current == before and current not in new)
    return renamed(baseline, {old: current for old, current in now.items() if current in new})


def last_commit(git: Git, path: Path) -> str:
    """Give the commit that last changed the baseline; HEAD where none has."""
    return git.line("log", "-1", "--format=%H", "--", str(path)) or "HEAD"


def before_this_branch(git: Git, measured: Baseline, wanted: tuple[str, ...]) -> Baseline | None:
    """Give the baseline as it was where this branch left the default one; None if there was none.

    Raises `GitError` where git cannot tell.
    """
    base, _ = where_it_left(git, wanted)
    before = _at(git, base)
    return before and followed(git, before, measured, lambda: base)


def _at(git: Git, commit: str) -> Baseline | None:
    text = git.run("show", f"{commit}:./{NAME}")
    try:
        return parsed(text) if text else None
    except BaselineError:
        return None


def tightened(git: Git, file: str) -> Tightened | None:
    """Tell which commit lowered the line of a file in the baseline; None if git does not know, or none did."""
    begins = line_of(file, Entry(0, 0)).split(": {")[0]
    lines = (git.folder / NAME).read_text(encoding="utf-8").split("\n")
    number = next((number for number, line in enumerate(lines, 1) if line.startswith(f"{begins}:")), 0)
    blamed = git.run("blame", "--porcelain", f"-L{number},{number}", "--", NAME) if number else None
    if not blamed:
        return None
    commit = blamed.split()[0]
    then, now = _at(git, f"{commit}^"), _at(git, commit)
    before, after = (each.files.get(file) if each is not None else None for each in (then, now))
    if before is None or after is None or before.uncovered <= after.uncovered:
        return None
    subject, short = git.line("log", "-1", "--format=%s", commit), git.line("rev-parse", "--short", commit)
    since = (git.run("log", "--format=%h %s", f"{commit}..HEAD", "--", file) or "").splitlines()
    return Tightened(file, short, subject, before, tuple(since))

"""Was the gate itself changed on this branch? Whoever may propose a change could loosen what it is judged by."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .._git import TARGETS, Git, GitError, where_it_left

SETTINGS = ("policy.toml", "known_slow.toml", "baseline.json")


@dataclass(frozen=True)
class Gate:
    """What of `tests/meta` differs from where the branch began (`since`), or why that is `unknown`.

    `settings` and `others` are paths; `diff` is what has become of the settings.
    """

    since: str = ""
    settings: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    diff: str = ""
    unknown: str = ""


def compared(root: Path, meta: Path, wanted: tuple[str, ...]) -> Gate:
    """Ask git. `wanted` is compare_with of the policy, which a change may have written: CI itself is asked first."""
    git, folder = Git(root), meta.relative_to(root).as_posix()
    try:
        base, branch = _where_it_began(git, wanted)
        words = git.diff(base, "--relative", "--no-renames", "--name-only", "-z", "--", folder).split("\0")
        changed = [path for path in words if path and "__pycache__" not in path.split("/")]
        settings = tuple(path for path in (f"{folder}/{name}" for name in SETTINGS) if path in changed)
        diff = "".join(git.diff(base, "--relative", "--no-renames", "--unified=1", "--", path) for path in settings)
    except GitError as error:
        return Gate(unknown=str(error))
    return Gate(f"{branch}, {base[:9]}", settings, tuple(path for path in changed if path not in settings), diff)


def _where_it_began(git: Git, wanted: Sequence[str]) -> tuple[str, str]:
    try:
        return where_it_left(git, ())
    except GitError:
        if any(os.environ.get(name) for name in TARGETS):
            raise
        return where_it_left(git, tuple(wanted))

"""What git knows of the project: where its branch began, and what has changed since, uncommitted changes included."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

# Where CI says into which branch a change is to be merged: GitHub, GitLab.
TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
_SECONDS = 120
_silent = set[str]()  # programs that did not answer in time: each verdict would wait again, several times
_SHALLOW = (
    "this clone is shallow, git does not know where its branch began; type: git fetch --unshallow "
    "(GitHub: fetch-depth: 0 for actions/checkout; GitLab: GIT_DEPTH: 0)"
)


class GitError(Exception):
    """Git cannot tell; the message says why and what to do."""


class Git(NamedTuple):
    """The repository in which a folder lies."""

    folder: Path
    program: str = shutil.which("git") or "git"

    def run(self, *args: str, env: Mapping[str, str] | None = None) -> str | None:
        """Give what git prints in the folder; None where it fails, is not there, or did not answer once."""
        if self.program in _silent:
            return None
        # In a hook, git's own variables are about the commit or push; hooks and pagers of the user's are not wanted.
        known = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        try:
            done = subprocess.run(
                [self.program, "-c", "core.quotepath=off", "--no-pager", *args],
                cwd=self.folder,
                env={**known, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **(env or {})},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            _silent.add(self.program)
            return None
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", "surrogateescape")

    def line(self, *args: str) -> str:
        """Give the one line that git prints, nothing where it fails."""
        return (self.run(*args) or "").strip()

    def diff(self, base: str, *args: str) -> str:
        """Compare a commit with the files as they lie there, renames detected, those not yet added included.

        Works on a copy of git's index, and writes nothing into the repository. Paths are relative to its root, or with
        `--relative`, to the folder. Raises `GitError` where git fails.
        """
        paths = self.line("rev-parse", "--git-path", "index", "--git-path", "objects")
        index, objects = map(self.folder.joinpath, paths.partition("\n")[::2])
        with tempfile.TemporaryDirectory(prefix="meta-tests-") as scratch:
            copied = Path(scratch, "index")
            with contextlib.suppress(OSError):
                shutil.copyfile(index, copied)
            written = {"GIT_OBJECT_DIRECTORY": scratch, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects.resolve())}
            env = {"GIT_INDEX_FILE": str(copied), **written}
            if self.run("add", "--intent-to-add", "--", ":/", env=env) is None:
                raise GitError("git add --intent-to-add failed on a copy of the index: new files would be passed over")
            as_ever = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")
            found = self.run("diff", "--find-renames", *as_ever, base, *args, env=env)
        if found is None:
            raise GitError(f"git diff {base[:9]} failed; type it to see why")
        return found


@functools.lru_cache
def where_it_left(git: Git, wanted: tuple[str, ...]) -> tuple[str, str]:
    """Give the commit at which HEAD left the default branch, or the first `wanted` one there is; and its name.

    Raises `GitError` where git cannot tell.
    """
    if not git.line("rev-parse", "--is-inside-work-tree", "--verify", "--quiet", "HEAD").startswith("true\n"):
        if git.program in _silent:
            raise GitError(f"git has not answered within {_SECONDS} s, and is not asked again")
        if git.line("rev-parse", "--is-inside-work-tree") != "true":
            raise GitError("this is no git repository, or git is not installed")
        raise GitError("the repository has no commit yet")
    told = [f"origin/{os.environ[name]}" for name in TARGETS if os.environ.get(name)]
    candidates = wanted or told or _USUAL
    for name in candidates:
        base = "" if name.startswith("-") else git.line("merge-base", "HEAD", name)
        if base:
            return base, git.line("rev-parse", "--abbrev-ref", name) or name
    if git.line("rev-parse", "--is-shallow-repository") == "true":
        raise GitError(_SHALLOW)
    raise GitError(
        f"git knows none of {', '.join(candidates)}, or no commit in common with it; fetch it, as in git fetch origin "
        "main:refs/remotes/origin/main, or name the branch: tests/meta/policy.toml, [coverage] compare_with"
    )

"""Does a command that runs pytest have the verdicts judged? By pytest's own parser, as far as the words are known."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from ... import selection
from ...policy import PolicyError
from .._ci_commands.shell_text import VARIABLE

_SHARDS = ("--splits", "--group", "--shard-id", "--num-shards")


class Suite(NamedTuple):
    """What the suite is: its options as pytest parsed them, where its tests lie, and where the verdicts do."""

    parse: Callable[[Sequence[str]], argparse.Namespace]
    options: argparse.Namespace
    roots: tuple[Path, ...]
    root: Path
    meta: Path

    def why_not(self, args: Sequence[str]) -> str:
        """Say why `pytest` with these arguments does not have the verdicts judged; nothing if it has, or may have."""
        if "--no-meta" in args:
            return "it has --no-meta"
        known = [arg for arg in args if VARIABLE not in arg]
        paths = [self.root / arg.split("::")[0] for arg in known if not arg.startswith("-")]
        if any(path.is_relative_to(self.meta) for path in paths):
            return ""
        if any(arg.startswith("--meta-record=") or arg.split("=")[0] in _SHARDS for arg in args):
            return "it is one of several shards, and nothing judges them"
        try:
            typed = self.parse(args)
        except (pytest.UsageError, PolicyError, SystemExit):
            return ""
        differing = [each for each in selection.differing_options(self.options, typed) if VARIABLE not in each]
        if differing:
            return f"it runs a part of the suite: {' '.join(differing)}"
        return self._by_paths([arg for arg in typed.file_or_dir if VARIABLE not in arg])

    def _by_paths(self, given: Sequence[str]) -> str:
        paths = [self.root / arg.split("::")[0] for arg in given]
        there = [path.resolve() for path in paths if path.exists()]  # else a value of an option that is not known here
        whole = [path for path, arg in zip(paths, given, strict=True) if "::" not in arg and path.exists()]
        if there and not all(selection.is_under(root, [path.resolve() for path in whole]) for root in self.roots):
            return f"it runs a part of the suite: {' '.join(given)}"
        return ""

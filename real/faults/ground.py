"""The project into which faults are put: small, in git, with a baseline; healthy, or guilty of too little coverage."""

from __future__ import annotations

import os
import random
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from real.workshop import bake, git
from tests.baking import ROOT, run_pytest
from tests.in_git import with_baseline
from tests.processes import MARK
from tests.sample import LOADER, PACKAGE, SETTINGS, TESTS, delete_extras, policy, write

if TYPE_CHECKING:
    import subprocess

    from real.faults.catalogue import Fault

BESIDE = ROOT / "build" / "faults"
# What is typed. Coverage is 75 %, whichever it is.
WAYS = {
    "plain": ["--cov=src/shop"],
    "xdist": ["--cov=src/shop", "-n", "2"],
    "child run": ["tests/meta", "--meta-fresh"],
    "last run": ["tests/meta"],
    "shard": ["--cov=src/shop", "--meta-record=../records/1.jsonl"],
    "merge": ["tests/meta", "--meta-records", "../records"],
}
JUDGING = ("plain", "xdist", "child run")
HEALTHY = "[coverage]\nminimum = 70\nmodule_floor = 0\n[performance]\nsuite_seconds = 1200\n"
GUILTY = HEALTHY.replace("minimum = 70", "minimum = 80")
# Seconds of a child run: a test that hangs is to end a trial, a busy machine is not.
TIME_OUT = "[suite]\ntimeout_seconds = 60\n"
_TESTS_THAT_TAKE_A_WHILE = """\
import time

import pytest


@pytest.mark.parametrize("number", range(12))
def test_sleeps(number):
    time.sleep(0.02)
"""
_IGNORED = "__pycache__/\n.pytest_cache/\n.coverage*\n"


@dataclass
class Trial:
    """One session with one fault in it. A fault changes this, and the project, before the session starts.

    `outside` is a folder beside the project, with the session's own temporary folder `tmp`. `wrapper` comes before the
    command, `limits` are of `resource`; `during` is called with the running process. `expected`: words of which one has
    to be printed. `forgives` has what the fault itself explains: see `checks`.
    """

    folder: Path
    way: str
    guilty: bool
    strict: bool
    rng: random.Random
    args: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    env: dict[str, str | None] = field(default_factory=dict)
    wrapper: list[str] = field(default_factory=list)
    limits: dict[int, int] = field(default_factory=dict)
    close: tuple[int, ...] = ()
    during: Callable[[subprocess.Popen[bytes]], None] | None = None
    prepare: Callable[[], None] | None = None
    expected: tuple[str, ...] = ()
    red: bool = False  # whether the fault makes the session red, healthy or not
    forgives: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)  # files of the project that the fault itself changes
    mend: Callable[[], None] | None = None
    again: bool = False  # whether an undisturbed session comes after it, which has to say what is true
    first: bool = True  # of its fault
    problems: list[str] = field(default_factory=list)  # what a fault finds beside the checks
    not_tried: str = ""

    @property
    def project(self) -> Path:
        """The project's folder."""
        return self.folder / "shop"

    @property
    def tmp(self) -> Path:
        """What TMPDIR names."""
        return self.folder / "tmp"

    @property
    def records(self) -> Path:
        """Where shards write their records."""
        return self.folder / "records"

    @property
    def mark(self) -> str:
        """What all processes of the trial carry in their environment."""
        return str(self.folder)

    def test(self, body: str, head: str = "", name: str = "test_fault") -> None:
        """Add a test file; the body's first test runs among the others."""
        write(self.project, {f"tests/unit/{name}.py": f"{head}\n\n\ndef test_fault():\n{_indented(body)}\n"})

    def in_a_namespace(self, script: str, *options: str) -> None:
        """Run the session in a mount namespace of its own, after a script."""
        setting = f'{script}\n"$@"; status=$?\nexit $status'
        self.wrapper = ["unshare", "--mount", *options, "sh", "-c", setting, "sh"]


def _indented(body: str) -> str:
    return "\n".join(f"    {line}" for line in body.strip("\n").split("\n"))


def made(folder: Path) -> Path:
    """Make the project that every trial copies, with the record of a whole run and that of a shard."""
    project = folder / "shop"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    more = {
        "pyproject.toml": SETTINGS,
        "tests/conftest.py": LOADER,
        "tests/unit/test_sleeps.py": _TESTS_THAT_TAKE_A_WHILE,
        ".gitignore": _IGNORED,
    }
    write(project, {**PACKAGE, **TESTS, **more})
    bake(ROOT, project, folder, ci="none")
    delete_extras(project, "slowdown", "strictness")  # depends on the machine; asks for settings that this one lacks
    policy(project, HEALTHY + TIME_OUT)
    with_baseline(project, *WAYS["plain"])
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=the project")
    for way in ("plain", "shard"):
        done = run_pytest(project, *WAYS[way])
        if done.returncode:
            raise RuntimeError(f"the project is not healthy:\n{done.stdout}")
    return project


def trial_in(folder: Path, pristine: Path, fault: Fault, seed: str, number: int) -> Trial:
    """Copy the project, and choose by the number how it is run: ways, healthy and guilty, desk and CI take turns."""
    shutil.copytree(pristine / "shop", folder / "shop", symlinks=True)
    for name in ("tmp", "home"):
        (folder / name).mkdir()
    turn = number + zlib.crc32(fault.name.encode())  # so that the first trials of all faults are not all of one kind
    choice = fault.ways[turn % len(fault.ways)]
    if choice == "merge":
        shutil.copytree(pristine / "records", folder / "records")
    guilty, strict = turn // 3 % 2 == 1, turn // 2 % 2 == 1
    trial = Trial(folder, choice, guilty=guilty, strict=strict, rng=random.Random(f"{seed} {fault.name} {number}"))
    policy(trial.project, (GUILTY if guilty else HEALTHY) + TIME_OUT)
    trial.first = number == 0
    trial.env = {
        "TMPDIR": str(trial.tmp),
        "HOME": str(folder / "home"),
        MARK: trial.mark,
        "CI": "true" if strict else None,
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    return trial

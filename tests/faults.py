"""Disks that are full or read-only, made with mounts in a namespace of their own (Linux, where that is allowed)."""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.baking import scrubbed_environment
from tests.sample import Said, said

_ON_A_SMALL_DISK = """
mkdir -p "$1" && mount -t tmpfs -o size=32k tmpfs "$1" && printf earlier > "$1/whole.jsonl"
folder=$1; shift
"$@"; status=$?
echo "kept: $(cat "$folder/whole.jsonl")"
echo "left: $(ls -A "$folder" | tr '\\n' ' ')"
exit $status
"""
_READ_ONLY = """
mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" || exit 99
shift; "$@"
"""


@functools.cache
def can_mount() -> bool:
    """Tell whether this user may mount something for itself alone."""
    unshare = shutil.which("unshare")
    command = [str(unshare), "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return unshare is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _session(
    script: str, project: Path, folder: str, *args: str, report: Path, env: Mapping[str, str] | None = None
) -> Said:
    if not can_mount():
        pytest.skip("this user may not mount anything")
    pytest_command = [sys.executable, "-m", "pytest", "--junitxml", str(report)]
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", folder, *pytest_command, *args],
        cwd=project,
        env=scrubbed_environment(env),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return said(done, report)


def on_a_small_disk(project: Path, folder: str, *args: str) -> Said:
    """Run pytest where a folder is a disk of 32 kB with a file `whole.jsonl`; prints at last what is on it."""
    return _session(_ON_A_SMALL_DISK, project, folder, *args, report=project / "junit.xml")


def read_only(project: Path, *args: str, env: Mapping[str, str] | None = None) -> Said:
    """Run pytest in a project that cannot be written to."""
    report = project.parent / "junit.xml"
    report.unlink(missing_ok=True)
    return _session(_READ_ONLY, project, "", *args, report=report, env=env)

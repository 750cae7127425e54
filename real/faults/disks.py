"""Disks that are full, small or read-only, made by mounts in a namespace of the session's own."""

from __future__ import annotations

import functools
import subprocess

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, Trial

_ANY = (*JUDGING, "shard", "last run")


@functools.cache
def can_mount() -> bool:
    """Tell whether this user may mount something for itself alone."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def mounted(trial: Trial, script: str) -> None:
    """Run the session after a script that mounts, or not at all."""
    if not can_mount():
        trial.not_tried = "this user may not mount anything"
    trial.in_a_namespace(f"set -e\n{script}\nset +e")
    trial.again = True


def _small(trial: Trial, folder: str, kilobytes: int, inodes: int = 0) -> None:
    size = f"size={kilobytes}k" + (f",nr_inodes={inodes}" if inodes else "")
    mounted(trial, f'mkdir -p "{folder}" && mount -t tmpfs -o {size} tmpfs "{folder}"')


def _full(trial: Trial, folder: str) -> None:
    mounted(
        trial,
        f'mkdir -p "{folder}" && mount -t tmpfs -o size=64k tmpfs "{folder}"\n'
        f'head -c 200000 /dev/zero > "{folder}/filler" 2>/dev/null || true',
    )


def _read_only(trial: Trial, folder: str) -> None:
    mounted(
        trial,
        f'mkdir -p "{folder}" && mount --bind "{folder}" "{folder}" && mount -o remount,ro,bind "{folder}"\ncd "$PWD"',
    )


@fault("disks", "TMPDIR is full", _ANY)
def full_tmp(trial: Trial) -> None:
    """Leave nothing for temporary files."""
    _full(trial, str(trial.tmp))
    trial.forgives |= {"traceback"} if trial.way in ("plain", "xdist", "shard") else set()


@fault("disks", "TMPDIR has no inode left", _ANY)
def no_inodes(trial: Trial) -> None:
    """Leave no name for temporary files."""
    _small(trial, str(trial.tmp), 4096, inodes=1)


@fault("disks", "TMPDIR is too small for a run's output", ("child run", "plain"))
def small_tmp(trial: Trial) -> None:
    """Let it fill up on the way."""
    trial.test("print('x' * 300_000)\nassert False")
    trial.forgives |= {"accusation"}
    _small(trial, str(trial.tmp), 40)
    trial.again = False  # this test fails


@fault("disks", ".pytest_cache is full", _ANY)
def full_cache(trial: Trial) -> None:
    """Leave nothing for the last run."""
    _full(trial, f"{trial.project}/.pytest_cache")


@fault("disks", "the folder of the shard's record is full", ("shard",))
def full_records(trial: Trial) -> None:
    """Leave nothing for the record."""
    _full(trial, str(trial.records))
    trial.red = True
    trial.expected = ("could not be written", "cannot be written")
    trial.forgives |= {"status"}


@fault("disks", "the coverage data does not fit on the disk", ("plain", "xdist", "shard", "child run"))
def full_coverage(trial: Trial) -> None:
    """Put the coverage data on a disk of 12 kB."""
    _small(trial, f"{trial.folder}/data", 8)
    trial.env["COVERAGE_FILE"] = f"{trial.folder}/data/coverage"
    trial.forgives |= {"status", "traceback"}  # pytest-cov raises coverage.py's error, as without the regime
    trial.again = False


@fault("disks", "the project is read-only", _ANY)
def read_only_project(trial: Trial) -> None:
    """Let nothing be written into the project."""
    _read_only(trial, str(trial.project))
    trial.forgives |= {"status", "traceback"} if trial.way in ("plain", "xdist", "shard") else set()


@fault("disks", ".pytest_cache is read-only", _ANY)
def read_only_cache(trial: Trial) -> None:
    """Let the last run not be kept."""
    _read_only(trial, f"{trial.project}/.pytest_cache")


@fault("disks", "tests/meta is read-only", _ANY)
def read_only_meta(trial: Trial) -> None:
    """Let no standard be written."""
    _read_only(trial, f"{trial.project}/tests/meta")


@fault("disks", "tests/meta is read-only, with --meta-accept", JUDGING)
def read_only_accept(trial: Trial) -> None:
    """Ask for what cannot be written."""
    (trial.project / "tests/meta/baseline.json").write_text(
        (trial.project / "tests/meta/baseline.json").read_text().replace('"lines": 1', '"lines": 3')
    )
    trial.args.append("--meta-accept")
    trial.forgives |= {"accusation"}  # that it could not be written
    _read_only(trial, f"{trial.project}/tests/meta")
    trial.again = False


@fault("disks", "TMPDIR is read-only", _ANY)
def read_only_tmp(trial: Trial) -> None:
    """Let no temporary file be made there."""
    _read_only(trial, str(trial.tmp))


@fault("disks", "no folder for temporary files can be written to", ("child run", "plain", "last run"))
def no_tmp_at_all(trial: Trial) -> None:
    """Take away TMPDIR, /tmp, /var/tmp and the project's own folder."""
    each = f"{trial.tmp} /tmp /var/tmp /usr/tmp {trial.project}"
    mounted(
        trial,
        f'for folder in {each}; do [ -d "$folder" ] || continue; mount --bind "$folder" "$folder"\n'
        f'mount -o remount,ro,bind "$folder"; done; cd "$PWD"',
    )
    trial.forgives |= {"status", "traceback"} if trial.way == "plain" else {"status"}


@fault("disks", "TMPDIR names a folder that is not there", _ANY)
def missing_tmp(trial: Trial) -> None:
    """Name a folder that is not there."""
    trial.env["TMPDIR"] = str(trial.folder / "nowhere")


@fault("disks", "TMPDIR names a file", _ANY)
def file_as_tmp(trial: Trial) -> None:
    """Name a file."""
    (trial.folder / "file").touch()
    trial.env["TMPDIR"] = str(trial.folder / "file")


@fault("disks", "TMPDIR is the project itself", JUDGING)
def tmp_in_project(trial: Trial) -> None:
    """Put temporary files among the project's."""
    trial.env["TMPDIR"] = str(trial.project)
    trial.forgives |= {"temporary"}
    trial.mend = None

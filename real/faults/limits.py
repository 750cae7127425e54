"""What the system denies: memory, files, processes, time, /proc."""

from __future__ import annotations

import resource

from real.faults.catalogue import fault
from real.faults.disks import can_mount
from real.faults.ground import JUDGING, Trial

_ANY = (*JUDGING, "shard", "last run")
_MEGABYTE = 2**20


def _scarce(trial: Trial, what: int, least: int, most: int) -> None:
    trial.limits[what] = trial.rng.randint(least, most)
    trial.forgives |= {"status", "traceback"}  # where even pytest, or Python, cannot go on


@fault("limits", "30 to 90 MB of address space", _ANY, trials=10)
def memory(trial: Trial) -> None:
    """Let memory run out, at a random place."""
    _scarce(trial, resource.RLIMIT_AS, 30 * _MEGABYTE, 90 * _MEGABYTE)
    trial.again = True


@fault("limits", "a test that wants all memory there is", JUDGING)
def greedy(trial: Trial) -> None:
    """Let a test run into the limit."""
    trial.test("hoard = []\nwhile True:\n    hoard.append(bytearray(1 << 20))")
    trial.limits[resource.RLIMIT_AS] = 400 * _MEGABYTE
    trial.forgives |= {"accusation", "status"}


@fault("limits", "6 to 40 open files", _ANY, trials=10)
def descriptors(trial: Trial) -> None:
    """Let descriptors run out."""
    _scarce(trial, resource.RLIMIT_NOFILE, 6, 40)
    trial.again = True


@fault("limits", "a test that opens files until no more can be opened, and keeps them", JUDGING)
def leaking(trial: Trial) -> None:
    """Leak descriptors."""
    trial.test("import os\ntry:\n    while True:\n        os.open('/dev/null', os.O_RDONLY)\nexcept OSError:\n    pass")
    trial.limits[resource.RLIMIT_NOFILE] = 200
    trial.forgives |= {"status", "traceback", "accusation"}


@fault("limits", "files of at most 1 to 60 kB", _ANY, trials=10)
def file_size(trial: Trial) -> None:
    """Let no file become larger."""
    _scarce(trial, resource.RLIMIT_FSIZE, 1000, 60_000)
    trial.again = True


@fault("limits", "1 to 3 CPU seconds", JUDGING, trials=6)
def cpu(trial: Trial) -> None:
    """Have the system kill the session when it has computed for so long."""
    _scarce(trial, resource.RLIMIT_CPU, 1, 3)
    trial.again = True
    trial.forgives |= {"temporary"}


@fault("limits", "a stack of 64 kB to 1 MB", JUDGING)
def stack(trial: Trial) -> None:
    """Make the stack small."""
    _scarce(trial, resource.RLIMIT_STACK, 64 * 1024, _MEGABYTE)


@fault("limits", "no more processes may be started", ("child run", "xdist", "plain"))
def processes(trial: Trial) -> None:
    """Deny every new process; the superuser has to become somebody else for that."""
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "prlimit", "--nproc=1"]
    trial.wrapper = ["sh", "-c", 'chmod -R a+rwX . .. && exec "$@"', "sh", *user]
    trial.forgives |= {"status", "traceback", "accusation"}


@fault("limits", "no /proc", _ANY)
def no_proc(trial: Trial) -> None:
    """Hide /proc."""
    if not can_mount():
        trial.not_tried = "this user may not mount anything"
    trial.in_a_namespace("mount -t tmpfs tmpfs /proc")


@fault("limits", "no /dev but /dev/null", JUDGING)
def no_dev(trial: Trial) -> None:
    """Hide the devices, shared memory included."""
    if not can_mount():
        trial.not_tried = "this user may not mount anything"
    trial.in_a_namespace("mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9")


@fault("limits", "the clock of the system's start is ten years ahead", JUDGING)
def far_monotonic(trial: Trial) -> None:
    """Move the monotonic clock."""
    trial.wrapper = ["unshare", "--time", "--fork", f"--monotonic={trial.rng.randint(10**6, 3 * 10**8)}"]


@fault("limits", "files from the future, and from 1970", JUDGING)
def future(trial: Trial) -> None:
    """Give sources and tests times that no clock has had."""
    import os

    for number, path in enumerate(sorted(trial.project.rglob("*.py"))):
        os.utime(path, (0, 0) if number % 2 else (4_000_000_000, 4_000_000_000))
    trial.again = True

"""Signals to one of the processes of a session, at a random moment."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, Trial

_WINDOW = 2.5  # seconds: what a session takes that nobody disturbs


def pids(trial: Trial, *words: str) -> list[int]:
    """Find the processes of a trial in whose command line all the words are."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and trial.mark.encode() in (entry / "environ").read_bytes():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found += [int(entry.name)] if all(word in command for word in words) else []
        except OSError:
            continue
    return sorted(found)


def _sends(number: int, find: Callable[[Trial, subprocess.Popen[bytes]], list[int]], times: int = 1) -> object:
    def make(trial: Trial) -> None:
        trial.again = True
        trial.forgives |= {"status"}
        moment = trial.rng.random() * _WINDOW

        def during(process: subprocess.Popen[bytes]) -> None:
            begun = time.monotonic()
            while process.poll() is None and not (found := find(trial, process)):
                time.sleep(0.01)
                if time.monotonic() - begun > 60:
                    return
            time.sleep(moment)
            for _ in range(times):
                for pid in find(trial, process)[:1]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number) if pid > 0 else os.killpg(-pid, number)
                time.sleep(0.2 if times > 1 else 0)
            del found

        trial.during = during

    return make


def _session(_: Trial, process: subprocess.Popen[bytes]) -> list[int]:
    return [process.pid]


def _group(_: Trial, process: subprocess.Popen[bytes]) -> list[int]:
    return [-process.pid]


def _child(trial: Trial, process: subprocess.Popen[bytes]) -> list[int]:
    lifelines = _lifeline(trial, process)
    return [pid for pid in pids(trial, "-m pytest") if pid != process.pid and pid not in lifelines]


def _lifeline(trial: Trial, _: subprocess.Popen[bytes]) -> list[int]:
    return pids(trial, "lifeline.py")


def _worker(trial: Trial, _: subprocess.Popen[bytes]) -> list[int]:
    return pids(trial, "import sys;exec(eval(sys.stdin.readline()))")


_ANY = (*JUDGING, "shard")
_SCRATCH = "where `pytest tests/meta` is killed just before or after its child run, its scratch folder stays in TMPDIR"
_SIGNALS = {"SIGKILL": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "SIGINT": signal.SIGINT}
for _name, _number in _SIGNALS.items():
    fault("signals", f"{_name} to the session", _ANY, trials=8, known=_SCRATCH)(_sends(_number, _session))  # type: ignore[arg-type]
    fault("signals", f"{_name} to the child run", ("child run",), trials=6)(_sends(_number, _child))  # type: ignore[arg-type]
    fault("signals", f"{_name} to xdist's controller", ("xdist",), trials=6)(_sends(_number, _session))  # type: ignore[arg-type]
    fault("signals", f"{_name} to a worker of xdist", ("xdist",), trials=6)(_sends(_number, _worker))  # type: ignore[arg-type]
fault("signals", "SIGKILL to the child run's lifeline", ("child run",))(_sends(signal.SIGKILL, _lifeline))  # type: ignore[arg-type]
fault("signals", "SIGTERM to the child run's lifeline", ("child run",))(_sends(signal.SIGTERM, _lifeline))  # type: ignore[arg-type]
fault("signals", "SIGHUP to the session (its terminal closes)", _ANY, known=_SCRATCH)(_sends(signal.SIGHUP, _session))  # type: ignore[arg-type]
fault("signals", "SIGQUIT to the session", _ANY, known=_SCRATCH)(_sends(signal.SIGQUIT, _session))  # type: ignore[arg-type]
fault("signals", "SIGINT to the whole process group (Ctrl-C)", _ANY)(_sends(signal.SIGINT, _group))  # type: ignore[arg-type]
fault("signals", "Ctrl-C, three times", _ANY)(_sends(signal.SIGINT, _group, 3))  # type: ignore[arg-type]
fault("signals", "SIGKILL to the whole process group", _ANY, known=_SCRATCH)(_sends(signal.SIGKILL, _group))  # type: ignore[arg-type]


@fault("signals", "SIGSTOP for three seconds, then SIGCONT (a laptop that sleeps)", _ANY)
def stopped(trial: Trial) -> None:
    """Stop everything for a while."""

    def during(process: subprocess.Popen[bytes]) -> None:
        time.sleep(trial.rng.random() * 1.5)
        for number in (signal.SIGSTOP, signal.SIGCONT):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return
            time.sleep(3)

    trial.during = during
    trial.again = True

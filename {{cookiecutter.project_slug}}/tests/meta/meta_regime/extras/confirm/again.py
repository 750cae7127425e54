"""Runs a suspect again, alone, in a child; and sees how long what it may wait for queued for a CPU meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ... import child
from ...record import SuiteRun, TestTiming
from ...stopwatch import LONGEST_WAIT, Clocks
from ...time_verdicts import Row, name_of
from .._cores import usable_cores
from . import VARIABLE, examine
from .causes import COMPUTED, Cause


class Alone(NamedTuple):
    """What came of a suspect when it was run alone.

    `row` has its time, `running` says that this is when it was stopped; where there is none, `why` says why. `children`
    and `threads` are the CPU seconds of those. `causes` say more, if it was `profiled` without `trouble`; `breaker` is
    a library of circuit breakers that it has imported.
    """

    row: Row | None = None
    why: str = ""
    running: bool = False
    profiled: bool = False
    children: float = 0.0
    threads: float = 0.0
    causes: tuple[Cause, ...] = ()
    trouble: str = ""
    breaker: str = ""

    def explains(self, other: Alone) -> Alone:
        """Give the time of another, with the causes of this."""
        return other._replace(causes=self.causes, trouble=self.trouble or self.why, breaker=self.breaker)


def run_again(config: pytest.Config, suspect: Row, run: SuiteRun, *, seconds: float, profile: bool) -> Alone:
    """Run a test, or the user of a fixture, in a child, under the conditions of `run`, for so many seconds at most."""
    judged: Any = config.pluginmanager.getplugin("meta-tests")
    has, typed = config.pluginmanager.hasplugin, config.hook.pytest_meta_tests_child_args(judged=judged)
    args = judged.facts.child_args(judged.standards.policy.suite, *typed)
    args += ["--no-cov"] if run.coverage is None and has("pytest_cov") else []
    args += ["-n", "0"] if has("xdist") else []
    is_test = isinstance(suspect, TestTiming)
    asked = {
        "nodeid": suspect.nodeid if isinstance(suspect, TestTiming) else suspect.user,
        "fixture": "" if is_test else name_of(suspect),
        "profile": profile,
    }
    with tempfile.TemporaryDirectory(prefix="meta-tests-", ignore_cleanup_errors=True) as scratch:
        request = Path(scratch) / "request.json"
        request.write_text(json.dumps(asked))
        watch = Watch(examine.answer_to(request))
        os.environ[VARIABLE] = str(request)
        try:
            done = child.run_suite(args, config.rootpath, seconds, watch.look)
        finally:
            os.environ.pop(VARIABLE, None)
        return _outcome(suspect, done, watch, timed_out=watch.seconds > seconds)


def _outcome(suspect: Row, done: SuiteRun, watch: Watch, *, timed_out: bool) -> Alone:
    told = watch.told()
    causes = tuple(Cause(*cause) for cause in told.get("causes", ()))
    facts = {name: told[name] for name in ("profiled", "trouble", "breaker") if name in told}
    alone = Alone(causes=causes, **facts)
    stretches = [(began, ended or Clocks.wall()) for began, ended in told.get("stretches", ())]
    queued = watch.queued_in(stretches)
    rows: list[Row] = [*done.tests, *done.fixtures]
    row = max((row for row in rows if name_of(row) == name_of(suspect)), key=lambda row: row.owned, default=None)
    if row is None and stretches and timed_out:
        computed = sum(cause.seconds for cause in causes if cause.kind == COMPUTED)
        taken = sum(ended - began for began, ended in stretches)
        row = suspect._replace(setup=taken, teardown=0.0, queued=0.0, cpu=computed)
        row = row._replace(call=0.0) if isinstance(row, TestTiming) else row
        return alone._replace(row=_less_queueing(row, queued, causes, row.cpu), running=True)
    if row is None:
        return alone._replace(why=_why(done, told, timed_out=timed_out))
    if isinstance(row, TestTiming) and isinstance(suspect, TestTiming) and row.outcome != suspect.outcome:
        return alone._replace(why=f"alone it {row.outcome}, in the suite it {suspect.outcome}")
    account = done.accounts.get(name_of(suspect))
    if account is not None:
        alone = alone._replace(children=account.children, threads=account.threads)
    return alone._replace(row=_less_queueing(row, queued, causes, row.cpu + alone.children + alone.threads))


def _why(done: SuiteRun, told: dict[str, Any], *, timed_out: bool) -> str:
    if told.get("found") == 0:
        return "pytest did not find it when it was to be run alone: is its id another one in every run?"
    if timed_out:
        return "it had not begun when the time to run it alone was up ([slow_tests] confirm_seconds)"
    return f"it could not be run alone. {done.broken or 'It was not set up.'}"


def _less_queueing(row: Row, queued: float, causes: tuple[Cause, ...], computed: float) -> Row:
    """Take off what others have queued while the main thread waited, for them as far as can be told.

    Sleeping is not waiting for them. And what is computed needs its time: they may have queued for each other.
    """
    by_themselves = sum(cause.seconds for cause in causes if cause.kind in ("slept", "retried"))
    least = max(row.cpu + by_themselves, computed / usable_cores())
    return row._replace(queued=row.queued + max(0.0, min(queued, row.owned - least)))


class Watch:
    """Looks at the child's processes and threads while it runs (Linux): when did one of them queue for a CPU?

    The main thread's own queueing is known to the recorder.
    """

    def __init__(self, answer: Path) -> None:
        self._answer = answer
        self._pid = 0
        self._seen: dict[Path, tuple[float, int, float]] = {}  # queued seconds, turns, and when there was a turn last
        self._queued: list[tuple[float, float]] = []  # from, to
        self.seconds = 0.0

    def told(self) -> dict[str, Any]:
        """Give what the child has told."""
        try:
            answer: dict[str, Any] = json.loads(self._answer.read_text())
        except FileNotFoundError:
            return {}
        return answer

    def look(self, progress: tuple[int, int, float]) -> None:
        """Take a look, several times a second."""
        self.seconds = progress[2]
        self._pid = self._pid or self.told().get("pid", 0)
        now = Clocks.wall()
        for task in _tasks(self._pid) if self._pid else ():
            try:
                _, nanoseconds, turns = map(int, (task / "schedstat").read_text().split())
            except (OSError, ValueError):
                continue  # it has ended, or the system does not tell
            queued = nanoseconds / 1e9
            before, turns_before, last = self._seen.get(task, (0.0, 0, -1e9))
            if turns != turns_before:
                more = min(queued - before, LONGEST_WAIT / 1e9 * (turns - turns_before), now - last)
                self._queued.append((now - more, now))
                self._seen[task] = (queued, turns, now)

    def queued_in(self, stretches: list[tuple[float, float]]) -> float:
        """Give the seconds of these stretches of time in which at least one of them queued."""
        total, until = 0.0, -1e9
        for began, ended in sorted(self._queued):
            since = max(began, until)
            total += sum(max(0.0, min(ended, to) - max(since, start)) for start, to in stretches)
            until = max(until, ended)
        return total


def _tasks(pid: int) -> Iterator[Path]:
    """List the threads of a process's session and of its descendants, as folders of /proc; not its own main thread."""
    family = {pid}
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        session = os.getsid(pid)
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit() or int(entry.name) == session:  # that one is the lifeline
                continue
            with contextlib.suppress(OSError):
                parent, _, of = map(int, Path(entry.path, "stat").read_bytes().rpartition(b")")[2].split()[1:4])
                if of == session or parent in family:
                    family.add(int(entry.name))
                    yield from (thread for thread in Path(entry.path, "task").iterdir() if thread.name != str(pid))

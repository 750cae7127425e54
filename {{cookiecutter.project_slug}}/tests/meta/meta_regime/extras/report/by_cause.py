"""What the seconds of tests and fixtures went into, by cause: as far as the record, and the second run, tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from ...record import Account, SuiteRun, TestTiming
from ...time_verdicts import Row as Timing
from ...time_verdicts import name_of
from .boxes import Row

if TYPE_CHECKING:
    from ..confirm.causes import Cause

CAUSES = (
    "computing",
    "asleep",
    "sockets",
    "other programs",
    "other threads and locks",
    "asleep or waiting: not looked into",
    "queueing for a busy CPU",
)
_COMPUTING, _ASLEEP, _SOCKETS, _PROGRAMS, _THREADS, _WAITING, _QUEUED = range(len(CAUSES))
# The kinds of `confirm`, which has looked at a few tests while they ran again, alone.
_KINDS = {"slept": _ASLEEP, "retried": _ASLEEP, "sockets": _SOCKETS, "subprocesses": _PROGRAMS, "locks": _THREADS}
CausesOf = Mapping[str, Sequence["Cause"]]  # by the name of a test or fixture


def seconds_by_cause(row: Timing, account: Account | None = None, causes: Sequence[Cause] = ()) -> tuple[float, ...]:
    """Split the wall time of a row. What it computed and queued was measured; of the rest, what is known of it.

    Where it was run again, that is divided as the second run was. Else children and other threads are taken to have
    been waited for, as long as they computed.
    """
    wall = row.setup + row.teardown + (row.call if isinstance(row, TestTiming) else 0.0)
    found = [0.0] * len(CAUSES)
    found[_QUEUED] = min(wall, row.queued)
    found[_COMPUTING] = min(wall - found[_QUEUED], row.cpu)
    blocked = wall - found[_QUEUED] - found[_COMPUTING]
    waits = [cause for cause in causes if cause.kind != "computed" and cause.seconds > 0]
    if waits:
        whole = sum(cause.seconds for cause in waits)
        for cause in waits:
            found[_KINDS.get(cause.kind, _WAITING)] += blocked * cause.seconds / whole
        return tuple(found)
    if account is not None:
        found[_PROGRAMS] = min(blocked, account.children)
        found[_THREADS] = min(blocked - found[_PROGRAMS], account.threads)
    found[_WAITING] = blocked - found[_PROGRAMS] - found[_THREADS]
    return tuple(found)


def rows_of(run: SuiteRun, causes: CausesOf) -> Iterator[tuple[Timing, tuple[float, ...]]]:
    """Give every test and wide fixture with its seconds by cause."""
    rows: list[Timing] = [*run.tests, *run.fixtures]
    for row in rows:
        account = run.accounts.get(row.nodeid) if isinstance(row, TestTiming) else None
        yield row, seconds_by_cause(row, account, causes.get(name_of(row), ()))


def places_of(rows: Iterator[tuple[Timing, tuple[float, ...]]]) -> Iterator[Row]:
    """Say in which folder and file each stands."""
    for row, amounts in rows:
        file, _, name = name_of(row).partition("::")
        yield Row(name_of(row), (*file.split("/"), name or "(no name)"), sum(amounts), amounts)


def main_cause(amounts: Sequence[float]) -> int:
    """Give the number of the cause that took most."""
    return max(range(len(amounts)), key=lambda number: amounts[number], default=_COMPUTING)


def in_words(amounts: Sequence[float]) -> str:
    """Write seconds by cause, the largest first."""
    parts = sorted(zip(amounts, CAUSES, strict=True), key=lambda pair: -pair[0])
    told = [part for part in parts if part[0] >= min(0.005, parts[0][0])]
    return ", ".join(f"{seconds:.{2 if seconds >= 0.1 else 3}f} s {cause}" for seconds, cause in told)

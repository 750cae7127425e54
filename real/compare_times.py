"""Compares the verdicts on time with an observer's clocks and with what pytest prints of the same session.

Every function lists what does not agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from real.compare import some
from real.sessions import Accused, Session

SLACK = 0.0002  # seconds, for reading the clocks
ROUNDING = 0.005  # of figures with two decimals
# Between the regime's message and pytest's durations, both rounded: 10 ms and five per cent.
DURATIONS_SECONDS, DURATIONS_SHARE = 0.01, 0.05
CLOCK_TICK = 0.02  # of the process's start
LAST_LINE = 0.05  # between the last thing observed and pytest's last line
ROWS_SHOWN = 8  # of the accused

# Slow tests.


Timed = Mapping[str, Any]  # what the observer says of a test
PHASES = ("setup", "call", "teardown")


@dataclass(frozen=True)
class Bounds:
    """Between what a test's owned seconds must lie, by the observer's clocks."""

    low: float
    high: float

    @classmethod
    def of(cls, timed: Timed) -> Bounds:
        """Sum the phases, less what wide fixtures took to set up, less queueing for a CPU."""
        least, most = (sum(timed[phase][end] for phase in PHASES if phase in timed) - timed["wide"] for end in (0, 1))
        queued = [each - timed["wide_queued"] for each in timed["queued"]]
        return cls(least - queued[1] - SLACK, most - queued[0] + SLACK)

    @classmethod
    def of_phase(cls, timed: Timed, phase: str) -> Bounds:
        """Give those of one phase, by the clock on the wall."""
        least, most = timed.get(phase, (0.0, 0.0))
        wide = timed["wide"] if phase == "setup" else 0.0
        return cls(least - wide - SLACK, most - wide + SLACK)


def least_seconds(timed: Timed) -> float:
    """Sum the phases, less what wide fixtures took to set up, by the clock on the wall."""
    return float(sum(timed[phase][0] for phase in PHASES if phase in timed) - timed["wide"])


def certainly_and_possibly_slow(session: Session, limit: float) -> tuple[set[str], set[str]]:
    """Tell which tests must be accused, and which may be."""
    bounds = {name: Bounds.of(timed) for name, timed in session.seconds.items()}
    certain = {name for name, bound in bounds.items() if bound.low > limit}
    return certain, {name for name, bound in bounds.items() if bound.high > limit}


def slow_tests(session: Session, limit: float) -> list[str]:
    """Compare the accused with the observer's times: who, how many, and how many seconds."""
    verdict = session.verdict("slow")
    if verdict is None:
        return ["no verdict on slow tests"]
    certain, possible = certainly_and_possibly_slow(session, limit)
    right = session.rightly(passed=not certain)
    found = []
    if verdict.outcome != right and verdict.outcome != session.rightly(passed=not possible):
        found.append(f"slow tests {verdict.outcome}; {right} is right, slow are: {some(certain) or 'none'}")
    count = int(verdict.found["tests"] or 0)
    if not len(certain) <= count <= len(possible):
        found.append(f"{count} tests are accused of over {limit:g} s, {len(certain)} to {len(possible)} are right")
    accused = {row.name: row for row in session.accused if not row.name.endswith(" fixture]")}
    if wrongly := accused.keys() - possible:
        found.append(f"accused, but faster than {limit:g} s: {some(wrongly)}")
    rows = count + int(verdict.found["fixtures"] or 0)
    if len(session.accused) != min(rows, ROWS_SHOWN):
        found.append(f"{len(session.accused)} of {rows} slow tests and fixtures are shown")
    if spared := _spared(session, certain - accused.keys(), accused, everyone=rows <= ROWS_SHOWN):
        found.append(f"slower than {limit:g} s or than those accused, but not shown: {some(spared)}")
    for name, row in accused.items():
        if name in session.seconds:
            found += _seconds_of(row, session.seconds[name])
    return found


def _spared(session: Session, unseen: set[str], accused: Mapping[str, Accused], *, everyone: bool) -> set[str]:
    """Tell which slow tests should have been shown: all, or where not all are shown, those slower than one that is."""
    if everyone:
        return unseen
    shown = [Bounds.of(session.seconds[name]).high for name in accused if name in session.seconds]
    fastest = min(shown, default=float("inf"))  # fixtures have taken all the rows
    return {name for name in unseen if Bounds.of(session.seconds[name]).low > fastest}


def _seconds_of(row: Accused, timed: Timed) -> list[str]:
    figures = [("in all", row.seconds, Bounds.of(timed))]
    figures += [(f"of {phase}", seconds, Bounds.of_phase(timed, phase)) for phase, seconds in row.phases.items()]
    return [
        f"{row.name} has {seconds} s {what}, {bounds.low:.4f} to {bounds.high:.4f} s are right"
        for what, seconds, bounds in figures
        if not bounds.low - ROUNDING <= seconds <= bounds.high + ROUNDING
    ]


@dataclass(frozen=True)
class DurationsFound:
    """What a comparison with pytest's durations found, how many tests it compared, and how many it could not.

    It cannot where a test has frozen pytest's own clock: a duration is below zero, or longer than the session.
    """

    wrong: list[str]
    compared: int = 0
    frozen: int = 0


def against_durations(session: Session) -> DurationsFound:
    """Compare the accused, phase by phase, with pytest's `--durations=0 -vv` of the same session."""
    if not session.durations or session.ended_in is None:
        return DurationsFound(["pytest listed no durations"])
    tests = [row for row in session.accused if not row.name.endswith(" fixture]")]
    listed = {row.name: _listed(session, row.name) for row in tests}
    frozen = {
        name for name, phases in listed.items() if not all(0 <= s <= session.ended_in + 1 for s in phases.values())
    }
    sane = [row for row in tests if row.name not in frozen]
    wrong = [each for row in sane for each in _phases_of(row, listed[row.name], session.seconds.get(row.name, {}))]
    return DurationsFound(wrong, len(sane), len(frozen))


def _listed(session: Session, name: str) -> dict[str, float]:
    """Give what pytest lists of a test, by phase."""
    return {phase: seconds for (test, phase), seconds in session.durations.items() if test == name}


def _phases_of(row: Accused, listed: Mapping[str, float], timed: Timed) -> list[str]:
    found = []
    for phase, seconds in row.phases.items():
        if phase not in listed and (phase, seconds) != (
            "call",
            0.0,
        ):  # a test whose set-up failed or skipped has no call
            found.append(f"pytest lists no {phase} of {row.name}")
            continue
        right = listed.get(phase, 0.0)
        tolerance = DURATIONS_SECONDS + DURATIONS_SHARE * abs(right)
        if phase in timed:  # the machine may have run something else between pytest's reading of the clock and ours
            tolerance += timed[phase][1] - timed[phase][0]
            right -= timed["wide"] if phase == "setup" else 0.0
        if abs(seconds - right) > tolerance:
            found.append(f"{row.name} has {seconds} s of {phase}, --durations lists {right:.2f} s")
    return found


# The suite's seconds.


@dataclass(frozen=True)
class SuiteClaim:
    """What the verdict says of the suite's seconds: owned, and by the clock between `low` and `high`.

    It says how much queueing it has taken off only where that is much.
    """

    owned: float
    low: float
    high: float
    queued: float | None

    @classmethod
    def of(cls, session: Session) -> SuiteClaim | None:
        """Take it from the verdict; None if there is no verdict, or not one run of the suite."""
        verdict, moments = session.verdict("suite"), session.observed["moments"]
        if verdict is None or not moments:
            return None
        owned = float(verdict.found["owned"] or 0)
        if verdict.found["clock"]:
            clock = float(verdict.found["clock"])
            return cls(owned, clock, clock, float(verdict.found["queued"] or 0))
        return cls(owned, owned, owned + max(0.5, owned / 19), None)


def suite_seconds(session: Session, *, budget: float) -> list[str]:
    """Compare the seconds of the suite with the observer's moments: from the process's start to the loop's end."""
    verdict, claim = session.verdict("suite"), SuiteClaim.of(session)
    if verdict is None or claim is None:
        return [f"no verdict on the suite's seconds, or the suite was run {session.observed['runs']} times, not once"]
    moments = session.observed["moments"]
    least = moments["ran"][0] - moments["began"][0] - CLOCK_TICK
    most = moments["judged"][0] - moments["began"][0] + CLOCK_TICK
    found = []
    if claim.high < least - ROUNDING or claim.low > most + ROUNDING:
        found.append(f"the suite's {claim.low:.3f} s by the clock are not between {least:.3f} and {most:.3f} s")
    if claim.queued is not None and abs(claim.low - claim.queued - claim.owned) > 3 * ROUNDING:
        found.append(f"{claim.low} less {claim.queued} is not {claim.owned}")
    right = session.rightly(passed=claim.owned <= budget)
    if verdict.outcome != right:
        found.append(f"the suite's time {verdict.outcome} at {claim.owned} s with a budget of {budget:g} s")
    return found


def against_last_line(session: Session) -> list[str]:
    """Compare the suite's seconds with those of pytest's last line.

    The regime begins earlier (with the process, not when the session starts) and ends earlier (before verdicts and
    reports). The observer knows how long each of these took.
    """
    claim = SuiteClaim.of(session)
    if claim is None or session.ended_in is None:
        return ["pytest's last line or the verdict is missing"]
    at = {name: moment[0] for name, moment in session.observed["moments"].items()}
    low = claim.low - (at["started"] - at["began"]) + (at["reported"] - at["judged"])
    high = claim.high - (at["started"] - at["began"]) + (at["reported"] - at["ran"])
    if low - LAST_LINE <= session.ended_in <= high + LAST_LINE:
        return []
    return [
        f"the suite took {claim.low:.2f} s, pytest says {session.ended_in} s; {low:.2f} to {high:.2f} s would agree"
    ]

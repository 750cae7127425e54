"""What is said of a test that is too slow: both times, what it did, and the cure that fits."""

from __future__ import annotations

import shlex
from pathlib import Path

from ...record import FixtureTiming, TestTiming
from ...time_verdicts import Row, name_of, seconds
from .again import Alone
from .causes import COMPUTED, Cause, main_part

_SHOWN = 4
# What a test did; what then helps; and where the playbook has more about it.
_KINDS = {
    "slept": ("slept", "Pass the clock or the sleeping function in, and replace it in the test.", "sleeps"),
    "retried": (
        "waited before another attempt",
        "Let it not wait in tests: a copy of the settings with one attempt, or with no back-off.",
        "retries",
    ),
    "sockets": ("waited for a socket", "Put a stand-in in the place of what is called there.", "sockets"),
    "subprocesses": (
        "waited for a subprocess",
        "Put a stand-in in the place of what is started there, and keep one test of the real program.",
        "subprocesses",
    ),
    "locks": (
        "waited for a thread or a lock",
        "Let the test do the work itself in place of a thread, or set the event for which it waits.",
        "locks",
    ),
    "waited": ("waited", "Put a stand-in in the place of what is called there.", "sockets"),
    COMPUTED: (COMPUTED, "Give it less to do: smaller data, fewer rounds, a cheaper setting for tests.", "computing"),
}
_NO_WAIT = {
    "tenacity": 'Let it not wait in tests: monkeypatch.setattr(function.retry, "wait", tenacity.wait_none()).',
    "stamina": "Let it not wait in tests: stamina.set_testing(True), and False afterwards.",
}
_BREAKER = (
    "If it waits until {0} lets calls through again: give the live circuit breaker a short time-out for the test."
)
# The same where the fixtures of the fast-test kit are there.
_KIT = (Path(__file__).parents[2] / "fixtures" / "__init__.py").exists()
_WITH_THE_KIT = {
    "slept": "Take the fixture `virtual_clock`: sleeping then moves the time and costs nothing.",
    "retried": "Take the fixture `fast_retry_config` (one attempt), or `mocked_retry` (all attempts, no waiting).",
}
_BREAKER_WITH_THE_KIT = "If it waits until {0} lets calls through again: take the fixture `fast_resilience_config`."
_WORKFLOW = "It does several things: test the steps alone, with stand-ins, and keep one short test of the whole."
_SHARE = 'If tests only read what the fixture `{0}` makes, set it up once: @pytest.fixture(scope="session").'


def explained(row: Row, alone: Alone) -> str:
    """Give both times, what took them, and what to do."""
    assert alone.row is not None
    owned = alone.row.owned
    again = f"was still running after {seconds(owned)}, and stopped" if alone.running else seconds(owned)
    first = f"{name_of(row)} took {seconds(row.owned)}, alone {again}."
    causes = _to_scale(alone)
    if not causes:
        return f"{first}\n{_by_the_account(alone)}"
    lines = [f"    {cause.seconds:.2f} s {_line(cause)}" for cause in causes[:_SHOWN] if cause.seconds >= owned / 20]
    return "\n".join([first, *lines, *_cures(causes, alone)])


def in_short(alone: Alone) -> str:
    """Give what took most of its time, and the first thing to do about that; nothing where it is not known."""
    causes = _to_scale(alone)
    return f"{causes[0].seconds:.2f} s {_line(causes[0])}. {_cures(causes, alone)[0]}" if causes else ""


def unknown(row: Row, alone: Alone) -> str:
    """Say why a suspect is neither accused nor acquitted, and what to type."""
    nodeid = row.nodeid if isinstance(row, TestTiming) else row.user
    command = f"python -m pytest --durations=0 -vv {shlex.quote(nodeid)}"
    return f"{name_of(row)} took {seconds(row.owned)}, and {alone.why}\nLook at it alone:\n\n    {command}"


def _to_scale(alone: Alone) -> list[Cause]:
    """Give the causes, less what watching and queueing have added; none if they explain less than half."""
    assert alone.row is not None
    own = [cause for cause in alone.causes if cause.kind in ("slept", "retried")]
    others = [cause for cause in alone.causes if cause.kind not in ("slept", "retried")]
    slept, rest = sum(cause.seconds for cause in own), sum(cause.seconds for cause in others)
    if slept + rest < alone.row.owned / 2:
        return []
    factor = min(1.0, max(0.0, alone.row.owned - slept) / rest) if rest else 0.0
    own += [cause._replace(seconds=cause.seconds * factor) for cause in others]
    return sorted(own, key=lambda cause: -cause.seconds)


def _line(cause: Cause) -> str:
    by = f", as {cause.retried} does" if cause.retried else ""
    by += f" ({cause.library})" if cause.library else ""
    where = f" at {cause.where}" if cause.where else ""
    when = f"the {cause.phase}" + (f" of the fixture `{cause.fixture}`" if cause.fixture else "")
    return f"{_KINDS[cause.kind][0]}{by}{where}, in {when}"


def _cures(causes: list[Cause], alone: Alone) -> list[str]:
    main = main_part(causes)
    if not main:
        return _linked(_WORKFLOW, "workflows")
    kind, retried, fixture = main[0].kind, main[0].retried, main[0].fixture
    cure = _WITH_THE_KIT.get(kind, "") if _KIT else _NO_WAIT.get(retried, "")
    cures = _linked(cure or _KINDS[kind][1], _KINDS[kind][2])
    own = "" if isinstance(alone.row, FixtureTiming) or alone.row is None else alone.row.nodeid.split("::")[0]
    if alone.breaker and any(cause.kind == "slept" and cause.where.startswith(f"{own}:") for cause in causes):
        cures.append((_BREAKER_WITH_THE_KIT if _KIT else _BREAKER).format(alone.breaker))
    if fixture and getattr(alone.row, "scope", "") != "session":
        cures += _linked(_SHARE.format(fixture), "fixtures")
    return cures


def _linked(cure: str, anchor: str) -> list[str]:
    return [cure, f"tests/meta/README.md#slow-{anchor}"]


def _by_the_account(alone: Alone) -> str:
    assert alone.row is not None
    computed, waited = seconds(alone.row.cpu), seconds(alone.row.owned - alone.row.cpu)
    others = f"its child processes computed {seconds(alone.children)}, its other threads {seconds(alone.threads)}"
    more = f"({alone.trouble or 'too little of it could be seen'}.)"
    if "not installed" in more:
        more = "To be told where: pip install pyinstrument, and run this again."
    return f"It computed for {computed} and waited for {waited}; {others}.\n{more}"

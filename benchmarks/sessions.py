"""Sessions of trivial tests: plain, with coverage, with the regime, and as others judge them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.detection.projects import plugin_path
from benchmarks.experiments import Experiment, Ground, Prepared
from benchmarks.figures import Cost, Variant
from benchmarks.measuring import Ended, run
from benchmarks.suites import (
    SETTINGS,
    VERDICTS,
    NotCountedError,
    add_regime,
    checked,
    counted,
    make_baseline,
    write_suite,
)
from tests.baking import ROOT

PLAIN, PLAIN_REGIME = "pytest", "pytest with the regime"
BASE, REGIME = "pytest --cov", "pytest --cov with the regime"
ORIGINAL, PEERS = "three child runs", "fail-slow, durations, fail_under"
NO_REPORT, NO_REPORT_REGIME = "pytest --cov, no report", "pytest --cov with the regime, no report"
CHILDREN = 3  # of the original regime: one for each of its verdicts
ON_COVERAGE = 4  # verdicts that a session without --cov does not judge
PLUGINS = ("pytest-fail-slow", "pytest-durations")
PEER_SETTINGS = SETTINGS + "\n[tool.coverage.report]\nfail_under = 1\n"
# What only their plugins say, and coverage's fail_under.
PEER_WORDS = ("fixture duration top", "test call duration top", "Required test coverage of 1.0% reached")
COVERAGE = ("--cov=synthetic",)
ALL_ONCE = (BASE, REGIME, ORIGINAL, PEERS)


@dataclass(frozen=True)
class Case:
    """A suite: how many tests, lines beside them, and workers of xdist; and which variants."""

    tests: int
    variants: tuple[str, ...]
    lines: int = 0
    workers: int = 0


def pytest_in(
    folder: Path, *typed: str, python: str | Path = sys.executable, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a session in a folder."""
    return run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *typed], folder, environment)


def peers_typed() -> tuple[tuple[str, ...], dict[str, str]]:
    """Give what is typed for the peers, and the environment in which their plugins load."""
    folders = [str(plugin_path(name)) for name in PLUGINS]
    separator = ";" if sys.platform == "win32" else ":"
    return ("--fail-slow=60", "--fail-slow-setup=60"), {"PYTHONPATH": separator.join(folders)}


def prove_peers(folder: Path) -> None:
    """Show that the peers judge: a slow test fails, a low coverage fails, and without these all is green."""
    typed, environment = peers_typed()
    write_suite(folder, 4)
    (folder / "pyproject.toml").write_text(PEER_SETTINGS, encoding="utf-8")
    checked("the peers", pytest_in(folder, *COVERAGE, *typed, environment=environment), {"passed": 4}, PEER_WORDS)
    low = pytest_in(folder, *COVERAGE, *typed, "--cov-fail-under=99", environment=environment)
    if low.status == 0 or "Required test coverage of 99% not reached" not in low.output:
        raise NotCountedError(f"the peers let a low coverage pass:\n{low.output[-2000:]}")
    slow = "import time\n\n\ndef test_slow() -> None:\n    time.sleep(0.4)\n"
    (folder / "tests" / "test_slow.py").write_text(slow, encoding="utf-8")
    told = pytest_in(folder, *COVERAGE, "--fail-slow=0.2", environment=environment)
    if told.status == 0 or counted(told.output) != {"failed": 1, "passed": 4}:
        raise NotCountedError(f"the peers let a planted slow test pass:\n{told.output[-2000:]}")


@dataclass(frozen=True)
class Way:
    """One way to run a suite: where, what is typed, what must come of it, and how many sessions it takes."""

    name: str
    folder: Path
    typed: tuple[str, ...]
    counts: Mapping[str, int]
    words: tuple[str, ...] = ()
    sessions: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)

    def once(self) -> Cost:
        """Run it."""
        ended = [pytest_in(self.folder, *self.typed, environment=self.environment) for _ in range(self.sessions)]
        return Cost.of(*(checked(self.name, each, self.counts, self.words) for each in ended))

    def collected(self) -> None:
        """Warm up without running tests: all is read and compiled."""
        if self.sessions > 1:
            return  # in the folder of another, by the same command
        ended = pytest_in(self.folder, *self.typed, "--collect-only", environment=self.environment)
        if ended.status:
            raise NotCountedError(f"exit status {ended.status} while tests were collected\n{ended.output[-3000:]}")


def prepared(case: Case, ground: Ground) -> Prepared:
    """Write the suites of a case, and say how each variant is run."""
    here = ground.scratch
    without, regime, peers = here / "without", here / "regime", here / "peers"
    workers = ("-n", str(case.workers)) if case.workers else ()
    write_suite(without, case.tests, case.lines)
    if {REGIME, PLAIN_REGIME, NO_REPORT_REGIME}.intersection(case.variants):
        write_suite(regime, case.tests, case.lines)
        add_regime(ROOT, regime, here)
        make_baseline(regime, workers)
    passed, with_verdicts = {"passed": case.tests}, {"passed": case.tests + VERDICTS}
    without_coverage = {"passed": case.tests + VERDICTS - ON_COVERAGE, "skipped": ON_COVERAGE}
    covered = (*COVERAGE, *workers)
    no_report = (*covered, "--cov-report=")
    ways = [
        Way(PLAIN, without, workers, passed),
        Way(PLAIN_REGIME, regime, workers, without_coverage),
        Way(BASE, without, covered, passed),
        Way(REGIME, regime, covered, with_verdicts),
        Way(ORIGINAL, without, covered, passed, sessions=CHILDREN),
        Way(NO_REPORT, without, no_report, passed),
        Way(NO_REPORT_REGIME, regime, no_report, with_verdicts),
    ]
    if PEERS in case.variants:
        prove_peers(here / "proof")
        write_suite(peers, case.tests, case.lines)
        (peers / "pyproject.toml").write_text(PEER_SETTINGS, encoding="utf-8")
        typed, environment = peers_typed()
        ways.append(Way(PEERS, peers, (*covered, *typed), passed, PEER_WORDS, environment=environment))
    return Prepared(
        [
            Variant(way.name, way.once, way.collected if case.tests > 1 else None)
            for way in ways
            if way.name in case.variants
        ]
    )


def experiment(name: str, case: Case, rounds: int) -> Experiment:
    """Make an experiment of a case."""
    return Experiment(name, rounds, vars(case), partial(prepared, case))

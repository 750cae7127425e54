"""Sessions with and without the regime on other Pythons, and with each of the ways in which coverage.py can measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.experiments import BUILD, Experiment, Ground, Prepared
from benchmarks.figures import Cost, Variant
from benchmarks.sessions import BASE, COVERAGE, REGIME, pytest_in
from benchmarks.suites import SETTINGS, VERDICTS, add_regime, checked, make_baseline, write_suite
from real.matrix import interpreters
from real.workshop import TOOLS, constraints, environment_in
from tests.baking import ROOT

# diff-cover and pyinstrument are what a project is told to install beside the regime.
NEEDED = (*TOOLS, "diff-cover", "pyinstrument")
# What measured is asked of coverage.py itself, in every session: it falls back silently where it cannot.
CONFTEST = """\


import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    import coverage

    measuring = coverage.Coverage.current()
    collector = measuring and measuring._collector
    session.config.measured_by = collector and collector.tracer_name()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(f"lines were measured by {config.measured_by}")
"""


@dataclass(frozen=True)
class Way:
    """A Python, a core of coverage.py's, and whether branches are measured; `wanted` where it has to be there."""

    python: str
    core: str
    branches: bool
    wanted: bool = True

    @property
    def name(self) -> str:
        """What the report calls it."""
        return f"Python {self.python}, {self.core}, {'branches' if self.branches else 'lines only'}"

    @property
    def said(self) -> str:
        """What a session says that measures in this way."""
        return f"lines were measured by {'CTracer' if self.core == 'C tracer' else 'SysMonitor'}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes coverage.py measure in this way."""
        return {"COVERAGE_CORE": "ctrace" if self.core == "C tracer" else "sysmon"}


# Before 3.14, coverage.py measures no branches by sys.monitoring; before 3.12 there is none.
WAYS = (
    Way("3.11", "C tracer", branches=True),
    Way("3.13", "C tracer", branches=True),
    Way("3.13", "C tracer", branches=False),
    Way("3.13", "sysmon", branches=False),
    Way("3.14", "C tracer", branches=True, wanted=False),
    Way("3.14", "sysmon", branches=True, wanted=False),
)


def named(way: Way, what: str) -> str:
    """Give the name of a variant."""
    return f"{way.name}: {what}"


def _suite(folder: Path, tests: int, way: Way) -> None:
    write_suite(folder, tests)
    settings = SETTINGS if way.branches else SETTINGS.replace("branch = true", "branch = false")
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    (folder / "tests" / "conftest.py").write_text(CONFTEST.lstrip(), encoding="utf-8")


def _cost(name: str, folder: Path, python: Path, way: Way, passed: int) -> Cost:
    ended = pytest_in(folder, *COVERAGE, python=python, environment=way.environment)
    return Cost.of(checked(name, ended, {"passed": passed}, [way.said]))


def prepared(tests: int, ground: Ground) -> Prepared:
    """Make an environment for each Python that is here, and in each way a suite with and one without the regime."""
    found = interpreters(sorted({way.python for way in WAYS}))
    variants, missing = [], {}
    for number, way in enumerate(WAYS):
        if way.python not in found:
            if way.wanted:
                missing[way.name] = f"Python {way.python} is neither in pyenv nor on PATH"
            continue
        base = found[way.python]
        python = environment_in(BUILD / "environments", f"python{way.python}", base, NEEDED, constraints({}))
        without, regime = ground.scratch / f"without{number}", ground.scratch / f"regime{number}"
        _suite(without, tests, way)
        _suite(regime, tests, way)
        add_regime(ROOT, regime, ground.scratch)
        make_baseline(regime, (), python, way.environment)
        for what, folder, passed in ((BASE, without, tests), (REGIME, regime, tests + VERDICTS)):
            name = named(way, what)
            variants.append(Variant(name, partial(_cost, name, folder, python, way, passed)))
    return Prepared(variants, missing, {"not here": ", ".join(sorted({w.python for w in WAYS} - set(found)))})


def experiment(tests: int, rounds: int) -> Experiment:
    """Make the experiment for suites of so many tests."""
    ways = [way.name for way in WAYS]
    return Experiment("pythons", rounds, {"tests": tests, "ways": ways}, partial(prepared, tests))

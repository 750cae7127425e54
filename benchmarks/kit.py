"""What the fixtures of the fast-test kit cost a test, beside a bare fixture and beside freezegun's own `freeze_time`.

Each variant is a session of the same trivial tests, which ask for one fixture. The suite imports pybreaker and
tenacity, has breakers and a retry, and fills up `sys.modules`: what freezing costs grows with the number of modules.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.experiments import Experiment, Ground, Prepared
from benchmarks.figures import Cost, Round, Variant, added
from benchmarks.sessions import pytest_in
from benchmarks.suites import SETTINGS, NotCountedError, add_regime, checked
from tests.baking import ROOT

PLAIN, FEW_PLAIN = "no fixture, without the kit", "no fixture, without the kit, fewer tests"
NOTHING, FEW, BARE = "no fixture", "no fixture, fewer tests", "monkeypatch.setattr"
FREEZE, CLOCK, SLEEPING = "freeze_time", "virtual_clock", "virtual_clock, sleeping"
# What each is compared with.
PEERS = {
    BARE: NOTHING,
    "fast_resilience_config": NOTHING,
    "fast_retry_config": NOTHING,
    "mocked_retry": NOTHING,
    FREEZE: FEW,
    CLOCK: FEW,
    SLEEPING: CLOCK,
}
SLEEPS = 100  # in one test
BREAKERS = 20
WITHOUT_KIT = (PLAIN, FEW_PLAIN)
# Freezing takes milliseconds: a tenth of the tests is enough.
LONGER = (FEW_PLAIN, FEW, FREEZE, CLOCK, SLEEPING)
NEEDED = ("pybreaker", "tenacity", "freezegun")
PACKAGE = f'''\
"""Code as the kit is for: breakers, and something that retries."""

import pybreaker
import tenacity

BREAKERS = [pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60) for _ in range({BREAKERS})]


@tenacity.retry(stop=tenacity.stop_after_attempt(5), wait=tenacity.wait_fixed(10))
def fetched() -> int:
    """Retry."""
    return 1
'''
CONFTEST = """\
import sys
from types import ModuleType

import pytest
from freezegun import freeze_time

import synthetic

for number in range({modules} - len(sys.modules)):
    module = ModuleType(f"filled_up_{{number}}")
    vars(module).update({{f"name_{{one}}": object() for one in range(40)}})
    sys.modules[module.__name__] = module


@pytest.fixture
def bare(monkeypatch):
    monkeypatch.setattr(synthetic, "fetched", None)


@pytest.fixture
def frozen():
    with freeze_time():
        yield
"""
ASKED = {BARE: "bare", FREEZE: "frozen", SLEEPING: CLOCK, **dict.fromkeys((PLAIN, FEW_PLAIN, NOTHING, FEW), "")}
VARIANTS = (PLAIN, NOTHING, FEW_PLAIN, FEW, *PEERS)


def asking(name: str, tests: int) -> int:
    """Tell how many tests a variant's session has."""
    return max(1, tests // 10) if name in LONGER else tests


def resetting(rounds: Sequence[Round], figure: Callable[[Cost], float]) -> list[float]:
    """Give what the kit adds to the tests that there are more of in the longer sessions: its start-up falls out."""
    many, few = (added(rounds, one, base, figure) for one, base in ((NOTHING, PLAIN), (FEW, FEW_PLAIN)))
    return [more - less for more, less in zip(many, few, strict=True)]


def _write(folder: Path, tests: int, modules: int) -> None:
    (folder / "synthetic").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "synthetic" / "__init__.py").write_text(PACKAGE, encoding="utf-8")
    (folder / "tests" / "conftest.py").write_text(CONFTEST.format(modules=modules), encoding="utf-8")
    for number, name in enumerate(VARIANTS):
        fixture = ASKED.get(name, name)
        body = f"    for _ in range({SLEEPS}):\n        time.sleep(1)" if name == SLEEPING else "    assert True"
        text = ["import time"]
        text += [f"\n\ndef test_{each}({fixture}):\n{body}" for each in range(asking(name, tests))]
        (folder / "tests" / f"test_{number}.py").write_text("\n".join(text) + "\n", encoding="utf-8")


def _cost(name: str, folder: Path, number: int, tests: int) -> Cost:
    no_verdicts = () if name in WITHOUT_KIT else ("--no-meta",)
    ended = pytest_in(folder, *no_verdicts, f"tests/test_{number}.py")
    return Cost.of(checked(name, ended, {"passed": asking(name, tests)}))


def prepared(tests: int, modules: int, ground: Ground) -> Prepared:
    """Write the suite, once as it is, and once with the kit."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise NotCountedError(f"{', '.join(missing)} must be installed")
    without, kit = ground.scratch / "without", ground.scratch / "kit"
    _write(without, tests, modules)
    _write(kit, tests, modules)
    add_regime(ROOT, kit, ground.scratch)
    variants = [
        Variant(name, partial(_cost, name, without if name in WITHOUT_KIT else kit, number, tests))
        for number, name in enumerate(VARIANTS)
    ]
    return Prepared(variants)


def experiment(tests: int, modules: int, rounds: int) -> Experiment:
    """Make the experiment for so many tests in each session, beside so many modules."""
    settings = {"tests": tests, "modules": modules, "sleeps": SLEEPS, "breakers": BREAKERS, "variants": VARIANTS}
    return Experiment("kit", rounds, settings, partial(prepared, tests, modules))

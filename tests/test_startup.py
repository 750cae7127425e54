"""What a session loads of the regime: in the one that judges nothing, hooks and little else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sample import copy_of, session, write

# What only judging, a switched-on rule, a typed option or a used fixture needs.
WHEN_NEEDED = (
    "extras._ci_commands",
    "extras._stored_record",
    "extras.confirm.",
    "extras.known_slow.",
    "extras.prove.",
    "extras.ratchet.",
    "extras.report.",
    "extras.reuse.",
    "extras.shards.",
    "extras.side_effects.watching",
    "extras.start_here.",
    "extras.slowdown.judging",
    "extras.wiring.",
    "fixtures.adapters",
    "fixtures.breakers",
    "fixtures.clock.loops",
    "fixtures.libraries",
    "fixtures.settings",
)
PRICES = "tests/unit/test_prices.py"
AT_MOST = 83  # modules
TELLS = """
import sys

def pytest_unconfigure():
    print("LOADED", *(name for name in sys.modules if name.startswith("meta_regime.")))
"""


@pytest.fixture
def whole(pristine_whole: Path, tmp_path: Path) -> Path:
    return copy_of(pristine_whole, tmp_path / "shop")


def loaded(project: Path, *typed: str) -> list[str]:
    """Give the modules of the regime that a session has loaded."""
    write(project, {"tells.py": TELLS})
    said = session(project, "-p", "tells", *typed)
    assert said.status == 0, said.text
    line = next(line for line in said.text.splitlines() if line.startswith("LOADED "))
    return [name.removeprefix("meta_regime.") for name in line.split()[1:]]


@pytest.mark.parametrize(
    "typed", [("tests/unit/test_prices.py::test_nothing",), ("-k", "nothing"), ("--no-meta",)], ids=" ".join
)
def test_a_session_that_judges_nothing_loads_little(typed: tuple[str, ...], whole: Path) -> None:
    found = loaded(whole, *typed)
    assert [name for name in found if name.startswith(WHEN_NEEDED)] == []
    assert "session" in found
    assert len(found) <= AT_MOST, found


def test_an_adapter_is_loaded_when_its_kit_is_used(whole: Path) -> None:
    write(whole, {"tests/unit/test_kit.py": "def test_it(fast_resilience_config): ...\n"})
    found = loaded(whole, "tests/unit/test_kit.py")
    assert {"fixtures.adapters.pybreaker", "fixtures.breakers"} <= {*found}

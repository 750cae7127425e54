"""A library of breakers that is first imported while a test is at work: that test, too, leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from tests.kit.test_fixtures import project, session

__all__ = ["project"]
CODE = """\
import sys

import pytest

assert "pybreaker" not in sys.modules
made = {}


def opened(name):
    import pybreaker

    made[name] = pybreaker.CircuitBreaker(fail_max=1)
    made[name].open()


@pytest.fixture(scope="module")
def wide():
    if WIDE:
        opened("wide")


@pytest.fixture
def narrow(wide):
    if not WIDE:
        opened("narrow")
    yield
    assert {name: each.current_state for name, each in made.items()} == dict.fromkeys(made, "open")


def test_first(narrow):
    opened("own")


def test_second():
    states = {name: each.current_state for name, each in made.items()}
    assert states == {"own": "closed", **({"wide": "open"} if WIDE else {"narrow": "closed"})}
"""


def test_what_it_made_is_closed_before_the_next_test(project: Path) -> None:
    for wide in (False, True):
        (project / "tests" / "test_first.py").write_text(f"WIDE = {wide}\n{CODE}")
        status, text = session(project, "", "tests/test_first.py")
        assert status == 0, text


def test_the_index_of_libraries_is_right() -> None:
    from meta_regime.fixtures import libraries
    from meta_regime.fixtures.plugin import BREAKERS

    assert {name.partition(".")[0] for name in libraries._hooks(libraries.TRACKING)} == BREAKERS

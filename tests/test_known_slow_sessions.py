"""known_slow.toml in sessions: stale entries are red, and `--meta-accept` trims them after a whole green run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.sample import SLOW, Said, delete_extras, policy, session, write

CURRENT = "test_known_slow_list_is_current"
LIST = "tests/meta/known_slow.toml"
SLEEPS = "import time\nimport pytest\n\n\n"
for _name, _seconds in (("fast", 0), ("slow", 0.7), ("ended", 0.7)):
    SLEEPS += f"def test_{_name}():\n    time.sleep({_seconds})\n\n\n"
SLEEPS += "@pytest.mark.skip(reason='not here')\ndef test_skipped():\n    pass\n"


def written(name: str, until: str = "2999-01-01") -> str:
    test = name if "*" in name else f"tests/unit/test_sleeps.py::{name}"
    return f'[[known_slow]]\ntest = "{test}"\nseconds = 3\nreason = "because"\nuntil = {until}\n\n'


NEEDED = written("test_slow") + written("test_skipped")
NEEDLESS = {"fast": written("test_fast"), "gone": written("test_gone"), "glob": written("no/such/*")}
ENDED = written("test_ended", "2020-01-01")


@pytest.fixture
def sleepy(project: Path) -> Path:
    policy(project, "[coverage]\nminimum = 0\n[slow_tests]\nlimit_seconds = 0.4\n")
    write(project, {"tests/unit/test_sleeps.py": SLEEPS, LIST: "# mine\n\n" + NEEDED})
    return project


def outcome(said: Said) -> tuple[str, str]:
    return said.outcomes[CURRENT], said.outcomes[SLOW]


WAYS = {"plain": ["--cov"], "-n 2": ["--cov", "-n", "2"], "child": ["tests/meta"]}


@pytest.mark.parametrize("way", WAYS)
def test_stale_entries_are_red_and_trimmed_on_demand(way: str, sleepy: Path) -> None:
    text = "# mine\n\n" + NEEDLESS["fast"] + NEEDED + NEEDLESS["gone"] + NEEDLESS["glob"] + ENDED
    write(sleepy, {LIST: text})
    said = session(sleepy, *WAYS[way])
    assert outcome(said) == ("failed", "failed"), said.text
    message = said.messages[CURRENT]
    assert f"4 entries of {LIST} are out of date." in message
    assert "entry 1: tests/unit/test_sleeps.py::test_fast\n        is fast now: it takes 0.0" in message
    assert "entry 4: tests/unit/test_sleeps.py::test_gone\n        no test of the suite has this id." in message
    assert "entry 5: no/such/*\n        matches no test of the suite. Delete the entry." in message
    assert "entry 6: tests/unit/test_sleeps.py::test_ended\n        ended on 2020-01-01, and it still takes" in message
    assert "python -m pytest tests/meta --meta-accept\n\nIt deletes entry 1, 4, 5; the others are for" in message
    said = session(sleepy, *WAYS[way], "--meta-accept")
    assert outcome(said) == ("failed", "failed"), said.text
    assert "1 entry of tests/meta/known_slow.toml is out of date." in said.messages[CURRENT]
    assert "entry 3: tests/unit/test_sleeps.py::test_ended" in said.messages[CURRENT]
    assert f"meta-tests: {LIST}: 3 deleted: tests/unit/test_sleeps.py::test_fast, tests/" in said.text
    assert (sleepy / LIST).read_text() == "# mine\n\n" + NEEDED + ENDED
    write(sleepy, {LIST: (sleepy / LIST).read_text().replace("2020-01-01", "2999-01-01")})
    said = session(sleepy, *WAYS[way], "--meta-accept")
    assert (outcome(said), said.status) == (("passed", "passed"), 0), said.text
    assert f"meta-tests: {LIST} is as it was" in said.text


@pytest.mark.parametrize(
    ("files", "typed", "why"),
    [
        (
            {"tests/unit/test_bad.py": "def test_bad():\n    assert 0\n"},
            [],
            " in .*known_slow.toml.*: tests of the suite",
        ),
        ({}, ["-k", "not basket"], ": partial run"),
        ({}, ["tests/unit/test_sleeps.py"], ": not judged: partial run"),
    ],
)
def test_nothing_is_trimmed_after_less_than_a_whole_green_run(
    files: dict[str, str], typed: list[str], why: str, sleepy: Path
) -> None:
    write(sleepy, {**files, LIST: NEEDED + NEEDLESS["fast"]})
    said = session(sleepy, *typed, "--meta-accept")
    assert re.search(f"meta-tests: --meta-accept has stored nothing{why}", said.text), said.text
    assert said.status == 1
    assert (sleepy / LIST).read_text() == NEEDED + NEEDLESS["fast"]


def test_a_list_that_cannot_be_written_is_said(sleepy: Path) -> None:
    inline = '{test = "no/such::test", seconds = 1, reason = "because", until = 2999-01-01}'
    write(sleepy, {LIST: f"known_slow = [{inline}]\n", "tests/unit/test_sleeps.py": ""})
    said = session(sleepy, "--meta-accept")
    assert said.outcomes[CURRENT] == "failed"
    assert f"has stored nothing in {LIST}: its entries cannot be told apart line by line; delete them by" in said.text
    assert (sleepy / LIST).read_text() == f"known_slow = [{inline}]\n"


def test_no_list_excuses_nothing_and_passes(sleepy: Path) -> None:
    (sleepy / LIST).unlink()
    said = session(sleepy)
    assert outcome(said) == ("passed", "failed"), said.text
    assert "each with the reason filled in:\n\n    [[known_slow]]\n    test = " in said.messages[SLOW]


@pytest.mark.parametrize("kept", ["known_slow", "none of them"])
def test_the_option_is_there_while_one_extra_that_stores_is(kept: str, sleepy: Path) -> None:
    delete_extras(sleepy, *({"known_slow", "ratchet", "slowdown"} - {kept}))
    write(sleepy, {"tests/unit/test_sleeps.py": ""})
    said = session(sleepy, "--meta-accept")
    assert ("unrecognized" in said.text) is (kept == "none of them"), said.text
    assert (CURRENT in said.outcomes) is (kept == "known_slow")


def test_without_the_extra_nothing_is_excused(sleepy: Path) -> None:
    delete_extras(sleepy, "known_slow")
    said = session(sleepy)
    assert CURRENT not in said.outcomes
    assert said.outcomes[SLOW] == "failed"
    assert "Ways out of this: tests/meta/README.md" in said.messages[SLOW]

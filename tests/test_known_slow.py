"""known_slow.toml: what it excuses, what it refuses, and the entry that is offered for pasting."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.extras.known_slow.entries import KnownSlow, entry_to_paste, load_known_slow
from meta_regime.policy import PolicyError
from meta_regime.verdict import load_standards

TODAY = datetime.date(2026, 11, 22)
ENTRY = KnownSlow("tests/test_a.py::test_b", 12.0, "waits for the emulator", TODAY)


def test_an_entry_excuses_its_test_up_to_its_seconds_until_its_date() -> None:
    assert ENTRY.excuses("tests/test_a.py::test_b", 12.0, TODAY)
    assert not ENTRY.excuses("tests/test_a.py::test_b", 12.01, TODAY)
    assert not ENTRY.excuses("tests/test_a.py::test_b", 1.0, TODAY + datetime.timedelta(days=1))
    assert not ENTRY.excuses("tests/test_a.py::test_c", 1.0, TODAY)


@pytest.mark.parametrize(
    ("written", "nodeid", "matches"),
    [
        ("tests/test_a.py::*", "tests/test_a.py::test_b[1-x]", True),
        ("tests/*::test_b[1]", "tests/test_a.py::test_b[1]", True),
        ("tests/*::test_b[1]", "tests/test_a.py::test_b1", False),
        ("tests/test_a.py::test_b[a*b]", "tests/test_a.py::test_b[a*b]", True),
        ("tests/test_a.py::test_b[?]", "tests/test_a.py::test_b[x]", False),
        ("tests/test_a.py::test_b[*]", "tests/test_a.py::test_b[two\nlines]", True),
        ("tests/test_a.py", "tests/test_a.py::test_b", False),
    ],
)
def test_only_the_star_is_special(written: str, nodeid: str, matches: bool) -> None:
    assert KnownSlow(written, 1.0, "why", TODAY).matches(nodeid) is matches


def test_no_file_is_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").touch()
    assert load_standards(tmp_path, TODAY).known_slow == ()


def test_entries_are_read(tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text(
        '[[known_slow]]\ntest = "tests/test_a.py::test_b"\nseconds = 12\n'
        'reason = "waits for the emulator"\nuntil = 2026-11-22\n'
    )
    assert load_known_slow(path) == (ENTRY,)


def test_everything_wrong_is_reported_at_once_and_an_empty_reason_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text(
        'entry = 1\nslow = 1\n[[known_slow]]\ntest = "a::b"\nseconds = 0\nreason = "  "\nuntil = "2027-01-31"\n'
        "[[known_slow]]\nsecond = 1\n"
    )
    with pytest.raises(PolicyError) as caught:
        load_known_slow(path)
    assert caught.value.problems == [
        "known_slow.toml: entry is unknown; entries are written under [[known_slow]]",
        "known_slow.toml: slow is unknown; entries are written under [[known_slow]]",
        "known_slow.toml: entry 1 (a::b): reason is empty; say why this test may be slow",
        "known_slow.toml: entry 1 (a::b): seconds must be a number above 0: what the test may take",
        "known_slow.toml: entry 1 (a::b): until must be a date without quotes, as in 2027-01-31",
        "known_slow.toml: entry 2 (no test named): reason is empty; say why this test may be slow",
        "known_slow.toml: entry 2 (no test named): second is unknown; known are: test, seconds, reason, until",
        "known_slow.toml: entry 2 (no test named): seconds must be a number above 0: what the test may take",
        "known_slow.toml: entry 2 (no test named): test must be a test's id, as in tests/unit/test_a.py::test_b",
        "known_slow.toml: entry 2 (no test named): until must be a date without quotes, as in 2027-01-31",
    ]


@pytest.mark.parametrize("text", ["[known_slow]\ntest = 1", "known_slow = [1]", "[[known_slow]"])
def test_other_shapes_are_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text(text)
    with pytest.raises(PolicyError, match=r"known_slow\.toml"):
        load_known_slow(path)


SECONDS = "seconds must be a number above 0: what the test may take"
UNTIL = "until must be a date without quotes, as in 2027-01-31"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("seconds = nan", SECONDS),
        ("seconds = inf", SECONDS),
        ("seconds = -1", SECONDS),
        (f"seconds = 1{'0' * 400}", SECONDS),
        ("seconds = true", SECONDS),
        ('seconds = "12"', SECONDS),
        ("until = 2027-01-31T12:00:00", UNTIL),
        ("until = 2027-01-31 12:00:00Z", UNTIL),
        ("until = 12:00:00", UNTIL),
        ('test = "*"', "test must be a test's id, as in tests/unit/test_a.py::test_b"),
        ('test = " ** "', "test must be a test's id, as in tests/unit/test_a.py::test_b"),
        ("test = 1", "test must be a test's id, as in tests/unit/test_a.py::test_b"),
        ("reason = 1", "reason is empty; say why this test may be slow"),
    ],
)
def test_one_wrong_value_is_refused(line: str, problem: str, tmp_path: Path) -> None:
    lines = {"test": 'test = "a::b"', "seconds": "seconds = 1", "reason": 'reason = "x"', "until": "until = 2027-01-31"}
    lines[line.split(maxsplit=1)[0]] = line
    path = tmp_path / "known_slow.toml"
    path.write_text("[[known_slow]]\n" + "\n".join(lines.values()))
    with pytest.raises(PolicyError) as caught:
        load_known_slow(path)
    (said,) = caught.value.problems
    assert said.startswith("known_slow.toml: entry 1 (")
    assert said.endswith(f": {problem}")


def test_one_test_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text('[[known_slow]]\ntest = "a::b"\nseconds = 1\nreason = "x"\nuntil = 2027-01-31\n' * 2)
    with pytest.raises(PolicyError) as caught:
        load_known_slow(path)
    assert caught.value.problems == ["known_slow.toml: entry 2 (a::b): the test of entry 1 again; leave one of the two"]


@pytest.mark.parametrize(("took", "allowed"), [(8.0, 10.0), (8.01, 10.5), (8.4, 10.5), (8.41, 11.0), (0.1, 0.5)])
def test_the_entry_to_paste_allows_a_quarter_more_for_ninety_days(took: float, allowed: float) -> None:
    assert entry_to_paste("a::b", took, TODAY) == (
        f"[[known_slow]]\ntest = 'a::b'\nseconds = {allowed}\nreason = ''\nuntil = 2027-02-20".replace("'", '"')
    )
    assert 'reason = "why"' in entry_to_paste("a::b", took, TODAY, "why")


@pytest.mark.parametrize(("seconds", "fits"), [("0.001", True), ("999999999", True), ("1e9", False), ("0.0", False)])
def test_seconds_are_more_than_none_and_have_an_end(seconds: str, fits: bool, tmp_path: Path) -> None:
    path = tmp_path / "known_slow.toml"
    path.write_text(f'[[known_slow]]\ntest = "a::b"\nseconds = {seconds}\nreason = "x"\nuntil = 2027-01-31\n')
    if fits:
        assert [entry.seconds for entry in load_known_slow(path)] == [float(seconds)]
        return
    with pytest.raises(PolicyError, match="seconds must be a number above 0"):
        load_known_slow(path)


IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(IDS, st.floats(0.01, 10_000))
def test_the_entry_to_paste_is_refused_until_somebody_writes_a_reason(nodeid: str, seconds: float) -> None:
    (table,) = tomllib.loads(entry_to_paste(nodeid, seconds, TODAY))["known_slow"]
    assert table["reason"] == ""
    assert KnownSlow(**{**table, "reason": "because"}).excuses(nodeid, seconds, TODAY)

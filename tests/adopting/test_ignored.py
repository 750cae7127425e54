from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.adopting.ignored import ENTRIES, with_ignored

ALL = list(ENTRIES)


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (None, ALL),
        ("dist/\n", ALL),
        ("*.py[cod]\n.coverage*\ngl-*.json\n", [".pytest_cache/"]),
        ("/.coverage\n**/.coverage.*\n.pytest_cache\n/gl-code-quality-report.json\n__pycache__/**\n", []),
        ("/__pycache__/\n.coverage/\n# .coverage\n", ALL),
        (".*\n__pycache__\n", ["gl-code-quality-report.json"]),
        ("*\n", []),
    ],
)
def test_what_is_missing_is_added_at_the_end(text: str | None, added: list[str]) -> None:
    after, remarks = with_ignored(text)
    assert after == (text or "") + "".join(f"{entry}\n" for entry in added)
    assert not remarks


def test_endings_are_kept_and_the_last_line_is_ended() -> None:
    assert with_ignored("*.json\r\n.coverage*\r\n*.pyc")[0] == "*.json\r\n.coverage*\r\n*.pyc\r\n.pytest_cache/\r\n"


def test_what_the_user_wants_in_git_stays_there() -> None:
    after, remarks = with_ignored(".coverage*\n!.coverage\n*.pyc\n*.json\n.pytest_cache\n")
    assert after == ".coverage*\n!.coverage\n*.pyc\n*.json\n.pytest_cache\n"
    assert "`!.coverage`" in remarks[0]


@given(st.text() | st.lists(st.sampled_from([*ALL, "!.coverage", "# a", "*.pyc", "", "\r\n"])).map("\n".join))
def test_the_second_time_nothing(text: str) -> None:
    once, _ = with_ignored(text)
    assert once.startswith(text)
    assert with_ignored(once)[0] == once

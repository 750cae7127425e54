"""Test ids, parameters, file names and messages that are hostile to whoever prints, stores or compares them."""

from __future__ import annotations

import os
from pathlib import Path

from real.faults.catalogue import fault
from real.faults.ground import JUDGING, Trial

_ANY = (*JUDGING, "shard")
_IDS = {
    "a line's end": "a\nb\r\nc",
    "half of a surrogate pair": "\ud800 x \udcff",
    "colons": "a::b::c::",
    "brackets": "[[x]]]][",
    "2,000 characters": "long" * 500,
    "text from right to left": "\u202eabc\u05d0\u05d1\u200f",
    "a NUL": "a\0b",
    "nothing at all": "",
    "a workflow command": "::error file=x::owned\n::set-output name=a::b",
    "Markdown and HTML": "|a|<img src=x onerror=alert(1)>](x)`${{ secrets.X }}",
    "escape sequences of a terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "quotes, for TOML and the shell": '\'; rm -rf "$HOME" #\'\'\'"""\\',
    "every kind of white space": " \t\x0b\x0c\x85\u2028\u2029 ",
    "a path upwards": "../../../../etc/passwd",
    "a format's braces": "{0} {x!r} %s %(a)s $x",
    "emoji and combining characters": "\U0001f600\u0301\u0301\u0301 \ufffe",
}


def _with_id(text: str, *, failing: bool = False) -> str:
    ending = "assert value == 'that was wrong', value" if failing else "assert isinstance(value, str)"
    return (
        "import pytest\n\nclass Text(str):\n    pass\n\n\n"
        f"@pytest.mark.parametrize('value', [{text!r}], ids=[{text!r}])\ndef test_id(value):\n    {ending}\n\n\n"
        f"@pytest.mark.parametrize('value', [{text!r}])\ndef test_value(value):\n    {ending}\n"
    )


def _names(words: str, text: str) -> None:
    @fault("names", f"ids with {words}", _ANY)
    def make(trial: Trial) -> None:
        failing = trial.rng.random() < 0.3
        path = trial.project / "tests" / "unit" / "test_fault_id.py"
        path.write_text(_with_id(text, failing=failing))
        trial.forgives |= {"accusation"} if failing else set()


for _words, _text in _IDS.items():
    _names(_words, _text)


@fault("names", "an id that pytest is given as it is, in its own nodeid", JUDGING)
def raw(trial: Trial) -> None:
    """Rename a test by a hook, past pytest's own escaping."""
    (trial.project / "tests" / "unit" / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n    for item in items:\n"
        "        if 'nothing' in item.nodeid:\n            item._nodeid = 'a\\nb\\x00::\\ud800[\\u202e'\n"
    )
    trial.changes |= {"tests/unit/conftest.py"}
    trial.forgives |= {"status", "traceback", "accusation"}  # pytest's own junit file breaks on it


@fault("names", "two tests of the same id", JUDGING)
def twice(trial: Trial) -> None:
    """Rename a test to the name of another."""
    (trial.project / "tests" / "unit" / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n    mine = [item for item in items if 'unit' in item.nodeid]\n"
        "    for item in mine[:2]:\n        item._nodeid = mine[0].nodeid\n"
    )
    trial.changes |= {"tests/unit/conftest.py"}
    trial.forgives |= {"status", "accusation"}


_FILES = {
    "spaces": "test_fault a b .py",
    "letters of other scripts": "test_fault_\u05d0\u00fc\u4e2d.py",
    "quotes and dollars": "test_fault_'\"$HOME`id`.py",
    "brackets and stars": "test_fault_[a]*?.py",
    "a line's end": "test_fault_a\nb.py",
    "255 bytes": "test_fault_" + "n" * 240 + ".py",
    "bytes that are no text": os.fsdecode(b"test_fault_\xff\xfe.py"),
}


def _file(words: str, name: str) -> None:
    @fault("names", f"a test file whose name has {words}", _ANY)
    def make(trial: Trial) -> None:
        (trial.project / "tests" / "unit" / name).write_text("def test_it(): ...\n")
        trial.forgives |= {"status", "accusation"}  # pytest itself may not be able to import it


for _words, _name in _FILES.items():
    _file(_words, _name)


@fault("names", "source files with hostile names", JUDGING)
def sources(trial: Trial) -> None:
    """Have files measured that are hard to write down."""
    for name in ("a b", "\u05d0\u202e", "q'\"|<b>", "star*[x]"):
        (trial.project / "src" / "shop" / f"{name}.py").write_text("one = 1\n")
    trial.forgives |= {"accusation"}  # they are uncovered
    trial.guilty = False


@fault("names", "a source file whose name is no text", JUDGING)
def source_of_bytes(trial: Trial) -> None:
    """Have a file measured whose name cannot be written as UTF-8."""
    Path(os.fsdecode(os.fsencode(trial.project / "src" / "shop") + b"/odd\xff.py")).write_text("one = 1\n")
    trial.forgives |= {"accusation", "status", "traceback"}  # coverage.py's own report breaks on it


@fault("names", "messages of failing tests with everything hostile", _ANY)
def messages(trial: Trial) -> None:
    """Fail with all texts at once."""
    trial.test(f"raise AssertionError({''.join(_IDS.values())!r})")
    trial.forgives |= {"accusation"}

"""What the tests of the ratchet do to a project: change it, judge it, look at its baseline."""

from __future__ import annotations

import json

from tests.in_git import Repository
from tests.sample import ALL_VERDICTS, Said, policy, session

GREEN = dict.fromkeys(ALL_VERDICTS, "passed")
BASELINE = "tests/meta/baseline.json"
WAYS = {"plain": ["--cov=src/shop"], "-n 2": ["--cov=src/shop", "-n", "2"], "child": ["tests/meta"]}
PRICES = "src/shop/prices.py"
ONE_MORE = "\n\ndef more():\n    return 2\n"


def judge(repository: Repository, *typed: str, ci: bool = False) -> Said:
    return session(repository.folder, *(typed or WAYS["plain"]), env={"CI": "1"} if ci else None)


def entries(repository: Repository) -> dict[str, int]:
    """Give how much of each file may be uncovered."""
    files = json.loads((repository.folder / BASELINE).read_text(encoding="utf-8"))["files"]
    return {path: row["lines"] + row["branches"] for path, row in files.items() if path != "~"}


def edit(repository: Repository, path: str, old: str, new: str) -> None:
    file = repository.folder / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def append(repository: Repository, path: str, text: str) -> None:
    file = repository.folder / path
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def no_changed_lines(repository: Repository) -> None:
    """Ask nothing of changed lines, which is another verdict."""
    policy(repository.folder, "[coverage]\nminimum = 1\nmodule_floor = 0\nchanged_lines_minimum = 0\n")

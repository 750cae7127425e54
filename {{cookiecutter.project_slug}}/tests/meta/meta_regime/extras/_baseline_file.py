"""The text of `baseline.json`, for the extras that keep something in it. Data in, data out; no files, no git.

Whatever may change is written on a line of its own, sorted, with a comma after each, so that git merges two branches'
changes: the `files` of the ratchet, and in each class of machines the `timings`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

NAME = "tests/meta/baseline.json"
FORMAT = 1
LAST = "~"  # sorts behind every path: the line before it has its comma, too
_END = "ends the list, so that each line above has its comma"


class BaselineError(Exception):
    """The file cannot be used. `problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def written(document: Mapping[str, Any]) -> str:
    """Give the text of a document."""
    lines = [f"{_json(name)}: {_json(value)}," for name, value in document.items() if name not in ("files", "timings")]
    if document.get("timings"):
        lines += ['"timings": {']
        for machine, places in sorted(document["timings"].items()):
            lines += [_json(machine) + ": {", *_listed(places), "},"]
        lines += [f"{_json(LAST)}: {_json(_END)}", "},"]
    return "\n".join(["{", *lines, '"files": {', *_listed(document.get("files", {})), "}", "}", ""])


def _listed(rows: Mapping[str, Any]) -> list[str]:
    lines = [f"{_json(name)}: {_json(row)}," for name, row in sorted(rows.items()) if name != LAST]
    return [*lines, f"{_json(LAST)}: {_json(_END)}"]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def read(text: str, problems: list[str]) -> dict[str, Any]:
    """Read a text, and add to the problems. Raises `BaselineError` where it is no such document at all."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(found)
        if len(row) < len(found):
            twice = [key for key, count in Counter(key for key, _ in found).items() if count > 1]
            problems.extend(f"{key} is there twice; keep the line with the smaller numbers" for key in twice)
        return row

    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise BaselineError([f"it is not valid JSON: {error}"]) from None
    document = document if isinstance(document, dict) else {}
    timings = document.setdefault("timings", {})
    for name in ("files", "timings"):
        if not isinstance(document.get(name), dict):
            raise BaselineError([lacks(name)])
    for rows in (timings, document["files"], *timings.values()):
        if isinstance(rows, dict):
            rows.pop(LAST, None)
    problems += [f'{name} in "timings" must be an object' for name, rows in timings.items() if type(rows) is not dict]
    if document.get("format") != FORMAT:
        problems.append(f"its format is {document.get('format')!r}, this version of tests/meta reads {FORMAT}")
    return document


def lacks(name: str) -> str:
    """Say that a part is missing."""
    return f'it must be an object with "{name}", an object, in it; take it back from git'


def sides(text: str) -> tuple[str, str] | None:
    """Give both sides of a text with the marks of a merge conflict; None if it has none."""
    ours, theirs, side = list[str](), list[str](), 0
    marks = {"<<<<<<<": 1, "|||||||": 2, "=======": 3, ">>>>>>>": 0}
    found = False
    for line in text.split("\n"):  # not at every character that splitlines takes for a line's end
        mark = re.match(r"([<|=>])\1{6}(?: |$)", line)
        if mark:
            side, found = marks[line[:7]], True
            continue
        ours += [line] if side in (0, 1) else []
        theirs += [line] if side in (0, 3) else []
    return ("\n".join(ours), "\n".join(theirs)) if found else None


def lesser(ours: Any, theirs: Any) -> Any:
    """Put two sides of `timings` together: all that is in either, and of each list of numbers the smaller one."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {**theirs, **{key: lesser(ours[key], theirs.get(key, ours[key])) for key in ours}}
    try:
        return min(ours, theirs)
    except TypeError:  # one of them is broken, which is said when it is read
        return ours

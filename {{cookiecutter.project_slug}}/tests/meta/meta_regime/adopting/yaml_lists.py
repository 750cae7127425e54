"""Puts an item behind the last one of a list in a YAML file: as text, so that nothing else can change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .edits import Problem, lines_of, with_lines
from .toml_edits import INSTALL

_Read = TypeVar("_Read")


def reader(name: str) -> Any:
    """Return ruamel.yaml's reader for a file of that name. Raises `Problem` where it is not installed."""
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise Problem(f"reading {name} takes the package ruamel.yaml. Type one of\n    {INSTALL}") from None
    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    return yaml


def read_by(read: Callable[[str], _Read], text: str, name: str) -> _Read:
    """Read a text by what calls the reader. Raises `Problem` if it is not YAML."""
    reader(name)  # says so where ruamel.yaml is not installed
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return read(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        where = f"{name}:{mark.line + 1}" if mark else name
        raise Problem(f"{where}: not valid YAML: {getattr(error, 'problem', None) or error}") from None


def value_of(root: Any, key: str) -> Any:
    """Return the node of a key in the table that a file is, or None."""
    pairs = root.value if root is not None and root.id == "mapping" else []
    return next((value for name, value in pairs if name.value == key), None)


def with_item(text: str, node: Any, item: Sequence[str]) -> str | None:
    """Insert behind a list's last line, before blank lines and comments that no longer belong to it.

    None if it is no list, or one in brackets.
    """
    if node.id != "sequence" or node.flow_style:
        return None
    lines = lines_of(text)
    column = node.start_mark.column
    last = min(node.end_mark.line + (node.end_mark.column > 0), len(lines))
    while last > 0 and _belongs_to_what_follows(lines[last - 1], column):
        last -= 1
    new = [f"{' ' * column}{line}" for line in item]
    blank_between = any(not line.strip() for line in lines[node.start_mark.line : last])
    return with_lines(text, last, ["", *new] if blank_between else new)


def _belongs_to_what_follows(line: str, column: int) -> bool:
    comment = line.lstrip(" ")
    return not line.strip() or (comment.startswith("#") and len(line) - len(comment) <= column)

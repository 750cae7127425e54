"""Changes TOML so that comments and order stay, by tomlkit; and makes sure that nothing else has changed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from .edits import Problem, newline_of, with_line_end

INSTALL = "pip install tomlkit ruamel.yaml\n    uv run tests/meta/adopt.py"
Meaning = Mapping[str, Any]


def parse_toml(text: str | None, name: str) -> dict[str, Any]:
    """Read TOML; a missing file is an empty one. Raises `Problem`."""
    try:
        return tomllib.loads(text or "")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Problem(f"{name} is not valid TOML: {error}") from None


def table_of(document: object, *keys: str) -> Meaning:
    """Return the table of some keys, an empty one if there is none."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document if isinstance(document, Mapping) else {}


def rewritten(
    text: str, change: Callable[[Any], object], as_meant: Callable[[dict[str, Any], dict[str, Any]], bool]
) -> str | None:
    """Change a document by tomlkit; None if that fails, or if before and after are not as meant. Raises `Problem`."""
    try:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError
    except ImportError:
        raise Problem(f"editing TOML files takes the package tomlkit. Type one of\n    {INSTALL}") from None
    windows = text.count("\r\n") == text.count("\n")
    try:
        document: Any = tomlkit.parse(text.replace("\r\n", "\n") if windows else text)
        change(document)
        result: str = document.as_string().replace("\n", "\r\n" if windows else "\n")
        good = as_meant(tomllib.loads(text), tomllib.loads(result))
    except (TOMLKitError, tomllib.TOMLDecodeError, LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    return result if good else None


def with_table(text: str, keys: tuple[str, ...], lines: list[str]) -> str | None:
    """Add a new table at the end; None if that is not what the text then says."""
    newline = newline_of(text)
    head = [""] if text else []
    result = with_line_end(text) + newline.join([*head, f"[{'.'.join(keys)}]", *lines, ""])
    expected: Any = tomllib.loads(text)
    node = expected
    try:
        for key in keys[:-1]:
            node = node.setdefault(key, {})
        node[keys[-1]] = tomllib.loads("\n".join(lines))
        return result if tomllib.loads(result) == expected else None
    except (tomllib.TOMLDecodeError, TypeError, AttributeError):
        return None

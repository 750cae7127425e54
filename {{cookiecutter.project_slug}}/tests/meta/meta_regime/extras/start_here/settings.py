"""Sets keys in the text of `policy.toml`, and leaves everything else as it is: comments, order, line endings."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from .._toml_text import toml_string

_HEAD = re.compile(r"""\s*\[\s*(?P<name>[^\[\]#]+?)\s*\]\s*(#.*)?""")
_KEY = re.compile(
    r"""(?P<before>\s*(?P<key>[\w-]+|"[^"]*"|'[^']*')\s*=\s*)"""
    r"""(?P<value>"[^"\\]*"|'[^']*'|\[[^\]#]*\]|[^#\s]+)(?P<after>\s*(?:\#.*)?)"""
)
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class CannotSetError(Exception):
    """The text is written in a way that is not understood here. The message has the lines that a person can write."""


@dataclass(frozen=True)
class Setting:
    """A key's value: `table` as its header says, as in "coverage.floors"; `was` says in words what it is instead of."""

    table: str
    key: str
    value: float | str | tuple[str, ...]
    was: str

    def __str__(self) -> str:
        key = self.key if _BARE.fullmatch(self.key) else toml_string(self.key)
        return f"{key} = {self.written}"

    @property
    def written(self) -> str:
        """The value as TOML has it."""
        if isinstance(self.value, tuple):
            return f"[{', '.join(map(toml_string, self.value))}]"
        return toml_string(self.value) if isinstance(self.value, str) else repr(self.value)


def with_settings(text: str, settings: Sequence[Setting]) -> str:
    """Give the text with these values. Raises `CannotSetError` if exactly they cannot be set."""
    mark = text[: len(text) - len(text.removeprefix("\ufeff"))]
    text = text.removeprefix("\ufeff")
    try:
        wanted = copy.deepcopy(tomllib.loads(text))
        changed = text
        for setting in settings:
            changed = _set(changed, setting)
            table = wanted
            for part in setting.table.split("."):
                table = table.setdefault(part, {})
            table[setting.key] = list(setting.value) if isinstance(setting.value, tuple) else setting.value
        if tomllib.loads(changed) == wanted:
            return mark + changed
    except (tomllib.TOMLDecodeError, AttributeError, TypeError):  # a table is something else here
        pass
    listed = "\n".join(f"    [{setting.table}] {setting}" for setting in settings)
    raise CannotSetError(f"it is not written line by line as it was made. Set by hand:\n{listed}")


def _set(text: str, setting: Setting) -> str:
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    newline = "\r\n" if text.find("\r\n") >= 0 else "\n"
    new, inside, last = f"{setting}{newline}", False, None
    for index, line in enumerate(lines):
        head, key = _HEAD.fullmatch(line.rstrip("\r\n")), _KEY.fullmatch(line.rstrip("\r\n"))
        if head:
            inside = _plain(head["name"]) == setting.table
            last = index if inside else last
        elif inside and key and _plain(key["key"]) == setting.key:
            end = line[len(line.rstrip("\r\n")) :]
            lines[index] = f"{key['before']}{setting.written}{key['after']}{end}"
            return "".join(lines)
        elif inside and last is not None and line.strip() and (key or not line.lstrip().startswith("#")):
            last = index  # behind the keys that are there
        elif inside and last == index - 1 and line.lstrip().startswith("#"):
            last = index  # or behind what is said of the table
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += newline
    if last is None:
        return "".join([*lines, f"{newline}[{setting.table}]{newline}", new])
    return "".join([*lines[: last + 1], new, *lines[last + 1 :]])


def _plain(name: str) -> str:
    """Give a key, or a table's name, without quotes and spaces."""
    if name.startswith('"'):
        try:
            return str(json.loads(name))
        except ValueError:
            return name
    return name.strip("'") if name.startswith("'") else re.sub(r"\s*\.\s*", ".", name)


def with_entries(text: str, entries: Sequence[str]) -> str:
    """Give the text with more entries at its end, in lines that end as its own do."""
    newline = "\r\n" if "\r\n" in text else "\n"
    added = "\n\n".join(entries).replace("\n", newline) + newline
    return f"{text.rstrip()}{newline}{newline}{added}" if text.strip() else added

"""The files in which pytest's settings may stand: which one it reads, what it says, and how a line is added to it."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

# In the order in which pytest looks for them; of each folder it reads one.
_NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_ALWAYS = _NAMES[:4]  # read even if there is no section for pytest in them
_KNOWS_TOML = int(pytest.__version__.partition(".")[0]) >= 9  # pytest.toml and [tool.pytest]


class Place(NamedTuple):
    """A table or section with settings of pytest. `native`: it has TOML's own types, as pytest 9 reads them."""

    path: Path
    title: str
    values: Mapping[str, Any]
    native: bool = False

    @property
    def addopts(self) -> list[str]:
        """The words of `addopts`."""
        value = self.values.get("addopts", "")
        try:
            return [str(word) for word in value] if isinstance(value, list) else shlex.split(str(value))
        except ValueError:
            return str(value).split()

    def with_addopts(self, words: Sequence[str]) -> str:
        """Write `addopts` with more words."""
        every = [*self.addopts, *words]
        if self.path.suffix == ".toml":
            return f"addopts = {json.dumps(every, ensure_ascii=False)}"
        return f"addopts = {shlex.join(every)}"


def places_in(folder: Path) -> Iterator[Place]:
    """Give all places of a folder, in pytest's order. Of a file that cannot be read, pytest itself says so."""
    for name in _NAMES:
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8-sig")
            yield from _in_toml(path, text) if path.suffix == ".toml" else _in_ini(path, text)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, AttributeError, TypeError):
            continue


def _in_toml(path: Path, text: str) -> Iterator[Place]:
    document = tomllib.loads(text)
    if path.name in _ALWAYS:
        yield Place(path, "[pytest]", document.get("pytest", {}), native=True)
        return
    table = dict(document.get("tool", {}).get("pytest", {}))
    options = table.pop("ini_options", None)
    if table:
        yield Place(path, "[tool.pytest]", table, native=True)
    if options is not None:
        yield Place(path, "[tool.pytest.ini_options]", options)


def _in_ini(path: Path, text: str) -> Iterator[Place]:
    import iniconfig  # a dependency of pytest

    section = "tool:pytest" if path.suffix == ".cfg" else "pytest"
    try:
        found = iniconfig.IniConfig(str(path), text)
    except iniconfig.ParseError:
        return
    if section in found.sections:
        yield Place(path, f"[{section}]", dict(found[section].items()))


def in_force(config: pytest.Config) -> Place:
    """Give the place that pytest reads in this session; where there is none, the one that a project would make."""
    root = config.rootpath
    if config.inipath is not None:
        for place in places_in(config.inipath.parent):
            if place.path == config.inipath and (_KNOWS_TOML or not place.native):
                return place
        if config.inipath.name in _ALWAYS:
            return Place(config.inipath, "[pytest]", {})
    pyproject = root / "pyproject.toml"
    if pyproject.exists():
        return Place(pyproject, "[tool.pytest.ini_options]", {})
    return Place(root / "pytest.ini", "[pytest]", {})


def is_true(value: object) -> bool:
    """Read a switch, as pytest does."""
    return value is True or re.fullmatch(r"1|true|yes|on", str(value).strip(), re.IGNORECASE) is not None

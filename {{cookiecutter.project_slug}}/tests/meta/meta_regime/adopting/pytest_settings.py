"""Makes pytest strict, wherever its settings stand: about markers, about its own settings, and about xfail."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import ini_edits
from .edits import only_adds
from .toml_edits import parse_toml, rewritten, table_of, with_table

MARKERS, CONFIG = "--strict-markers", "--strict-config"
XFAIL = "xfail_strict"
# The same as settings, the first that says something counts: pytest 9 has them, and `strict` for all of them.
AS_SETTINGS = {
    MARKERS: ("strict_markers", "strict"),
    CONFIG: ("strict_config", "strict"),
    XFAIL: (XFAIL, "strict_xfail", "strict"),
}
_ALWAYS = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")  # pytest's settings, even if they are empty
_PYPROJECT = "pyproject.toml"


@dataclass(frozen=True)
class Settings:
    """Where pytest reads its settings, and what it reads. `keys` are the table's, or the section's name alone."""

    name: str
    keys: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    is_there: bool = True  # the table or section
    unreadable: str = ""

    @property
    def title(self) -> str:
        """Name the place for a person."""
        return f"[{'.'.join(self.keys)}] of {self.name}"

    @property
    def addopts(self) -> list[str]:
        """What is typed in every session."""
        value = self.values.get("addopts", "")
        return [str(word) for word in value] if isinstance(value, list) else _words(str(value))


def find_settings(read: Callable[[str], str | None]) -> Settings:
    """Find them as pytest does, in its order; where there are none, say where they would go. Raises `Problem`."""
    pyproject = read(_PYPROJECT)
    for name in (*_ALWAYS, _PYPROJECT, "tox.ini", "setup.cfg"):
        text = pyproject if name == _PYPROJECT else read(name)
        found = None if text is None else _in_file(name, text)
        if found is not None:
            return found
    if pyproject is not None:
        return Settings(_PYPROJECT, ("tool", "pytest", "ini_options"), is_there=False)
    return Settings("pytest.ini", ("pytest",), is_there=False)


def _in_file(name: str, text: str) -> Settings | None:
    if name.endswith(".toml"):
        document = parse_toml(text, name)
        if name in _ALWAYS:
            return Settings(name, ("pytest",), table_of(document, "pytest"), is_there="pytest" in document)
        tools = table_of(document, "tool", "pytest")
        if set(tools) - {"ini_options"}:
            return Settings(name, ("tool", "pytest"), tools)
        keys = ("tool", "pytest", "ini_options")
        return Settings(name, keys, table_of(document, *keys)) if "ini_options" in tools else None
    section = "tool:pytest" if name == "setup.cfg" else "pytest"
    if not ini_edits.has_section(text, section):
        return Settings(name, (section,), is_there=False) if name in _ALWAYS else None
    values, why = ini_edits.values_of(text, section)
    return Settings(name, (section,), values, unreadable=why)


def lacking(settings: Settings) -> tuple[list[str], list[str]]:
    """Return which of the three is not on, and a remark for each that is switched off on purpose."""
    missing, remarks = [], []
    for what, names in AS_SETTINGS.items():
        said = [settings.values[name] for name in names if name in settings.values]
        if (said and _is_true(said[0])) or what in settings.addopts:
            continue
        if said:
            remarks.append(f"{settings.title} switches {what} off; the regime wants it on")
        else:
            missing.append(what)
    return missing, remarks


def with_strictness(text: str | None, settings: Settings, wanted: Sequence[str]) -> str | None:
    """Return the text of the settings file with what is wanted in it; None if a program cannot do that."""
    words, xfail = [word for word in (MARKERS, CONFIG) if word in wanted], XFAIL in wanted
    if settings.name.endswith(".toml"):
        return _in_toml(text or "", settings, words, xfail=xfail)
    return ini_edits.with_added(text or "", settings.keys[0], words, [f"{XFAIL} = true"] if xfail else [])


def by_hand(wanted: Sequence[str]) -> str:
    """Say what to write, for a person to do."""
    words = " ".join(word for word in wanted if word != XFAIL)
    parts = ([f"{words} in addopts"] if words else []) + ([f"{XFAIL} = true"] if XFAIL in wanted else [])
    return " and ".join(parts)


def _in_toml(text: str, settings: Settings, words: Sequence[str], *, xfail: bool) -> str | None:
    if not settings.is_there:
        listed = ", ".join(f'"{word}"' for word in words)
        lines = ([f"addopts = [{listed}]"] if words else []) + ([f"{XFAIL} = true"] if xfail else [])
        return with_table(text, settings.keys, lines)

    def change(document: Any) -> None:
        table = _inner(document, settings.keys)
        if words and isinstance(table.get("addopts"), list):
            table["addopts"].extend(words)
        elif words:
            table["addopts"] = _longer_string(table["addopts"], words) if "addopts" in table else list(words)
        if xfail:
            table[XFAIL] = True

    def as_meant(before: dict[str, Any], after: dict[str, Any]) -> bool:
        old, new = (_inner(document, settings.keys) for document in (before, after))
        old_words, new_words = (_all_words(table.pop("addopts", [])) for table in (old, new))
        old |= {XFAIL: True} if xfail else {}
        return before == after and new_words == [*old_words, *words]

    result = rewritten(text, change, as_meant)
    return result if result is not None and only_adds(text, result) else None


def _inner(document: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        document = document[key]
    return document


def _longer_string(value: Any, words: Sequence[str]) -> Any:
    """Put words at the end of a string as it is written, in its own quotes; if it has several lines, on a new one."""
    import tomlkit

    source = value.as_string()
    quotes = source[:3] if source[:3] in {'"""', "'''"} else source[:1]
    body = source[len(quotes) : -len(quotes)]
    kept = body.rstrip()
    last_line = kept.rpartition("\n")[2]
    indent = last_line[: len(last_line) - len(last_line.lstrip())]
    between = f"\n{indent}" if "\n" in kept else " " * bool(kept)
    return tomlkit.value(f"{quotes}{kept}{between}{' '.join(words)}{body[len(kept) :]}{quotes}")


def _all_words(value: object) -> list[str]:
    return [str(word) for word in value] if isinstance(value, list) else _words(str(value))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _is_true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"1", "true", "yes", "on"}

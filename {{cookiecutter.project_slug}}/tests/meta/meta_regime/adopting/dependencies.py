"""Adds the packages that the regime needs to wherever a project declares what its tests need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .edits import newline_of, only_adds, with_line_end
from .requirements import REQUIREMENT, normal_name, requirement_places
from .toml_edits import parse_toml, rewritten, table_of, with_table

# The lower bounds of the new-project skeleton, which `make lowest` tests.
NEEDED = {
    "pytest": ">=8.2",
    "pytest-cov": ">=5",
    "freezegun": ">=1.5",
    "diff-cover": ">=9.3",
}
# Beside what the regime works; a project without it is not given a plugin that changes, and warns in, all its sessions.
_BESIDE = {"pytest-asyncio": ">=0.24"}
GROUPS = ("test", "tests", "testing", "dev")


@dataclass(frozen=True)
class Place:
    """Where test dependencies stand: a list or table in pyproject.toml, or (without keys) a requirements file."""

    title: str
    keys: tuple[str, ...]
    declared: Mapping[str, str]  # what stands there or is included from there: normal name, requirement as written


def with_dependencies(
    pyproject: str | None, files: Mapping[str, str], own: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the changed texts by file name, and remarks. Raises `Problem`.

    `files` are requirements files; `own` the normal names of what the project itself is, such as freezegun in its own.
    """
    document = parse_toml(pyproject, "pyproject.toml")
    own = {*own, normal_name(str(table_of(document, "project").get("name")))}
    needed = {name: bound for name, bound in NEEDED.items() if name not in own}
    found = [place for place in places(document, files) if "pytest" in place.declared]
    if not found:
        return _without_place(pyproject, document, needed)
    place, *others = found
    remarks = _too_old(place)
    missing = {name: bound for name, bound in needed.items() if name not in place.declared}
    if not missing:
        return {}, remarks
    if others:
        titles = " and ".join(other.title for other in others)
        remarks.append(f"{place.title} was taken for the test dependencies; pytest stands in {titles} as well")
    if not place.keys:
        text = files[place.title]
        lines = "".join(f"{name}{bound}{newline_of(text)}" for name, bound in missing.items())
        compiled = [f"{place.title} was changed; compile it again"] if place.title.endswith(".in") else []
        return {place.title: with_line_end(text) + lines}, [*remarks, *compiled]
    changed = _with_added(pyproject or "", place.keys, missing)
    if changed is None:
        words = ", ".join(f'"{name}{bound}"' for name, bound in missing.items())
        return {}, [*remarks, f"pyproject.toml cannot be changed by a program; add to {place.title}: {words}"]
    return {"pyproject.toml": changed}, remarks


def places(document: Mapping[str, Any], files: Mapping[str, str]) -> Iterator[Place]:
    """Yield all places of dependencies, the first ones preferred."""
    groups = table_of(document, "dependency-groups")
    for name in _preferred(groups):
        yield Place(f"[dependency-groups] {name}", ("dependency-groups", name), _of_group(groups, name, document))
    main = _of_list(table_of(document, "project").get("dependencies"))
    yield from _lists(document, ("project", "optional-dependencies"), main)
    poetry = table_of(document, "tool", "poetry", "group")
    tables = [("tool", "poetry", "group", name, "dependencies") for name in _preferred(poetry)]
    for keys in [*tables, ("tool", "poetry", "dev-dependencies")]:
        declared = {normal_name(name): str(value) for name, value in table_of(document, *keys).items()}
        yield Place(f"[{'.'.join(keys)}]", keys, declared)
    yield from _lists(document, ("tool", "pdm", "dev-dependencies"), main)
    for name in _preferred(table_of(document, "tool", "hatch", "envs")):
        table = table_of(document, "tool", "hatch", "envs", name)
        for key in ("extra-dependencies", "dependencies"):
            if key in table:
                built_in = {"pytest": "pytest"} if name == "hatch-test" else {}
                keys = ("tool", "hatch", "envs", name, key)
                yield Place(f"[{'.'.join(keys[:-1])}] {key}", keys, {**built_in, **_of_list(table[key])})
    for name, declared in requirement_places(files):
        yield Place(name, (), declared)


def _without_place(
    pyproject: str | None, document: Mapping[str, Any], needed: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    words = [f"{name}{bound}" for name, bound in needed.items()]
    if pyproject is None or not table_of(document, "project"):
        install = "pip install " + " ".join(f'"{word}"' for word in words)
        return {}, [f"no place was found where test dependencies are declared; declare these, or: {install}"]
    if "dependency-groups" not in document:
        lines = ["dev = [", *(f'  "{word}",' for word in words), "]"]
        added = with_table(pyproject, ("dependency-groups",), lines)
        if added is None:
            return {}, [f"pyproject.toml cannot be changed by a program; give it [dependency-groups] {' '.join(lines)}"]
        return {"pyproject.toml": added}, []
    groups = table_of(document, "dependency-groups")
    declared = _of_group(groups, "dev", document)
    missing = {name: bound for name, bound in needed.items() if name not in declared}
    changed = _with_added(pyproject, ("dependency-groups", "dev"), missing)
    if changed is None:
        return {}, [f"[dependency-groups] cannot be changed by a program; give its group dev: {', '.join(words)}"]
    return {"pyproject.toml": changed}, []


def _with_added(text: str, keys: tuple[str, ...], missing: Mapping[str, str]) -> str | None:
    """Add requirements to a list, or to a table of Poetry's; None if anything else would change."""

    def as_meant(before: dict[str, Any], after: dict[str, Any]) -> bool:
        _add(before, keys, missing)
        return before == after

    result = rewritten(text, lambda document: _add(document, keys, missing), as_meant)
    return result if result is not None and only_adds(text, result) else None


def _add(document: Any, keys: tuple[str, ...], missing: Mapping[str, str]) -> None:
    node = document
    for key in keys[:-1]:
        node = node[key]
    if isinstance(node.get(keys[-1], []), list):
        node.setdefault(keys[-1], []).extend(f"{name}{bound}" for name, bound in missing.items())
    else:
        node[keys[-1]].update(missing)


def _lists(document: Mapping[str, Any], keys: tuple[str, ...], main: Mapping[str, str]) -> Iterator[Place]:
    for name in _preferred(table_of(document, *keys)):
        own = _of_list(table_of(document, *keys)[name])
        if "pytest" in own:
            yield Place(f"[{'.'.join(keys)}] {name}", (*keys, name), {**main, **own})


def _preferred(names: Mapping[str, Any]) -> list[str]:
    return sorted(names, key=lambda name: GROUPS.index(name) if name in GROUPS else len(GROUPS))


def _of_list(value: object) -> dict[str, str]:
    """Return the requirements of a list by their normal names."""
    words = [word for word in value if isinstance(word, str)] if isinstance(value, list) else []
    found = [(REQUIREMENT.match(word), word) for word in words]
    return {normal_name(match[1]): word for match, word in found if match}


def _of_group(groups: Mapping[str, Any], name: str, document: Mapping[str, Any]) -> dict[str, str]:
    """Return what a PEP 735 group that lists pytest itself brings, with what it includes and the project's own."""
    own = _of_list(groups.get(name))
    if "pytest" not in own:
        return own
    declared, seen, waiting = _of_list(table_of(document, "project").get("dependencies")), set(), [name]
    while waiting:
        group = waiting.pop()
        if group in seen or not isinstance(groups.get(group), list):
            continue
        seen.add(group)
        declared |= _of_list(groups[group])
        waiting += [str(entry.get("include-group")) for entry in groups[group] if isinstance(entry, dict)]
    return {**declared, **own}


def _too_old(place: Place) -> list[str]:
    """Return a remark for each version that is plainly too old; nothing of the user's is changed."""
    remarks = []
    for name, bound in {**NEEDED, **_BESIDE}.items():
        lowest = [int(part) for part in bound.removeprefix(">=").split(".")]
        match = re.search(r"(==|~=|\^|<=?)\s*(\d+(?:\.\d+)*)", place.declared.get(name, ""))
        highest = [int(part) for part in match[2].split(".")] if match else []
        if match and match[1] in {"~=", "^"}:  # the last part may grow, or all but the first
            highest = highest[:-1] if match[1] == "~=" else highest[:1]
        if match and (highest <= lowest if match[1] == "<" else highest < lowest[: len(highest)]):
            remarks.append(f"{place.title} has {match[0]} of {name}, the regime needs {bound}")
    return remarks

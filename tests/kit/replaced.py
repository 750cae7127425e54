"""What the kit has replaced, in the modules and classes of libraries: looked at before and after."""

from __future__ import annotations

import functools
import operator
import sys
from types import ModuleType
from typing import Any

import pytest
from meta_regime.fixtures import fast_retries, libraries
from meta_regime.fixtures.patching import Patches


@functools.cache
def owners_among(modules: frozenset[str]) -> list[Any]:
    """What can be patched: the modules that adapters name, those below them, and the classes that these define."""
    hooks = tuple(f"{name}." for name in libraries._hooks(libraries.RETRIES))
    found: dict[int, Any] = {}
    for name in modules:
        module = sys.modules.get(name)
        if module is not None and f"{name}.".startswith(hooks):
            package = name.partition(".")[0]
            found |= {id(module): module} | {
                id(one): one
                for one in list(vars(module).values())
                if isinstance(one, type) and one.__module__.partition(".")[0] == package
            }
    return list(found.values())


def owners() -> list[Any]:
    return owners_among(frozenset(sys.modules))


def noted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any, str, bool]]:
    """Note all that is replaced: for which library, what of what, and whether that makes a difference."""
    found = []
    original = Patches.add

    def add(self: Patches, owner: Any, name: str, value: Any) -> None:
        found.append((self.library, owner, name, vars(owner).get(name) is not value))
        original(self, owner, name, value)

    monkeypatch.setattr(Patches, "add", add)
    return found


@functools.cache
def replaced_among(modules: frozenset[str]) -> list[Any]:  # by what is imported
    """What is patched now, of what can be: a hundredth of it, so that one can look at it after every test."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = noted(monkeypatch)
        with fast_retries():
            return list({id(owner): owner for _, owner, _, _ in found}.values())


def everything(of: list[Any] | None = None) -> list[tuple[Any, dict[str, Any]]]:
    return [(owner, dict(vars(owner))) for owner in (owners() if of is None else of)]


def differences(before: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    found, none = [], object()
    for owner, had in before:
        has = vars(owner)
        if had.keys() != has.keys() or any(map(operator.is_not, had.values(), map(has.get, had))):
            for name in {**had, **has}:
                value = has.get(name, none)
                # Libraries import parts of themselves late, and Python keeps what copying an object has taught it.
                grown = name not in had and (isinstance(owner, ModuleType) or name == "__slotnames__")
                grown |= name.startswith("__") and hasattr(owner, "__pydantic_complete__")  # at first use
                if value is not had.get(name, none) and not (grown and not of_the_kit(value)):
                    found.append(f"{owner.__name__}.{name}")
    return found


def of_the_kit(value: Any) -> bool:
    about = getattr(value, "fget", None) or value
    code = getattr(about, "__code__", None)
    return "meta_regime" in f"{type(value).__module__} {code.co_filename if code else ''}"

"""Every way to put a breaker before some code, of every library that is installed: `Broken` in `breaking_code`."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from tests.kit import breaking_code
from tests.kit.breaking_code import Broken

WAYS: list[Broken] = []
MISSING: list[str] = []
for _found in pkgutil.iter_modules(breaking_code.__path__):
    try:
        WAYS += importlib.import_module(f"{breaking_code.__name__}.{_found.name}").WAYS
    except ModuleNotFoundError as _why:
        MISSING.append(f"{_found.name}: {_why.name} is not installed")

KINDS = list({way.library: way for way in reversed(WAYS)}.values())
every_way = pytest.mark.parametrize("way", WAYS, ids=str)
every_library = pytest.mark.parametrize("way", KINDS, ids=str)

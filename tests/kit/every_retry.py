"""Every way to retry of every library that is installed: `Retried` in `retrying_code`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from meta_regime.fixtures import libraries

from tests.kit import retrying_code

ALWAYS = 1_000_000  # attempts that fail
CODE: dict[str, Any] = {}  # the modules, by name
MISSING: list[str] = []
for _found in pkgutil.iter_modules(retrying_code.__path__):
    if _found.name.startswith("_"):
        continue
    try:
        CODE[_found.name] = importlib.import_module(f"{retrying_code.__name__}.{_found.name}")
    except ImportError as _why:
        MISSING.append(f"{_found.name}: {_why}")

each_way = pytest.mark.parametrize("retried", [one for code in CODE.values() for one in code.WAYS], ids=str)
each_endless_way = pytest.mark.parametrize(
    "retried", [one for code in CODE.values() for one in getattr(code, "ENDLESS", ())], ids=str
)
each_code = pytest.mark.parametrize("name", CODE)
each_hook = pytest.mark.parametrize(
    ("library", "module"),
    [(one.library, module) for one in libraries.adapters() for module in one.retries],
    ids=str,
)

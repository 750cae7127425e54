"""What the tests of declared settings share."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from meta_regime.fixtures import declarations, libraries, settings

from tests.kit.settings_of_a_shop import CONFIG, DECLARED, SERVICE, Declare


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    package = tmp_path / "shop_of_tests"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "config.py").write_text(CONFIG)
    (package / "service.py").write_text(SERVICE)
    (package / "broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(declarations, "_FILE", tmp_path / "fast_tests.py")
    settings.forget()
    count = len(libraries.adapters())

    yield (tmp_path / "fast_tests.py").write_text  # type: ignore[misc]

    settings.forget()
    del libraries._adapters[count:]
    libraries._by_purpose.clear()
    for name in [name for name in sys.modules if name.startswith("shop_of_tests")]:
        del sys.modules[name]


@pytest.fixture
def config(declare: Declare) -> Any:
    declare(DECLARED)
    return importlib.import_module("shop_of_tests.config")

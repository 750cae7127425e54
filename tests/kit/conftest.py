"""What several files of tests share: declared settings, and looking at what is left behind."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from meta_regime.fixtures import breakers, declarations, libraries, retries, settings
from meta_regime.stopwatch import Clocks

from tests.kit.replaced import differences, everything, replaced_among
from tests.kit.settings_of_a_shop import CONFIG, DECLARED, SERVICE, Declare

WITHOUT_WAITING = 0.05  # seconds


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


@pytest.fixture(scope="module")
def nothing_at_all_left_behind() -> Iterator[None]:
    before = everything()
    yield
    assert differences(before) == []


@pytest.fixture
def nothing_left_behind() -> Iterator[None]:
    before = everything(replaced_among(frozenset(sys.modules)))
    yield
    assert differences(before) == []
    assert not retries._at_work


@pytest.fixture
def nothing_waited(request: pytest.FixtureRequest) -> Iterator[None]:
    """The waits of the code are seconds long. Computing, or queueing on a crowded machine, is not waiting."""
    began = blocked()
    yield
    if "slow" not in request.fixturenames:
        assert blocked() - began < WITHOUT_WAITING


def blocked() -> float:
    return Clocks.wall() - Clocks.process() - Clocks.queued()


@pytest.fixture
def slow() -> None:
    """For a test that has something else to do than to wait."""


@pytest.fixture
def tracked() -> Iterator[None]:
    breakers.start_tracking()
    before = breakers.snapshot()
    yield
    breakers.put_back(before)
    breakers.stop_tracking()

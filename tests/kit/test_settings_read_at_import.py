"""Settings that a module read when it was imported, so that nothing reaches them: found, and explained."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from meta_regime.fixtures import fast_breakers, fast_retries, settings
from meta_regime.fixtures.settings import SettingsReadAtImport, fast_settings

from tests.baking import ROOT
from tests.kit.settings_of_a_shop import DECLARED, Declare

HOLDING = """\
from functools import partial, wraps
import time

import tenacity

from shop_of_tests import config as cfg
from shop_of_tests.config import MAX_RETRIES, get_resilience_config
from shop_of_tests.literal import FIVE

CONFIG = get_resilience_config()
ATTEMPTS = CONFIG.retry.max_attempts
LITERAL_ATTEMPTS = 5


def retrying(max_attempts=5, delay=0):
    def decorate(function):
        def again():
            return [function() for _ in range(max_attempts)]
        return again
    return decorate


def configured(max_attempts=CONFIG.retry.max_attempts):
    def decorate(function):
        def again():
            return [function() for _ in range(max_attempts)]
        return again
    return decorate


def capped(max_attempts):
    def decorate(function):
        @wraps(function)
        def again():
            return tenacity.Retrying(stop=tenacity.stop_after_attempt(max_attempts))(function)
        return again
    return decorate


def read_inside(function):
    max_attempts = get_resilience_config().retry.max_attempts
    def again():
        return [function() for _ in range(max_attempts)]
    return again


@retrying(CONFIG.retry.max_attempts)
def from_object(): ...


@retrying(ATTEMPTS)
def from_variable(): ...


@read_inside
def from_inside(): ...


class Client:
    @staticmethod
    @retrying(max_attempts=get_resilience_config().retry.max_attempts)
    def method(): ...


def default(max_attempts=CONFIG.retry.max_attempts): ...
def keyword(*, attempts=ATTEMPTS): ...
def uses_object(): return CONFIG.retry
def uses_it_too(): return CONFIG.enabled
def uses_number(): return ATTEMPTS
def uses_imported(): return MAX_RETRIES


# None of these is to be accused.
@retrying(5)
def literal(): ...


@retrying()
def default_of_decorator(): ...


@configured(5)
def literal_over_a_default(): ...


@retrying(FIVE, delay=CONFIG.retry.exponential_base)
def of_another_module(): ...


@retrying(LITERAL_ATTEMPTS)
def of_a_constant(): ...


@capped(CONFIG.retry.max_attempts)
def capped_anyway(): ...


@tenacity.retry(stop=tenacity.stop_after_attempt(CONFIG.retry.max_attempts))
def by_a_library(): ...


def literal_default(max_attempts=5): ...
def literal_global(): return LITERAL_ATTEMPTS
def when_called(): return get_resilience_config().retry.max_attempts, cfg.MAX_RETRIES
def breakers_only(breakers=CONFIG.circuit_breakers): ...
"""


class TestReadAtImport:
    def test_decorators_and_defaults_are_named_with_the_cure(self, declare: Declare) -> None:
        declare(DECLARED.replace("import config", "import config, service"))
        with pytest.warns(SettingsReadAtImport) as told, fast_retries():  # noqa: PT031 - what a test does
            service = importlib.import_module("shop_of_tests.service")
            with pytest.raises(ConnectionError):
                service.pay()
            assert service.calls == [0, 1, 2, 3, 4]  # as it says: they are not reached
            service.calls.clear()
            service.ask()
            assert service.calls == [0]
        texts = sorted(str(one.message) for one in told)
        assert len(texts) == 2
        assert texts[0] == (
            "shop_of_tests/service.py:31 pay: its decorator read max_attempts (5) when the module was imported;"
            " settings that are changed later do not reach it. Read it when the function is called:"
            " get_resilience_config().retry.max_attempts."
        )
        assert texts[1] == (
            "shop_of_tests/service.py:42 with_default: its default for config took the RetryConfig when the module was"
            " imported; settings that are changed later do not reach it. Read it when the function is called:"
            " get_resilience_config().retry."
        )

    def test_once_in_a_session(self, declare: Declare) -> None:
        declare(DECLARED.replace("import config", "import config, service"))
        with pytest.warns(SettingsReadAtImport), fast_retries():
            pass
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with fast_retries():
                pass


class TestWhoIsAccused:
    @pytest.fixture
    def told(self, declare: Declare, tmp_path: Path) -> Callable[..., list[str]]:
        def told(**wanted: Any) -> list[str]:
            (tmp_path / "shop_of_tests" / "literal.py").write_text("FIVE = 5\n")
            (tmp_path / "shop_of_tests" / "holding.py").write_text(HOLDING)
            declare(DECLARED)
            importlib.import_module("shop_of_tests.holding")
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                with fast_settings(**wanted):
                    pass
            return sorted(str(one.message) for one in caught)

        return told

    def test_those_that_read_at_import_and_no_others(self, told: Callable[..., list[str]]) -> None:
        lines = HOLDING.splitlines()
        names = {text.split()[1].removesuffix(":"): text for text in told(attempts=1)}
        assert names.keys() == {
            "from_object", "from_variable", "from_inside", "Client.method", "default", "keyword", "uses_object",
            "uses_number", "configured",
            "uses_imported",
        }  # fmt: skip
        for name, text in names.items():
            line = int(text.split()[0].removeprefix("shop_of_tests/holding.py:"))
            assert any(name.rpartition(".")[2] in one for one in lines[line - 1 : line + 2]), text
        assert "it uses CONFIG, for which its module took the ResilienceConfig" in names["uses_object"]
        assert names["uses_imported"].endswith("Read it when the function is called: config.MAX_RETRIES.")

    def test_by_what_was_changed(self, told: Callable[..., list[str]]) -> None:
        names = {text.split()[1].removesuffix(":") for text in told(failures=2)}
        assert names == {"breakers_only", "uses_object"}

    def test_where_warnings_are_errors_one_has_them_all_and_nothing_is_left(
        self, told: Callable[..., list[str]], config: Any
    ) -> None:
        told(failures=2)
        config = sys.modules["shop_of_tests.config"]
        before = config.get_resilience_config()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(SettingsReadAtImport) as raised, fast_retries():
                pass
        assert len(raised.value.__notes__) == 9
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7

    def test_the_example_is_not(self, declare: Declare, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(ROOT / "examples" / "payments" / "src")
        importlib.import_module("payments.gateway")
        declare(
            "from meta_regime.fixtures import Breakers, Settings\nfrom payments import breaker, settings\n"
            "a = Settings(get=settings.get_resilience_config, set=settings.set_resilience_config)\n"
            "b = Breakers(lambda: breaker._circuit_breakers.values())\n"
        )
        example = sys.modules["payments.settings"]
        with fast_retries(), fast_breakers():
            inside = example.get_resilience_config()
            assert (inside.retry.max_attempts, inside.retry.exponential_max) == (1, 0)
            assert inside.circuit_breaker("gateway") == example.CircuitBreakerConfig("gateway", 3, 0.05)
        assert len(settings.declared_breakers()) == 1
        for name in [name for name in sys.modules if name.partition(".")[0] == "payments"]:
            del sys.modules[name]

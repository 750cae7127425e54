"""Settings of a project's own under the kit: declared in one file, made fast as copies, put back, explained."""

from __future__ import annotations

import dataclasses
import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import attrs
import pydantic
import pydantic.v1
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from meta_regime.fixtures import declarations, fast_breakers, fast_retries, libraries, mocked_retries, settings
from meta_regime.fixtures.faster_copies import Wanted, faster_copy
from meta_regime.fixtures.settings import SettingsReadAtImport, fast_settings

from tests.baking import ROOT

CONFIG = """\
from dataclasses import dataclass, field, replace

import pybreaker


@dataclass(frozen=True)
class CircuitBreakerConfig:
    name: str
    fail_max: int = 10
    timeout_duration: float = 60.0


@dataclass(frozen=True)
class RetryConfig:
    max_attempts: int = 5
    exponential_base: float = 2.0
    exponential_max: float = 30.0
    jitter: bool = True


@dataclass(frozen=True)
class ResilienceConfig:
    enabled: bool = True
    circuit_breakers: dict = field(default_factory=lambda: {"bank": CircuitBreakerConfig("bank")})
    retry: RetryConfig = field(default_factory=RetryConfig)


_config = ResilienceConfig()
MAX_RETRIES = 7
PATIENCE = 7
_circuit_breakers = {"bank": pybreaker.CircuitBreaker(fail_max=10, reset_timeout=60, name="bank")}


def get_resilience_config():
    return _config


def set_resilience_config(config):
    global _config
    _config = config
"""
SERVICE = """\
import functools

from shop_of_tests.config import get_resilience_config


def retried(max_attempts):
    def decorate(function):
        @functools.wraps(function)
        def again():
            for number in range(max_attempts):
                try:
                    return function(number)
                except ConnectionError:
                    if number == max_attempts - 1:
                        raise
        return again
    return decorate


def retried_when_called(function):
    @functools.wraps(function)
    def again():
        for number in range(get_resilience_config().retry.max_attempts):
            function(number)
    return again


calls = []


@retried(get_resilience_config().retry.max_attempts)
def pay(number):
    calls.append(number)
    raise ConnectionError


@retried_when_called
def ask(number):
    calls.append(number)


def with_default(config=get_resilience_config().retry):
    return config.max_attempts
"""
DECLARED = """\
from meta_regime.fixtures import Breakers, Settings
from shop_of_tests import config

resilience = Settings(get=config.get_resilience_config, set=config.set_resilience_config)
numbers = Settings.of_module(config, "MAX_RETRIES")
breakers = Breakers(lambda: config._circuit_breakers.values())
"""
CLIENT = """\
import time


class Client:
    def tries_again(self, attempt):
        return attempt < 5

    def attempts(self):
        attempt = 1
        while self.tries_again(attempt):
            time.sleep(60)
            attempt += 1
        return attempt
"""
META = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta"
Declare = Callable[[str], None]


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


class TestDeclared:
    def test_retries_have_one_attempt_and_no_waits(self, config: Any) -> None:
        before = config.get_resilience_config()
        with fast_retries():
            inside = config.get_resilience_config()
            assert inside.retry == config.RetryConfig(1, 0.0, 0.0, False)
            assert inside.circuit_breakers == before.circuit_breakers
            assert inside.enabled
            assert config.MAX_RETRIES == 0  # after the first attempt
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7

    def test_breakers_open_early(self, config: Any) -> None:
        before = config.get_resilience_config()
        with fast_breakers():
            inside = config.get_resilience_config()
            assert inside.circuit_breakers == {"bank": config.CircuitBreakerConfig("bank", 3, 0.05)}
            assert inside.retry is before.retry
        assert config.get_resilience_config() is before

    @pytest.mark.parametrize("order", [1, -1])
    def test_two_fixtures_do_not_wipe_each_others_settings(self, config: Any, order: int) -> None:
        blocks: list[Callable[[], Any]] = [fast_retries, fast_breakers]
        first, second = blocks[::order]
        with first():
            with second():
                inside = config.get_resilience_config()
                assert inside.retry.max_attempts == 1
                assert inside.circuit_breakers["bank"].fail_max == 3
            assert config.get_resilience_config() != inside

    def test_they_are_back_after_a_failing_test_and_whatever_it_set(self, config: Any) -> None:
        before = config.get_resilience_config()
        with pytest.raises(ZeroDivisionError), fast_retries():  # noqa: PT012 - what a test does
            config.set_resilience_config(config.ResilienceConfig(enabled=False))
            raise ZeroDivisionError
        assert config.get_resilience_config() is before

    def test_what_a_test_leaves_behind_is_put_back_and_told(self, config: Any) -> None:
        before, noted = config.get_resilience_config(), settings.snapshot_settings()
        assert settings.put_back_settings(noted) == []
        config.set_resilience_config(config.ResilienceConfig(enabled=False))
        config.MAX_RETRIES = 0
        first, second = settings.put_back_settings(noted)
        assert first == "settings, `resilience` in tests/meta/fast_tests.py: enabled is False, was True"
        assert second == "settings, `numbers` in tests/meta/fast_tests.py: ['MAX_RETRIES'] is 0, was 7"
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7

    def test_live_breakers_are_named(self, config: Any) -> None:
        assert settings.declared_breakers() == list(config._circuit_breakers.values())

    def test_a_function_of_the_projects_own_makes_them_fast(self, declare: Declare) -> None:
        declare(
            DECLARED.replace(
                "set_resilience_config)", "set_resilience_config, fast=lambda config, wanted: (1, wanted))"
            )
        )
        config = importlib.import_module("shop_of_tests.config")
        with fast_settings(failures=2, seconds=0.5):
            assert config.get_resilience_config() == (1, Wanted(None, 2, 0.5))

    def test_without_the_file_nothing_is_imported(self, declare: Declare) -> None:
        with fast_retries(), fast_breakers():
            assert "shop_of_tests" not in sys.modules
        assert settings.snapshot_settings() == []

    def test_an_adapter_of_the_projects_own(self, declare: Declare) -> None:
        declare(
            "from meta_regime.fixtures import Adapter\n\n\ndef _fast(module, patches):\n"
            "    patches.replace(module, 'MAX_RETRIES', 0)\n\n\n"
            "adapter = Adapter(library='shop', retries={'shop_of_tests.config': _fast})\n"
        )
        config = importlib.import_module("shop_of_tests.config")
        settings.declared()
        with fast_retries():
            assert config.MAX_RETRIES == 0
        assert config.MAX_RETRIES == 7

    def test_the_adapter_in_the_playbook(self, declare: Declare, tmp_path: Path) -> None:
        section = (META / "README.md").read_text(encoding="utf-8").partition("### Adapters\n")[2]
        declare(section.partition("```python\n")[2].partition("```")[0])
        (tmp_path / "shop_client").mkdir()
        (tmp_path / "shop_client" / "__init__.py").write_text("")
        (tmp_path / "shop_client" / "transport.py").write_text(CLIENT)
        client = importlib.import_module("shop_client.transport").Client()
        with fast_retries(attempts=2) as retries:
            assert client.attempts() == 2
        assert retries.waits == [60]
        with mocked_retries() as retries:
            assert client.attempts() == 5
        assert retries.waits == [60] * 4
        del sys.modules["shop_client.transport"], sys.modules["shop_client"]


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


WRONG_NAMES = """\
from shop_of_tests import config
from meta_regime.fixtures import *
a = Settings.of_module(config, "MAX_RETRYS", "PATIENCE")
b = Settings.of_module("config")
c = Settings.of_module(config)
d = Adapter(library="bank", retries={"bank": 1})
"""


class TestWrongDeclarations:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (
                "import no_such_module\n",
                "fast_tests.py, line 1: it cannot be imported. ModuleNotFoundError: No module named",
            ),
            ("x = 1\n\n1 / 0\n", "line 3: it cannot be imported. ZeroDivisionError"),
            ("x = 1\ny = (\n", "line 2: it cannot be imported. SyntaxError"),
            (
                "x = 1\n",
                "declares nothing: what counts is a variable with a Settings, Breakers or Adapter of meta_re",
            ),
            (
                "from meta_regime.fixtures import *\na = Settings(get=1, set=print)\nb = Breakers([])\n",
                "(?s)line 2: `get` of `a` is a value, int, and must be a function .*line 3: what is in `b` is a value",
            ),
            (
                "from meta_regime.fixtures import *\na = Settings(get=print)\n",
                "(?s)line 2: it cannot be imported. TypeError: .*'set'.* It is written Settings\\(get=get_config",
            ),
            (
                "from meta_regime.fixtures import *\n\nasync def get(name): ...\n\na = Settings(get, len, fast=len)\n",
                "(?s)line 5: `get` of `a` is async.*can be called with nothing.*`fast` of `a` must be a function",
            ),
            (
                WRONG_NAMES,
                r"(?s)line 3: .*did you mean 'MAX_RETRIES'.*'PATIENCE'.*line 4: `b`.*line 5: `c`.*`retries` of `d`",
            ),
            (
                "from shop_of_tests import broken\n",
                "line 1: it cannot be imported. ZeroDivisionError: .* .raised in .*shop_of_tests/broken.py, line 1",
            ),
        ],
    )
    def test_fail_the_test_in_words(self, declare: Declare, text: str, said: str) -> None:
        declare(text)
        with pytest.raises(pytest.fail.Exception, match=said), fast_retries():
            pass


class AsTuple(NamedTuple):
    max_attempts: int = 5
    backoff_factor: float = 2.0


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AsDataclass:
    max_attempts: int = 5
    backoff_factor: float = 2.0


@attrs.frozen
class AsAttrs:
    max_attempts: int = 5
    backoff_factor: float = 2.0


class AsPydantic(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)

    max_attempts: int = 5
    backoff_factor: float = 2.0


class Plain:
    def __init__(self) -> None:
        self.max_attempts, self.backoff_factor = 5, 2.0


class Checked(pydantic.BaseModel):
    max_retries: int = pydantic.Field(default=7, ge=1)
    retry_delay: float = pydantic.Field(default=5.0, gt=0)
    failure_threshold: int = 9
    recovery_timeout: int = 30


class SelfWilled:
    closed = False

    def __init__(self, checked: Checked) -> None:
        self.checked = checked

    def __setattr__(self, name: str, value: object) -> None:
        if self.closed:
            raise PermissionError(name)
        super().__setattr__(name, value)


class TestCopies:
    @pytest.mark.parametrize(
        "config",
        [
            AsTuple(),
            AsDataclass(),
            AsAttrs(),
            AsPydantic(),
            Plain(),
            SimpleNamespace(max_attempts=5, backoff_factor=2.0),
        ],
        ids=lambda config: type(config).__name__,
    )
    def test_of_every_kind(self, config: Any) -> None:
        faster = faster_copy(config, Wanted(attempts=2))
        assert type(faster) is type(config)
        assert (faster.max_attempts, faster.backoff_factor) == (2, 0)
        assert (config.max_attempts, config.backoff_factor) == (5, 2.0)
        assert faster_copy(config, Wanted(failures=1)) is config

    def test_what_must_be_above_zero_stays_so(self) -> None:
        faster = faster_copy(Checked(), Wanted(2, 3, 0.05))
        assert faster == Checked(max_retries=1, retry_delay=0.001, failure_threshold=3, recovery_timeout=1)

    def test_what_cannot_be_is_said(self) -> None:
        one_off = SelfWilled(Checked())
        one_off.closed = True
        with pytest.raises(ValueError, match=r"(?s)SelfWilled does not allow checked = .*Give Settings\(fast=...\)"):
            faster_copy(one_off, Wanted(attempts=1))
        with pytest.raises(ValueError, match="int is no kind of settings object that can be copied"):
            faster_copy(5, Wanted(attempts=1))
        with pytest.raises(ValueError, match=r"Settings.of_module\(the_class, 'ITS_NAME'\)"):
            faster_copy(Plain, Wanted(attempts=1))

    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("http_max_retries", 5, 1),
            ("MAX_ATTEMPTS", 5, 2),
            ("max_attempts", None, 2),
            ("max_attempts", 1, 1),
            ("max_retries_log", 5, 5),
            ("entries", 5, 5),
            ("retries_enabled", True, True),
            ("max_attempts", "five", "five"),
            ("retry_delay", timedelta(seconds=9), timedelta(0)),
            ("jitter", True, False),
            ("reset_timeout", timedelta(seconds=9), timedelta(seconds=0.05)),
            ("reset_timeout", 0.01, 0.01),
            ("bank_fail_max", 10, 3),
            ("timeout", 30, 30),
            ("maxRetries", 5, 1),
            ("max-attempts", 5, 2),
            ("max_attempts", -1, 2),
            ("max_attempts", float("inf"), 2),
            ("max_login_attempts", 5, 5),
            ("shipping_attempts_log", 5, 5),
            ("recovery_timeout_ms", 30_000, 50),
            ("retry_delays", [1, 2.0], [0, 0.0]),
            ("retry_backoff_ms", 500, 0),
            ("poll_interval", 5, 5),
            ("shipping_delay", 5, 5),
            ("failure_rate_threshold", 0.5, 0.5),
        ],
    )
    def test_fields_are_known_by_their_names(self, name: str, value: object, expected: object) -> None:
        assert faster_copy({name: value}, Wanted(2, 3, 0.05)) == {name: expected}


class Inner(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(frozen=True)

    max_attempts: int = pydantic.Field(default=5, ge=3, alias="maxAttempts")
    retry_delay: timedelta = timedelta(seconds=2)
    backoff_factor: float = pydantic.Field(default=2.0, gt=0, frozen=True)
    _note: str = pydantic.PrivateAttr("private")

    @pydantic.model_validator(mode="after")
    def _has_its_note(self) -> Inner:
        assert self._note == "private"
        return self


class OldStyle(pydantic.v1.BaseModel):
    max_attempts: int = pydantic.v1.Field(5, ge=2, alias="maxAttempts")
    fail_max: int = 9


@dataclasses.dataclass(frozen=True, slots=True)
class WithInitVar:
    seed: dataclasses.InitVar[int]
    max_attempts: int = 5
    derived: int = dataclasses.field(init=False, default=0)

    def __post_init__(self, seed: int) -> None:
        object.__setattr__(self, "derived", seed)


@dataclasses.dataclass(frozen=True)
class Ordered:
    backoff_min: float = 1.0
    backoff_max: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.backoff_min < self.backoff_max:
            raise ValueError("backoff_min")


@attrs.frozen
class Hidden:
    _max_attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))


evolved: Any = attrs.evolve


class Slotted:
    __slots__ = ("max_attempts",)

    def __init__(self) -> None:
        self.max_attempts = 5


class Cyclic:
    def __init__(self) -> None:
        self.me, self.max_attempts, self.kept = self, 5, object()


class TestStubbornKinds:
    def test_pydantic_with_aliases_frozen_fields_and_validators(self) -> None:
        faster = faster_copy(Inner(), Wanted(attempts=1))
        assert (faster.max_attempts, faster.retry_delay, faster.backoff_factor) == (3, timedelta(0), 0.001)
        assert faster._note == "private"

    def test_pydantic_1(self) -> None:
        faster = faster_copy(OldStyle(maxAttempts=5), Wanted(1, 3))
        assert (faster.max_attempts, faster.fail_max) == (2, 3)

    def test_a_dataclass_that_replace_cannot_copy(self) -> None:
        config = WithInitVar(7)
        faster = faster_copy(config, Wanted(attempts=1))
        assert (faster.max_attempts, faster.derived, config.max_attempts) == (1, 7, 5)

    def test_fields_that_depend_on_each_other(self) -> None:
        assert faster_copy(Ordered(), Wanted(attempts=1)) == Ordered(1.0, 2.0)

    def test_private_names_of_attrs(self) -> None:
        assert faster_copy(Hidden(), Wanted(attempts=1)) == evolved(Hidden(), max_attempts=1)

    def test_slots(self) -> None:
        assert faster_copy(Slotted(), Wanted(attempts=1)).max_attempts == 1

    def test_a_circle(self) -> None:
        config = Cyclic()
        faster = faster_copy(config, Wanted(attempts=1))
        assert (faster.max_attempts, faster.kept is config.kept, config.max_attempts) == (1, True, 5)

    def test_what_lies_in_containers(self) -> None:
        plain = AsDataclass()
        config = {1: (plain, 2), "x": [AsTuple()], "proxy": MappingProxyType({"bank": AsAttrs()}), "same": {"a": 1}}
        faster = faster_copy(config, Wanted(attempts=2))
        assert faster[1] == (AsDataclass(max_attempts=2, backoff_factor=0.0), 2)
        assert faster["x"] == [AsTuple(2, 0.0)]
        assert faster["proxy"] == {"bank": evolved(AsAttrs(), max_attempts=2, backoff_factor=0.0)}
        assert faster["same"] is config["same"]

    @given(
        st.dictionaries(
            st.sampled_from(["max_attempts", "max_retries", "delay", "backoff", "fail_max", "reset_timeout", "port"]),
            st.integers(-3, 100) | st.floats(0, 1e6) | st.none() | st.booleans() | st.text(max_size=3),
        ),
        st.builds(Wanted, st.none() | st.integers(1, 5), st.none() | st.integers(1, 5), st.none() | st.just(0.05)),
    )
    def test_nothing_becomes_slower_and_twice_is_once(self, config: dict[str, Any], wanted: Wanted) -> None:
        before = dict(config)
        faster = faster_copy(config, wanted)
        assert config == before
        assert faster_copy(faster, wanted) == faster
        assert faster.get("port") == config.get("port")
        for name, value in faster.items():
            was = config[name]
            if isinstance(was, (int, float)) and not isinstance(was, bool) and was >= 0:
                assert value <= was
        if wanted == Wanted():
            assert faster is config


class TestLayers:
    @given(st.lists(st.sampled_from(["retries", "breakers", "leave", "leave first", "set"]), max_size=12))
    @settings_of_hypothesis(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    def test_whatever_the_order_the_very_object_is_back(self, config: Any, steps: list[str]) -> None:
        before, at_work, own = config.get_resilience_config(), [], False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in steps:
                if step in {"retries", "breakers"}:
                    wanted: Any = {"attempts": 2} if step == "retries" else {"failures": 2, "seconds": 0.05}
                    block = fast_settings(**wanted)
                    block.__enter__()
                    at_work.append((step, block))
                elif step == "set" and at_work:
                    own = True
                    config.set_resilience_config(config.ResilienceConfig(enabled=False))
                elif step.startswith("leave") and at_work:
                    at_work.pop(0 if step == "leave first" else -1)[1].__exit__(None, None, None)
                inside, kinds = config.get_resilience_config(), {kind for kind, _ in at_work}
                if not own:
                    assert inside.retry.max_attempts == (2 if "retries" in kinds else 5)
                    assert inside.circuit_breakers["bank"].fail_max == (2 if "breakers" in kinds else 10)
            for _, block in at_work:  # the first one first
                block.__exit__(None, None, None)
        assert config.get_resilience_config() is before
        assert config.MAX_RETRIES == 7
        assert not any(settings._layers.values())

    def test_the_set_that_does_nothing_is_found(self, declare: Declare) -> None:
        declare(DECLARED.replace("set=config.set_resilience_config", "set=lambda new: None"))
        with (
            pytest.raises(pytest.fail.Exception, match=r"`resilience` in .*line 4, cannot be made fast: after `set`"),
            fast_retries(),
        ):
            pass

    def test_the_fast_that_forgets_to_return_is_found(self, declare: Declare) -> None:
        declare(DECLARED.replace("set_resilience_config)", "set_resilience_config, fast=lambda config, wanted: None)"))
        with pytest.raises(pytest.fail.Exception, match="line 4,: `fast` gave None"), fast_retries():
            pass

    def test_a_registry_of_breakers_may_be_given_as_it_is(self, declare: Declare) -> None:
        declare(DECLARED.replace(".values()", ""))
        (breaker,) = settings.declared_breakers()
        assert breaker.name == "bank"

    def test_names_of_breakers_are_none(self, declare: Declare) -> None:
        declare(DECLARED.replace(".values()", ".keys()"))
        with pytest.raises(pytest.fail.Exception, match="line 6: `breakers` gives 'bank', which is no circuit breaker"):
            settings.declared_breakers()


class TestNotBeforeItIsNeeded:
    def test_a_snapshot_imports_nothing(self, declare: Declare) -> None:
        declare(DECLARED)
        assert settings.snapshot_settings() == []
        assert "shop_of_tests" not in sys.modules
        importlib.import_module("shop_of_tests.config")
        assert [name for name, _, _ in settings.snapshot_settings()] == ["resilience", "numbers"]

    def test_what_is_wrong_fails_one_test_and_those_that_need_it(self, declare: Declare) -> None:
        declare("import sys\nx = 1\n")
        with pytest.raises(pytest.fail.Exception, match="declares nothing"):
            settings.snapshot_settings()
        assert settings.snapshot_settings() == []
        for _ in range(2):
            with pytest.raises(pytest.fail.Exception, match="declares nothing"), fast_retries():
                pass


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

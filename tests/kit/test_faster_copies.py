"""Copies of settings objects of every kind, with fewer attempts and shorter waits."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import attrs
import pydantic
import pydantic.v1
import pytest
from hypothesis import given
from hypothesis import strategies as st
from meta_regime.fixtures.faster_copies import Wanted, faster_copy


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

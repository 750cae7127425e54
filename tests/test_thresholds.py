"""Thresholds that a project says twice: which of them contradict each other, decided without a session."""

from __future__ import annotations

import pytest
from meta_regime.extras.wiring.thresholds import Thresholds, contradictions


def found(*typed: str, place: str = "addopts", **settings: str) -> list[str]:
    """Look at the words of addopts, or of another place, and at pytest's own settings."""
    return contradictions(Thresholds(80, None, 80, 10, ((place, typed),), tuple(settings.items())))


@pytest.mark.parametrize(
    ("minimum", "fail_under", "contradict"),
    [
        (80, 95, True),
        (95, 80, True),
        (80, 80, False),
        (None, 95, False),
        (80, None, False),
        (0, 95, True),
        (80, 0, True),
    ],
)
def test_the_least_coverage_of_the_policy_and_of_coverages_own_settings(
    minimum: float | None, fail_under: float | None, *, contradict: bool
) -> None:
    required = fail_under if fail_under is not None else minimum or 0
    lines = contradictions(Thresholds(minimum, fail_under, required, 10, ()))
    assert [line.startswith("least coverage: fail_under = ") for line in lines] == [True] * contradict


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--cov-fail-under=70"], "70"),
        (["--cov-fail-under", "90"], "90"),
        (["-q", "--cov-fail-under", "70", "--cov-fail-under=85.5", "-x"], "85.5"),
        (["--cov-fail-under=70", "--cov-fail-under=80"], ""),
        (["--cov-fail-under=70", "--cov-fail-under"], "70"),
        (["--cov-fail-under"], ""),
        (["--cov-fail-under=0"], ""),
        (["--cov-fail-under=$LEAST"], ""),
        (["--cov-fail-underneath=70"], ""),
    ],
)
def test_the_last_value_that_was_typed_counts(words: list[str], value: str) -> None:
    where = "in ci.yml:7, and [coverage] minimum of the policy, 80: delete the option"
    assert found(*words, place="ci.yml:7") == ([f"least coverage: --cov-fail-under={value} {where}"] if value else [])


def test_it_is_compared_with_what_counts() -> None:
    known = Thresholds(None, 95, 95, 10, (("addopts", ("--cov-fail-under=80",)),))
    assert contradictions(known) == [
        "least coverage: --cov-fail-under=80 in addopts, and fail_under in coverage's settings, 95: delete the option"
    ]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *(("500ms", "0.5"), ("2", "2"), ("2s", "2"), (" 2.5 s ", "2.5"), ("3.", "3"), ("2m", "120"), ("1h", "3600")),
        *((given, "") for given in ("10", "10000ms", "0", "soon", "2d", "1s2")),
    ],
)
def test_a_test_may_take_as_long_by_one_as_by_the_other(given: str, seconds: str) -> None:
    told = f"fails it after {seconds} s, and [slow_tests] limit_seconds = 10 of the policy: delete the option"
    said = [f"slowest test: --fail-slow={given} in addopts {told}"] if seconds else []
    assert found(f"--fail-slow={given}") == said
    assert found(fail_slow=given) == [
        line.replace(f"--fail-slow={given} in addopts", f"fail_slow = {given} of pytest's settings") for line in said
    ]


@pytest.mark.parametrize(("given", "early"), [("9.5", True), ("10", False), ("11", False), ("1m", False), ("0", False)])
def test_a_timeout_leaves_time_to_reach_the_limit(given: str, *, early: bool) -> None:
    (typed, *more), (set_, *others) = found("--timeout", given) or [""], found(timeout=given) or [""]
    assert (bool(typed), more, bool(set_), others) == (early, [], early, [])
    if early:
        assert typed == (
            "slowest test: --timeout=9.5 in addopts kills it after 9.5 s, before [slow_tests] limit_seconds = 10 of the"
            " policy can be reached: raise the one or lower the other"
        )
        assert set_.startswith("slowest test: timeout = 9.5 of pytest's settings kills it after 9.5 s,")


def test_what_is_typed_in_addopts_comes_before_the_settings_and_what_ci_types_is_its_own() -> None:
    assert found("--fail-slow=10s", fail_slow="2") == found("--timeout=60", timeout="2") == []
    for place in ("ci.yml:7", ".github/workflows/ci.yml:7"):
        assert found("--fail-slow=2s", "--timeout=2", place=place) == []
    assert found(other="2") == []

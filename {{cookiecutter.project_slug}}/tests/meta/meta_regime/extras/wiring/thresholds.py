"""Where a project says the same threshold twice, and not the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


class Thresholds(NamedTuple):
    """What is written down: `minimum` of the policy if the file has it, `fail_under` of coverage's own settings.

    `typed` are the words of addopts and of CI's commands that run the whole suite, each with the place of its own.
    """

    minimum: float | None
    fail_under: float | None
    required: float  # the one that the verdict takes
    limit_seconds: float
    typed: tuple[tuple[str, tuple[str, ...]], ...]
    settings: tuple[tuple[str, str], ...] = ()  # pytest's own: name and value


def contradictions(known: Thresholds) -> list[str]:
    """Name the thresholds that contradict each other; with what to delete."""
    found = []
    if known.fail_under is not None and known.minimum is not None and known.fail_under != known.minimum:
        found.append(
            f"least coverage: fail_under = {known.fail_under:g} in coverage's settings, which counts, and [coverage] "
            f"minimum = {known.minimum:g} in tests/meta/policy.toml: delete that line"
        )
    where = "fail_under in coverage's settings" if known.fail_under is not None else "[coverage] minimum of the policy"
    for place, words in known.typed:
        value = _number(_last(words, "--cov-fail-under"))
        if value and value != known.required:
            option = f"--cov-fail-under={value:g} in {place}"
            found.append(f"least coverage: {option}, and {where}, {known.required:g}: delete the option")
    limit = f"[slow_tests] limit_seconds = {known.limit_seconds:g} of the policy"
    addopts = [(place, words) for place, words in known.typed if place == "addopts"]
    for place, given in _given(known.settings, addopts, "--fail-slow", "fail_slow"):
        seconds = _duration(given)
        if seconds and seconds != known.limit_seconds:
            found.append(f"slowest test: {place} fails it after {seconds:g} s, and {limit}: delete the option")
    for place, given in _given(known.settings, addopts, "--timeout", "timeout"):
        seconds = _duration(given)
        if seconds and seconds < known.limit_seconds:
            found.append(
                f"slowest test: {place} kills it after {seconds:g} s, before {limit} can be reached: raise the one or "
                "lower the other"
            )
    return found


def _given(
    settings: Iterable[tuple[str, str]], typed: Iterable[tuple[str, Sequence[str]]], option: str, setting: str
) -> list[tuple[str, str]]:
    found = [(f"{option}={value} in {place}", value) for place, words in typed if (value := _last(words, option))]
    return found or [(f"{name} = {value} of pytest's settings", value) for name, value in settings if name == setting]


def _last(words: Sequence[str], option: str) -> str:
    """Give the value of an option as it was typed last; nothing if it was not."""
    value = ""
    for index, word in enumerate(words):
        if word.startswith(f"{option}="):
            value = word.partition("=")[2]
        elif word == option and index + 1 < len(words):
            value = words[index + 1]
    return value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _duration(text: str) -> float | None:
    match = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*(ms|s|m|h|)\s*", text)
    return float(match[1]) * _SECONDS[match[2]] if match else None

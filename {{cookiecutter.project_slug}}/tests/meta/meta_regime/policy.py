"""The thresholds of a project: `policy.toml`, read into a frozen, checked `Policy`.

Everything that is wrong is reported at once, each with its key and with what would be right.
"""

from __future__ import annotations

import functools
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple


class PolicyError(Exception):
    """A settings file cannot be used. `problems` has one sentence for each thing that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Suite(NamedTuple):
    """What is judged, what it depends on beside packages and tests, and how long a child run of it may take."""

    args: tuple[str, ...] = ()
    packages: tuple[str, ...] = ("auto",)
    environment: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    timeout_seconds: float = 1800.0


class Coverage(NamedTuple):
    """Shares of statements and branches that tests must execute, in per cent."""

    minimum: float = 80.0
    target: float = 90.0
    module_floor: float = 50.0
    changed_lines_minimum: float = 80.0
    compare_with: tuple[str, ...] = ()
    floors: Mapping[str, float] = MappingProxyType({})


class Performance(NamedTuple):
    """How long the whole suite may take, in seconds."""

    suite_seconds: float = 120.0
    ideal_seconds: float = 60.0
    tolerance_percent: float = 25.0
    slowdown_percent: float = 10.0


class SlowTests(NamedTuple):
    """How long one test may take, in seconds."""

    limit_seconds: float = 10.0
    tolerance_percent: float = 25.0
    confirm_at_most: float = 5.0
    confirm_seconds: float = 120.0


class Hygiene(NamedTuple):
    """The categories (markers) of which every test needs one, what else is looked at, and what is excused.

    `ci_expressions` are the marker expressions by which CI chooses tests, `watch` what is seen of tests while they run,
    `excused` the rules that need not be kept, each with the reason.
    """

    categories: tuple[str, ...] = ()
    ci_expressions: tuple[str, ...] = ()
    not_tests: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    sleep_seconds: float = 0.1
    excused: Mapping[str, str] = MappingProxyType({})


class FastTests(NamedTuple):
    """How soon breakers trip under `fast_resilience_config`, and how soon they let calls through again."""

    breaker_failures: float = 3.0
    breaker_seconds: float = 0.05


class Policy(NamedTuple):
    """All thresholds. The field names are the tables of `policy.toml`, theirs are its keys."""

    suite: Suite = Suite()
    coverage: Coverage = Coverage()
    performance: Performance = Performance()
    slow_tests: SlowTests = SlowTests()
    hygiene: Hygiene = Hygiene()
    fast_tests: FastTests = FastTests()


# `cruft update` ends well, and says "Good work!", when it leaves one.
_CONFLICT = "has a conflict of an update or a merge in it: `git diff` shows both sides, keep one. It "


# By key: what a number counts, the least and the most that it may be, and whether it must be above the least.
_SECONDS, _PERCENT = ("seconds", 0.0, math.inf, True), ("per cent", 0.0, 100.0, False)
NUMBERS = {
    **dict.fromkeys(("timeout_seconds", "suite_seconds", "ideal_seconds", "limit_seconds"), _SECONDS),
    **dict.fromkeys(("confirm_seconds", "sleep_seconds"), ("seconds", 0.0, math.inf, False)),
    **dict.fromkeys(("minimum", "target", "module_floor", "changed_lines_minimum", "floors"), _PERCENT),
    **dict.fromkeys(("tolerance_percent", "slowdown_percent"), ("per cent", 0.0, math.inf, False)),
    "confirm_at_most": ("tests", 0.0, math.inf, False),
    "breaker_failures": ("failures", 1.0, math.inf, False),
    "breaker_seconds": ("seconds", 0.0, 60.0, True),
}
_loads = functools.lru_cache(maxsize=4)(tomllib.loads)  # several ask for the same, and change nothing in it


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, with or without a byte-order mark. Raises `PolicyError` if it is none."""
    if path.is_symlink() or not path.is_file():
        raise PolicyError([f"{path.name} cannot be read: it is a link, a folder or a device, not a file"])
    try:
        document = _loads(path.read_bytes().decode("utf-8-sig"))
        repr(document)  # fails for a number of thousands of digits, which no message could show
    except UnicodeDecodeError as error:
        raise PolicyError([f"{path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8"]) from None
    except (ValueError, RecursionError) as error:
        conflict = "" if b"\n<<<<<<< " not in b"\n" + path.read_bytes() else _CONFLICT
        raise PolicyError([f"{path.name} {conflict}is not valid TOML: {error}"]) from None
    except OSError as error:
        raise PolicyError([f"{path.name} cannot be read: {error.strerror}"]) from None
    return document


def load_policy(path: Path) -> Policy:
    """Read `policy.toml`. Raises `PolicyError` with everything that is wrong in it."""
    if not path.exists():
        raise PolicyError([f"{path.name} is missing; get it back, or make an empty one for the defaults"])
    return parse_policy(read_toml(path), path.name)


def parse_policy(document: Mapping[str, Any], name: str = "policy.toml") -> Policy:
    """Check a parsed `policy.toml` and freeze it. Raises `PolicyError` with everything that is wrong in it."""
    problems: list[str] = []
    tables: dict[str, Any] = {}
    for title, table in document.items():
        if title not in Policy._fields:
            problems.append(f"{name}: [{title}] is unknown; {_nearest(title, Policy._fields)}")
        elif not isinstance(table, Mapping):
            problems.append(f"{name}: {title} must be a table: write [{title}] on a line of its own")
        else:
            tables[title] = _parse_table(getattr(Policy(), title), table, f"{name}: [{title}]", problems)
    policy = Policy(**tables)
    problems = problems or [f"{name}: {contradiction}" for contradiction in _contradictions(policy)]
    if problems:
        raise PolicyError(problems)
    return policy


def _parse_table(defaults: Any, table: Mapping[str, Any], where: str, problems: list[str]) -> Any:
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in defaults._fields:
            problems.append(f"{where} {key} is unknown; {_nearest(key, defaults._fields)}")
        elif key == "floors":
            values[key] = _numbers_by_name(value, f"{where} floors", problems)
        elif key == "excused":
            values[key] = _reasons(value, f"{where} excused", problems)
        elif key in NUMBERS:
            values[key] = _checked_number(value, NUMBERS[key], f"{where} {key}", problems)
        else:
            values[key] = _checked_words(value, f"{where} {key}", problems)
    return defaults._replace(**{key: value for key, value in values.items() if value is not None})


def _nearest(word: str, known: Sequence[str]) -> str:
    import difflib  # here: few policies are wrong

    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else "known are: " + ", ".join(known)


def _checked_number(value: Any, rule: tuple[str, float, float, bool], where: str, problems: list[str]) -> float | None:
    """Give the number, or None after noting what is wrong with it."""
    unit, low, high, above = rule
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        problems.append(f"{where} = {value!r}: must be a number of {unit}, without quotes")
    elif not -1e300 < value < 1e300:  # nor is it a NaN
        problems.append(f"{where} = {value}: must be a finite number of {unit}")
    elif value < low or value > high or (above and value == low):
        bounds = f"more than {low:g}" if above else f"between {low:g} and {high:g}"
        problems.append(f"{where} = {value:g}: must be {bounds} {unit}")
    else:
        return float(value)
    return None


def _numbers_by_name(value: Any, where: str, problems: list[str]) -> dict[str, float]:
    if not isinstance(value, Mapping):
        problems.append(f'{where}: must be a table of globs, as in [coverage.floors] "src/pkg/billing/**" = 95')
        return {}
    checked = {
        key: _checked_number(number, NUMBERS["floors"], f'{where} "{key}"', problems) for key, number in value.items()
    }
    return {key: number for key, number in checked.items() if number is not None}


def _reasons(value: Any, where: str, problems: list[str]) -> dict[str, str]:
    if isinstance(value, Mapping) and all(isinstance(reason, str) and reason.strip() for reason in value.values()):
        return dict(value)
    problems.append(f'{where}: must be a table of reasons, as in [hygiene.excused] strict-markers = "until June"')
    return {}


def _checked_words(value: Any, where: str, problems: list[str]) -> tuple[str, ...] | None:
    # An empty text means something in ci_expressions only: `-m ""` chooses all tests.
    if isinstance(value, list) and all(isinstance(word, str) and (word or "ci_expr" in where) for word in value):
        return tuple(value)
    problems.append(f'{where} = {value!r}: must be a list of strings, as in ["one", "two"]')
    return None


def _contradictions(policy: Policy) -> list[str]:
    found = []
    ideal, budget = policy.performance.ideal_seconds, policy.performance.suite_seconds
    if ideal > budget:
        found.append(f"[performance] ideal_seconds = {ideal:g} is over the budget, suite_seconds = {budget:g}")
    target, minimum = policy.coverage.target, policy.coverage.minimum
    if target < minimum:
        found.append(f"[coverage] target = {target:g} is below minimum = {minimum:g}; it is at least that")
    if not policy.suite.packages:
        found.append('[suite] packages is empty; name the import packages to measure, or ["auto"]')
    elif "auto" in policy.suite.packages and len(policy.suite.packages) > 1:
        found.append('[suite] packages has "auto" beside names; write either ["auto"] or names')
    return found

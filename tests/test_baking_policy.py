"""The policy that comes out of the template holds the answers, and defaults that fit them."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.baking import COMBINATIONS, EXISTING, Bake

if TYPE_CHECKING:
    from pathlib import Path


def test_the_answers_are_in_the_policy(bake: Bake, tmp_path: Path) -> None:
    numbers = {"minimum_coverage": "095.50", "suite_seconds": "3600", "slow_test_seconds": "0.5"}
    project = bake(tmp_path, **EXISTING, **numbers, package_name="shop")

    policy = tomllib.loads((project / "tests/meta/policy.toml").read_text(encoding="utf-8"))

    assert policy == {
        "suite": {"args": [], "packages": ["shop"], "environment": [], "inputs": [], "timeout_seconds": 7200},
        "coverage": {
            "minimum": 95.5,
            "target": 95.5,
            "module_floor": 50.0,
            "changed_lines_minimum": 80.0,
            "compare_with": [],
            "floors": {},
        },
        "performance": {
            "suite_seconds": 3600.0,
            "ideal_seconds": 1800.0,
            "tolerance_percent": 25.0,
            "slowdown_percent": 10.0,
        },
        "slow_tests": {
            "limit_seconds": 0.5,
            "tolerance_percent": 25.0,
            "confirm_at_most": 5,
            "confirm_seconds": 120.0,
        },
        "hygiene": {
            "categories": [],
            "ci_expressions": [""],
            "not_tests": [],
            "watch": [],
            "sleep_seconds": 0.1,
            "excused": {},
        },
        "fast_tests": {"breaker_failures": 3, "breaker_seconds": 0.05},
    }


def test_the_policy_has_the_defaults_and_order_of_the_design(baked: Path, combination: str) -> None:
    text = (baked / "tests/meta/policy.toml").read_text(encoding="utf-8")
    policy = tomllib.loads(text)

    assert policy["suite"]["packages"] == [COMBINATIONS[combination]["package_name"]]
    assert policy["suite"]["timeout_seconds"] == 1800
    assert [(key, value) for table in policy.values() for key, value in table.items()][2:] == [
        ("environment", []),
        ("inputs", []),
        ("timeout_seconds", 1800),
        ("minimum", 80.0),
        ("target", 90.0),
        ("module_floor", 50.0),
        ("changed_lines_minimum", 80.0),
        ("compare_with", []),
        ("floors", {}),
        ("suite_seconds", 120.0),
        ("ideal_seconds", 60.0),
        ("tolerance_percent", 25.0),
        ("slowdown_percent", 10.0),
        ("limit_seconds", 10.0),
        ("tolerance_percent", 25.0),
        ("confirm_at_most", 5),
        ("confirm_seconds", 120.0),
        ("categories", []),
        ("ci_expressions", [""] if COMBINATIONS[combination]["ci"] == "github" else []),
        ("not_tests", []),
        ("watch", []),
        ("sleep_seconds", 0.1),
        ("excused", {}),
        ("breaker_failures", 3),
        ("breaker_seconds", 0.05),
    ]
    # Every key is explained, on the line above it. What follows stands apart: in an update git takes a change of a line
    # next to one that the project has changed for a conflict.
    lines = [*text.splitlines(), ""]
    keys = [at for at, line in enumerate(lines) if re.match(r"\w+ = ", line)]
    assert all(lines[at - 1].startswith("# ") and not lines[at + 1] for at in keys)


@pytest.mark.parametrize("minimum", ["0", "100"])
def test_target_and_floor_follow_an_extreme_minimum(minimum: str, bake: Bake, tmp_path: Path) -> None:
    project = bake(tmp_path, **EXISTING, minimum_coverage=minimum)

    coverage = tomllib.loads((project / "tests/meta/policy.toml").read_text(encoding="utf-8"))["coverage"]

    assert coverage["module_floor"] <= coverage["minimum"] <= coverage["target"]
    assert coverage["minimum"] == float(minimum)

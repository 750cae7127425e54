"""Is the whole suite fast enough to be run often? Thresholds: policy.toml, [performance]. What to do: README.md."""

import sys
from collections.abc import Callable

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

from meta_regime.time_verdicts import suite_within_budget
from meta_regime.verdict import Decide


def test_suite_within_time_budget(judge: Callable[[Decide], None]) -> None:
    """The suite takes no longer than its budget."""
    judge(suite_within_budget)


if "meta_regime.extras.slowdown" in sys.modules:  # it may be deleted
    from meta_regime.extras.slowdown import test_suite_has_not_slowed_down

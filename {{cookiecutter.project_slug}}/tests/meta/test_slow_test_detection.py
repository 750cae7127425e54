"""Is every test fast? Threshold: policy.toml, [slow_tests]. Excuses: known_slow.toml. What to do: README.md."""

import sys
from collections.abc import Callable

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

from meta_regime.time_verdicts import no_new_slow_tests
from meta_regime.verdict import Decide


def test_no_new_slow_tests(judge: Callable[[Decide], None]) -> None:
    """No test takes longer than the limit, all phases summed, unless known_slow.toml excuses it."""
    judge(no_new_slow_tests)

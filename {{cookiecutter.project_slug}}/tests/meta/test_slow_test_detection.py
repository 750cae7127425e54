"""Is every test fast? Threshold: policy.toml, [slow_tests]. Excuses: known_slow.toml. What to do: README.md."""

import functools
import sys
from collections.abc import Callable

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

from meta_regime.time_verdicts import no_new_slow_tests
from meta_regime.verdict import Decide


def test_no_new_slow_tests(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """No test takes longer than the limit, all phases summed, unless known_slow.toml excuses it."""
    confirm = sys.modules.get("meta_regime.extras.confirm")  # runs it again first; may be deleted
    judge(functools.partial(confirm.no_new_slow_tests, request.config) if confirm else no_new_slow_tests)


if "meta_regime.extras.known_slow" in sys.modules:  # it may be deleted
    from meta_regime.extras.known_slow import test_known_slow_list_is_current

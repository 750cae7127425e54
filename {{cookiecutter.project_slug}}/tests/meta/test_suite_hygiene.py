"""Does every test get run? Exceptions: policy.toml, [hygiene]. What to do: README.md."""

import functools
import sys
from collections.abc import Callable

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

from meta_regime.extras.hygiene import every_test_file_is_collected
from meta_regime.verdict import Decide


def test_every_test_file_is_collected(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
    """No file holds tests that pytest passes over because of the file's name."""
    judge(functools.partial(every_test_file_is_collected, request.config))

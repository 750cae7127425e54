"""Is enough of the code executed by the suite? Thresholds: policy.toml, [coverage]. What to do: README.md."""

import functools
import sys
from collections.abc import Callable

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

from meta_regime.coverage_verdicts import total_meets_minimum
from meta_regime.verdict import Decide


def test_total_coverage_meets_minimum(judge: Callable[[Decide], None]) -> None:
    """Total coverage, exact and never rounded, is at least the minimum."""
    judge(total_meets_minimum)


# The others are there while the module that decides them is: each may be deleted.

if "meta_regime.extras.floors" in sys.modules:
    from meta_regime.extras.floors import no_module_below_floor

    def test_no_module_below_floor(judge: Callable[[Decide], None]) -> None:
        """No single module has less than its floor."""
        judge(no_module_below_floor)


if "meta_regime.extras.ratchet" in sys.modules:
    from meta_regime.extras.ratchet import has_not_regressed

    def test_coverage_has_not_regressed(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
        """No file has more uncovered lines and branches than baseline.json allows."""
        judge(functools.partial(has_not_regressed, request.config))


if "meta_regime.extras.changed_lines" in sys.modules:
    from meta_regime.extras.changed_lines import changed_lines_are_covered

    def test_changed_lines_are_covered(judge: Callable[[Decide], None], request: pytest.FixtureRequest) -> None:
        """The lines that differ from the default branch are covered."""
        judge(functools.partial(changed_lines_are_covered, request.config))

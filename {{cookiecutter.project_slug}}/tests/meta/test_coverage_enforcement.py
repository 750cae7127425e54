"""Is enough of the code executed by the suite? Thresholds: policy.toml, [coverage]. What to do: README.md."""

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


# The others stand beside what decides them, and are there while that is: each may be deleted.
if "meta_regime.extras.floors" in sys.modules:
    from meta_regime.extras.floors import test_no_module_below_floor
if "meta_regime.extras.ratchet" in sys.modules:
    from meta_regime.extras.ratchet import test_coverage_has_not_regressed
if "meta_regime.extras.changed_lines" in sys.modules:
    from meta_regime.extras.changed_lines import test_changed_lines_are_covered

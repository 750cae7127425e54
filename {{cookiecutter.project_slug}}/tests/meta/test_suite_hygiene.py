"""Is every test run, and does it keep the rules? Settings: policy.toml, [hygiene]. What to do: README.md."""

import sys

import pytest

if "meta_regime.plugin" not in sys.modules:
    pytest.fail("tests/conftest.py lacks the three lines that load the regime: tests/meta/README.md", pytrace=False)

# Each stands beside what decides it, and is there while that is: each may be deleted.
if "meta_regime.extras.hygiene" in sys.modules:
    from meta_regime.extras.hygiene import test_every_test_file_is_collected
if "meta_regime.extras.categories" in sys.modules:
    from meta_regime.extras.categories import test_every_test_has_a_category
if "meta_regime.extras.skips" in sys.modules:
    from meta_regime.extras.skips import test_every_skip_and_xfail_has_a_reason
if "meta_regime.extras.strictness" in sys.modules:
    from meta_regime.extras.strictness import test_pytest_is_strict
if "meta_regime.extras.wiring" in sys.modules:
    from meta_regime.extras.wiring import test_the_verdicts_are_wired_in
if "meta_regime.extras.side_effects" in sys.modules:
    from meta_regime.extras.side_effects import test_tests_leave_nothing_behind

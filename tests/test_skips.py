"""Every skip and every xfail gives a reason."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from meta_regime.extras import _gathered, skips
from meta_regime.record import SuiteRun
from meta_regime.verdict import Outcome, Standards

from tests.ruled import WAYS, Ruled
from tests.sample import REASONS

FILE = "tests/unit/test_unit.py"
SKIPPED = {
    "tests/unit/test_module.py",
    f"{FILE}::test_skipped_by_mark",
    f"{FILE}::test_skipped_in_its_call",
    f"{FILE}::test_skipped_if",
    f"{FILE}::test_skipped_by_its_fixture",
    f"{FILE}::TestCase::test_skipped_by_unittest",
}
XFAILED = {
    f"{FILE}::TestCase::test_expected_to_fail",
    f"{FILE}::test_fails",
    f"{FILE}::test_is_not_run",
    f"{FILE}::test_passes_all_the_same",
    f"{FILE}::test_fails_in_its_call",
}


@pytest.mark.parametrize("way", WAYS)
def test_what_was_skipped_without_a_reason_is_listed_wherever_it_ran(way: str, ruled: Ruled) -> None:
    said = ruled.said(way)
    assert said.outcomes[REASONS] == "failed", said.text
    message = said.messages[REASONS]
    assert "Without a reason: 6 skipped; 5 expected to fail." in message
    skipped, xfailed = message.split("\nxfail-reasons: ")
    listed = [line.strip() for line in skipped.splitlines() if line.startswith("    tests/")]
    assert {line.partition(", at ")[0] for line in listed} == SKIPPED  # pytest 8 tells where a fixture skips
    assert {line.strip() for line in xfailed.splitlines() if line.startswith("    tests/")} == XFAILED
    assert "skip-reasons: Nobody says why these tests are skipped.\n" in message
    assert 'Next: give the reason, as in `@pytest.mark.skip(reason="needs a printer")`' in message
    assert '    [hygiene.excused]\n    skip-reasons = "the reason, and until when"' in message


@pytest.mark.parametrize(
    "words",
    [
        *("Skipped: unconditional skip", "Skipped: ", "Skipped:", "Skipped", "Skipped: <Skipped instance>"),
        *("unittest.case.SkipTest", "unittest.case.SkipTest: ", "Skipped: skip", "Skipped: TODO!", "Skipped: \t."),
        *("", "reason: ", "[NOTRUN] ", "reason: [NOTRUN] ", "xfail", "Skipped: Skipped", "Skipped: ???"),
    ],
)
def test_what_is_no_reason(words: str) -> None:
    assert not skips.is_reason(words)


@pytest.mark.parametrize(
    "words",
    [
        *("Skipped: needs a printer", "Skipped: condition: sys.platform == 'win32'", "reason: [NOTRUN] hangs"),
        *("Skipped: skip it on Windows", "Skipped: todo: printer", "rounds half up", "Skipped: reason: #12"),
        "Skipped: could not import 'printer': No module named 'printer'",
    ],
)
def test_what_is_a_reason(words: str) -> None:
    assert skips.is_reason(words)


class Config:
    class pluginmanager:  # noqa: N801 - stands for pytest's
        @staticmethod
        def list_name_plugin() -> list[tuple[str, object]]:
            return [("meta-tests-skips", skips), ("other", object())]


def judged(gathered: dict[str, list[str]]) -> tuple[Outcome, str]:
    run = SuiteRun(figures={_gathered.FIGURE: gathered})
    said = skips.every_skip_has_a_reason(Config, run, Standards())  # type: ignore[arg-type]
    return said.outcome, said.line


def test_a_run_in_which_nobody_noted_skips_is_not_judged() -> None:
    assert judged({"skip-reasons": [], "xfail-reasons": []}) == (
        Outcome.PASSED,
        "Every skip and every xfail gives a reason.",
    )
    for missing in ("skip-reasons", "xfail-reasons"):
        outcome, line = judged({name: [] for name in ("skip-reasons", "xfail-reasons") if name != missing})
        assert outcome is Outcome.NOT_JUDGED
        assert line.endswith("nobody noted in that run what was skipped; type: pytest tests/meta --meta-fresh")


def gathered(
    root: Path, reports: Sequence[object], collected: Sequence[pytest.CollectReport] = ()
) -> dict[str, list[str]]:
    """Give what is noted of reports."""
    config = SimpleNamespace(rootpath=root, stash=pytest.Stash(), pluginmanager=pytest.PytestPluginManager())
    skips.pytest_configure(config)  # type: ignore[arg-type]
    listening = config.pluginmanager.getplugin("meta-tests-skips-listening")
    for report in collected:
        listening.pytest_collectreport(report)
    listening.pytest_meta_tests_doubts(SimpleNamespace(reports=lambda: reports))
    noted = _gathered.pytest_meta_tests_doubts(SimpleNamespace(config=config))["figures"][_gathered.FIGURE]
    return dict(noted)


def test_which_rules_are_broken_is_told_of_what_was_noted() -> None:
    noted = SuiteRun(figures={_gathered.FIGURE: {"skip-reasons": ["test_a.py::test_x"], "xfail-reasons": []}})
    for run, rules in ((noted, ["skip-reasons"]), (SuiteRun(), [])):
        assert skips.broken_rules(Config, run, Standards()) == rules  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("tests/conftest.py", f"{FILE}::test_it, at tests/conftest.py:12"),
        ("tests/unit/that_skips.py", f"{FILE}::test_it, at tests/unit/that_skips.py:12"),
        (FILE, f"{FILE}::test_it"),
        (".venv/lib/python3/site-packages/_pytest/unittest.py", f"{FILE}::test_it"),
        ("../elsewhere.py", f"{FILE}::test_it"),
    ],
    ids=["a conftest", "a module", "the test", "a library", "outside"],
)
def test_a_skip_that_stands_elsewhere_is_told_with_its_place(place: str, told: str, tmp_path: Path) -> None:
    path = os.path.normpath(tmp_path / place)
    report = pytest.TestReport(f"{FILE}::test_it", ("", 1, ""), {}, "skipped", (path, 12, "Skipped: "), "call")
    assert gathered(tmp_path, [report, object()]) == {"skip-reasons": [told], "xfail-reasons": []}


def test_of_what_is_collected_only_what_is_skipped_counts(tmp_path: Path) -> None:
    collected = [pytest.CollectReport(f"test_{outcome}.py", outcome, "", []) for outcome in ("passed", "skipped")]
    assert gathered(tmp_path, [], collected)["skip-reasons"] == ["test_skipped.py"]

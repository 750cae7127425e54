"""Rules, what is made of them, and excuses: decided without pytest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from meta_regime.extras import _checks, skips, strictness
from meta_regime.extras._checks import Check
from meta_regime.extras.side_effects import rules as side_effects
from meta_regime.record import SuiteRun
from meta_regime.verdict import Outcome, Standards, Verdict

Found = Mapping[str, list[str] | None]


class Lids(Check[Found]):
    """A jar has no lid.

    What is in it dries out.
    Next: put it on.
    """

    rule = "lids"

    def broken(self, facts: Found) -> list[str] | None:
        return facts["lids"]

    def advice(self, facts: Found) -> str:
        return f"lid --on {(facts['lids'] or [''])[0]}"


class Labels(Check[Found]):
    """A jar has no label."""

    rule = "labels"
    by_run = True

    def broken(self, facts: Found) -> list[str] | None:
        return facts["labels"]

    def told(self, facts: Found, found: object) -> str:
        del facts, found
        return "a jar without a label"


CHECKS: tuple[Check[Found], ...] = (Lids(), Labels())


def judged(
    lids: list[str] | None,
    labels: list[str] | None,
    excused: Mapping[str, str] | None = None,
    known: tuple[str, ...] = (),
) -> Verdict:
    return _checks.judged(
        CHECKS, {"lids": lids, "labels": labels}, excused or {}, kept="All jars are well.", broken="Jars:", known=known
    )


def test_rules_that_are_kept_or_do_not_apply() -> None:
    assert judged([], None) == Verdict(Outcome.PASSED, "All jars are well.")


def test_a_broken_rule_says_what_why_and_what_next() -> None:
    said = judged(["jam"], [])
    assert (said.outcome, said.line) == (Outcome.FAILED, "Jars: lids (1).")
    assert said.details == (
        "lids: A jar has no lid.\nWhat is in it dries out.\nNext: put it on.\n\n    jam\n\n    lid --on jam\n\n"
        "If it has to stay so for now, in tests/meta/policy.toml:\n\n"
        '    [hygiene.excused]\n    lids = "the reason, and until when"'
    )


def test_all_broken_rules_are_told_at_once_and_of_each_the_first_findings() -> None:
    said = judged([f"jam {number}" for number in range(12)], ["tea"])
    assert said.line == "Jars: lids (12); a jar without a label."
    assert "    jam 9\n    and 2 more\n" in said.details
    assert "jam 10" not in said.details
    assert "labels: A jar has no label.\n\n    tea\n" in said.details


def test_an_excuse_excuses_and_is_named() -> None:
    said = judged(["jam"], [], {"lids": "the lids are in the wash"})
    assert said == Verdict(Outcome.PASSED, "All jars are well. Excused in policy.toml: lids.")
    assert judged(["jam"], ["tea"], {"lids": "…"}).line == "Jars: a jar without a label."


@pytest.mark.parametrize("found", [[], None])
def test_no_excuse_outlives_its_cause(found: list[str] | None) -> None:
    said = judged(found, [], {"lids": "the lids are in the wash"}, ("lids", "labels"))
    assert (said.outcome, said.line) == (Outcome.FAILED, "[hygiene.excused] excuses what needs no excuse: lids.")
    assert said.details == (
        "lids: the rule is kept, or does not apply.\n\nNext: take it out of tests/meta/policy.toml."
    )


def test_unless_the_next_run_may_need_it_again() -> None:
    said = judged([], [], {"labels": "on some days"})
    assert said == Verdict(Outcome.PASSED, "All jars are well. This run needs no excuse for labels.")


@pytest.mark.parametrize(
    ("checks", "rules"),
    [
        (skips.CHECKS, ["skip-reasons", "xfail-reasons"]),
        (strictness.CHECKS, ["known-settings"]),
        (side_effects.CHECKS, ["real-sleeps", "network", "environment", "working-folder"]),
    ],
    ids=["skips", "strictness", "side effects"],
)
def test_which_these_are(checks: Sequence[Check[Any]], rules: list[str]) -> None:
    assert [check.rule for check in checks if check.by_run] == rules


def test_an_excuse_for_what_is_no_rule_is_found() -> None:
    assert judged([], [], {"lid": "mistyped"}).outcome is Outcome.PASSED  # where nobody says which there are
    said = judged([], [], {"lid": "mistyped"}, ("lids", "labels", "shelves"))
    assert (said.outcome, said.line) == (Outcome.FAILED, "[hygiene.excused] excuses what needs no excuse: lid.")
    assert "lid: there is no such rule; there are lids, labels, shelves." in said.details
    assert judged([], [], {"shelves": "another verdict's"}, ("lids", "labels", "shelves")).outcome is Outcome.PASSED


def test_which_are_broken_and_not_excused() -> None:
    facts: Found = {"lids": ["jam"], "labels": ["tea"]}
    assert _checks.broken(CHECKS, facts, {}) == ["lids", "labels"]
    assert _checks.broken(CHECKS, facts, {"lids": "…"}) == ["labels"]
    assert _checks.broken(CHECKS, {"lids": None, "labels": []}, {}) == []


@pytest.mark.parametrize(("count", "more"), [(10, ""), (11, "    and 1 more\n")])
def test_ten_findings_are_shown(count: int, more: str) -> None:
    details = judged([f"jam {number}" for number in range(count)], []).details
    assert f"    jam 9\n{more}\n    lid --on jam 0" in details


def test_the_first_rule_that_is_broken_is_the_example_of_an_excuse() -> None:
    assert judged(["jam"], ["tea"]).details.endswith('    [hygiene.excused]\n    lids = "the reason, and until when"')


def test_only_what_is_wrong_stands_with_what_to_do_and_the_rest_apart() -> None:
    class Shelves(Lids):
        """A shelf is full.

        Next: empty it.

        Or build one.
        """

    said = _checks.judged([Shelves()], {"lids": ["jam"]}, {}, kept="", broken="Shelves:")
    assert said.details.startswith("lids: A shelf is full.\nNext: empty it.\n\nOr build one.\n\n    jam\n")


def test_rules_of_all_extras_are_found_by_the_names_of_their_plugins() -> None:
    def broken_rules(*_: object) -> list[str]:
        return ["labels"]

    extra = SimpleNamespace(CHECKS=CHECKS, broken_rules=broken_rules)
    theirs = SimpleNamespace(CHECKS=[SimpleNamespace(rule="theirs")], broken_rules=lambda *_: ["theirs"])
    plugins = [("meta-tests-jars", extra), ("meta-tests", None), ("meta-tests-other", object()), ("theirs", theirs)]
    config: Any = SimpleNamespace(pluginmanager=SimpleNamespace(list_name_plugin=lambda: plugins))
    assert _checks.known_rules(config) == ["lids", "labels"]
    assert _checks.broken_rules(config, SuiteRun(), Standards()) == ["labels"]

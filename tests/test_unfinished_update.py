"""An update of the template that did not fit everywhere is not passed over, though `cruft update` ends well."""

from __future__ import annotations

from pathlib import Path

from meta_regime.extras.unfinished_update import rejected

from tests.sample import session, write


def test_nothing_is_judged_beside_a_change_that_is_not_in(project: Path) -> None:
    assert "passed" in session(project, "tests/meta").verdicts.values()
    write(project, {"tests/meta/policy.toml.rej": "@@ -1 +1 @@\n"})

    why = (
        "The suite could not be judged. An update of the template left tests/meta/policy.toml.rej. Make by hand what "
        "it says in the file of that name without .rej, then delete it."
    )
    for typed in ("--cov=src/shop", "tests/meta"):  # the run on record must not stand for this one, either
        said = session(project, typed)
        assert set(said.verdicts.values()) == {"failed"}, said.text
        assert why in said.text


def test_a_policy_with_a_conflict_is_named_as_such(project: Path) -> None:
    policy = project / "tests/meta/policy.toml"
    text = policy.read_text(encoding="utf-8")
    marked = text.replace("[slow_tests]", "<<<<<<< ours\n[slow_tests]\n=======\n[slow]\n>>>>>>> theirs", 1)
    policy.write_text(marked, encoding="utf-8")

    said = session(project, "--cov=src/shop")

    assert said.status == 1
    line = marked[: marked.index("<<<<<<<")].count("\n") + 1
    assert (
        "Nothing was judged. tests/meta/policy.toml has a conflict of an update or a merge in it: `git diff` shows "
        f"both sides, keep one. It is not valid TOML: Invalid statement (at line {line}, column 1)"
    ) in said.text


def test_what_an_update_left_is_found_where_the_template_writes(tmp_path: Path) -> None:
    ours = (".github/workflows/meta-tests.yml.rej", "tests/meta/meta_regime/policy.py.rej")
    write(tmp_path, dict.fromkeys([*ours, "src/mine.rej", "tests/unit/mine.rej", ".github/workflows/ci.yml.rej"], ""))
    assert rejected(tmp_path / "tests/meta", tmp_path) == list(ours)

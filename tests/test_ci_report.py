"""What a session in CI leaves: a step summary and annotations on GitHub, a code quality report on GitLab."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.in_git import Repository
from tests.ratcheting import PRICES, append
from tests.sample import CHANGED, COVERAGE, FLOOR, SLOW, Said, copy_of, delete_extras, policy, session, write
from tests.test_shards import SPLIT

CODE_QUALITY = "gl-code-quality-report.json"
# The limit of a slow test is above what the machine does to a quick one.
STRICT = """\
[coverage]
minimum = 76
module_floor = 0
[coverage.floors]
"src/shop/unused.py" = 90
[slow_tests]
limit_seconds = 0.5
"""
HOSTILE = "a|b`<script>::error::x"
SLOW_TEST = f"""\
import time

import pytest


class TestSlow:
    @pytest.mark.parametrize("n", [1], ids=[{HOSTILE!r}])
    def test_it(self, n):
        time.sleep(1)
"""
PLAIN = "[coverage]\nminimum = 70\nmodule_floor = 0\n"


def in_ci(project: Path, summary: Path, *typed: str, **more: str) -> Said:
    """Run a session as if both GitHub and GitLab did."""
    both = {"CI": "true", "GITHUB_ACTIONS": "true", "GITLAB_CI": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    return session(project, *typed, env={**both, **more})


def annotated(said: Said) -> list[str]:
    return [line for line in said.text.splitlines() if re.match("::(error|warning) (file|title)=", line)]


def report(project: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((project / CODE_QUALITY).read_text(encoding="utf-8"))
    return found


def texts(summary: Path) -> str:
    """Give the summary with its escapes undone."""
    text = summary.read_text(encoding="utf-8")
    return re.sub(r"&#(\d+);", lambda match: chr(int(match[1])), text).replace("&nbsp;", " ")


def outside_code(markdown: str) -> str:
    """Leave the blocks of code out."""
    return re.sub(r"^(`{3,}).*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["plain", "-n 2"])
def test_a_red_session_says_where_and_what_to_do(
    judged_repository: Repository, workers: list[str], tmp_path: Path
) -> None:
    project, summary = judged_repository.folder, tmp_path / "summary.md"
    policy(project, STRICT)
    append(judged_repository, PRICES, "\n\ndef more():\n    one = 1\n    return one\n")
    write(project, {"tests/unit/test_slow.py": SLOW_TEST})
    said = in_ci(project, summary, "--cov=src/shop", *workers)
    assert said.status == 1

    lines = annotated(said)
    uncovered = f"::error file={PRICES},line=10,endLine=11,title=not covered::No test executes these changed lines: "
    assert f"{uncovered}{PRICES}:10-11" in lines
    at = "file=src/shop/unused.py,line=1,endLine=1"
    assert f"::error {at},title=below its floor::src/shop/unused.py: 0.00 %25 covered, 90 %25 is required." in said.text
    (slow,) = [line for line in lines if "title=slow test" in line]
    at = "file=tests/unit/test_slow.py,line=8,endLine=8"
    assert slow.startswith(f"::error {at},title=slow test::tests/unit/test_slow.py::TestSlow::test_it[{HOSTILE}] took ")
    assert "the limit is 0.5 s. 1.00 s slept (time.sleep) at tests/unit/test_slow.py:9, in the call. Take the" in slow
    (gate,) = [line for line in lines if line.startswith("::warning")]
    assert gate.startswith("::warning file=tests/meta/policy.toml,line=1,endLine=1,title=the gate's own settings are")

    whole = texts(summary)
    assert whole.count("## meta-tests: ") == 1  # the suspect ran again, in a child
    assert whole.startswith(
        "\n## meta-tests: ❌ 5 of 8 verdicts fail\n\nJudged: this session, 6 tests. Typed:\n\n```text\npytest "
    )
    for name in (CHANGED, COVERAGE, FLOOR, SLOW):
        assert f"| ❌ **FAILED** | `{name}` |" in whole
    assert "### ⚠️ The gate itself was changed on this branch" in whole
    assert "\n-minimum = 70\n" in whole
    assert "\n+minimum = 76\n" in whole
    assert f"| `{PRICES}` | 1 | 3 | +2 |" in whole
    assert f"::test_it[{HOSTILE}]</code> | 1.00 s slept" in whole
    assert "<script>" not in outside_code(summary.read_text(encoding="utf-8"))

    rows = report(project)
    checks = {str(row["check_name"]).removeprefix("meta-tests/") for row in rows}
    assert {CHANGED, COVERAGE, FLOOR, SLOW, "settings-changed"} <= checks
    places = [row["location"] for row in rows if row["check_name"] == f"meta-tests/{SLOW}"]
    assert places == [{"path": "tests/unit/test_slow.py", "lines": {"begin": 8}}]


def test_green_sessions_of_a_step_stand_below_each_other(judged_repository: Repository, tmp_path: Path) -> None:
    project, summary = judged_repository.folder, tmp_path / "summary.md"
    write(project, {CODE_QUALITY: "of a red run before"})
    for typed in (["--cov=src/shop"], ["tests/meta", "--meta-fresh"]):  # the second has a child run
        said = in_ci(project, summary, *typed)
        assert (said.status, annotated(said)) == (0, [])
        assert report(project) == []
    heads = [line for line in texts(summary).splitlines() if line.startswith(("## ", "Judged: "))]
    ok = "## meta-tests: ✅ no verdict of 8 fails"
    assert [heads[0], heads[2]] == [ok, ok]
    assert [heads[1].partition(". ")[0], heads[3].partition(". ")[0]] == [
        "Judged: this session, 5 tests",
        "Judged: a child run of the whole suite, 5 tests",
    ]
    assert len(heads) == 4
    assert "The gate" not in texts(summary)


def test_only_the_session_that_judges_the_shards_writes(pristine: Path, tmp_path: Path) -> None:
    project, summary = copy_of(pristine, tmp_path / "shop"), tmp_path / "summary.md"
    policy(project, PLAIN)
    for group in ("1", "2"):
        typed = ("--splits", "2", "--group", group, f"--meta-record=shards/{group}.jsonl")
        said = in_ci(project, summary, "--cov=src/shop", *typed, **SPLIT)
        assert said.status == 0, said.text
    assert not summary.exists()
    assert not (project / CODE_QUALITY).exists()
    said = in_ci(project, summary, "tests/meta", "--meta-records", "shards")
    assert said.status == 0, said.text
    assert re.search(r"Judged: 2 shards, .*, 5 tests\. ", texts(summary))
    assert "cannot be told: this is no git repository" in texts(summary)
    assert report(project) == []


def test_what_cannot_be_written_is_said_and_changes_nothing(judged_repository: Repository, tmp_path: Path) -> None:
    project = judged_repository.folder
    (project / CODE_QUALITY).mkdir()
    said = in_ci(project, tmp_path, "--cov=src/shop")
    assert said.status == 0, said.text
    assert "meta-tests: the step summary could not be written: Is a directory" in said.text
    assert f"meta-tests: {CODE_QUALITY} could not be written: Is a directory" in said.text
    assert "INTERNALERROR" not in said.text


def test_without_the_other_extras_less_is_said(project: Path, tmp_path: Path) -> None:
    """Nor with those of single files, and of the machine, which this project lacks."""
    assert delete_extras(project, "confirm", "known_slow", "where_time_goes", "plan", "summary") == 5
    policy(project, "[coverage]\nminimum = 75\n[slow_tests]\nlimit_seconds = 0.5\n")
    write(project, {"tests/unit/test_slow.py": SLOW_TEST})
    said = in_ci(project, tmp_path / "summary.md", "--cov=src/shop")
    assert "INTERNALERROR" not in said.text
    (slow,) = annotated(said)
    assert slow.startswith("::error file=tests/unit/test_slow.py,line=8,endLine=8,title=slow test::")
    assert slow.endswith(", the limit is 0.5 s.")
    assert f"<summary>{SLOW}: 1 test is slower than 0.5 s." in texts(tmp_path / "summary.md")


def test_outside_ci_nothing_is_written(judged_repository: Repository) -> None:
    project = judged_repository.folder
    policy(project, STRICT)
    said = session(project, "--cov=src/shop")
    assert (said.status, annotated(said)) == (1, [])
    assert not (project / CODE_QUALITY).exists()


def test_in_a_repository_of_several_projects_files_are_named_from_its_root(pristine: Path, tmp_path: Path) -> None:
    top = tmp_path / "all"
    project = shutil.copytree(pristine, top / "services" / "shop")
    repository = Repository(top, tmp_path)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit({".gitignore": "__pycache__/\n"})
    policy(project, "[coverage]\nminimum = 76\n")
    said = in_ci(project, tmp_path / "summary.md", "--cov=src/shop")
    assert [line.partition("::")[2].partition(",")[0] for line in annotated(said)] == [
        "error title=meta-tests::Total coverage is 75.00 %25",
        "warning file=services/shop/tests/meta/policy.toml",
    ]
    assert {row["location"]["path"] for row in report(project)} == {"services/shop/tests/meta/policy.toml"}  # type: ignore[index]
    stopped = in_ci(project, tmp_path / "stopped.md", "--cov=src/shop", "--maxfail=1", "-k", "nothing_of_this")
    assert stopped.status != 0
    assert "verdicts fail" in texts(tmp_path / "stopped.md")


def test_a_change_cannot_hide_behind_a_branch_of_its_own_choice(pristine: Path, tmp_path: Path) -> None:
    project = copy_of(pristine, tmp_path / "shop")
    repository = Repository(project, tmp_path)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.commit({".gitignore": "__pycache__/\n"})
    repository.git("checkout", "--quiet", "-b", "theirs")
    lax = '[coverage]\nminimum = 1\ncompare_with = ["HEAD"]\n'
    policy(project, lax)
    repository.commit(message="loosen")
    said = in_ci(project, tmp_path / "summary.md", "--cov=src/shop")
    assert said.status == 0, said.text
    assert [line for line in annotated(said) if line.startswith("::warning file=tests/meta/policy.toml")]
    assert '\n+compare_with = ["HEAD"]\n' in texts(tmp_path / "summary.md")

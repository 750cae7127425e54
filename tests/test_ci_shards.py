"""The commands of the CI files that come out of the template, run as CI runs them: shards, judging, and by night."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tests.baking import EXISTING, NEW, Bake
from tests.in_ci import JUDGE, Pipeline
from tests.in_git import Repository, with_baseline
from tests.sample import LOADER, PACKAGE, SETTINGS, STRICT_SETTINGS, TESTS, write

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the commands are for bash, which CI has and Windows may not")

SAMPLE = {**PACKAGE, **TESTS, "pyproject.toml": SETTINGS + STRICT_SETTINGS, "tests/conftest.py": LOADER}
# The files that are there, and the answers, with a minimum that no shard alone needs to reach.
PROJECTS = {
    "new-github": ({}, {**NEW, "ci": "github", "minimum_coverage": "100"}),
    "new-gitlab": ({}, {**NEW, "ci": "gitlab", "minimum_coverage": "100"}),
    "existing-github": (SAMPLE, {**EXISTING, "ci": "github", "package_name": "shop", "minimum_coverage": "75"}),
    "existing-gitlab": (SAMPLE, {**EXISTING, "ci": "gitlab", "package_name": "shop", "minimum_coverage": "75"}),
}
FAILING = {"tests/unit/test_failing.py": "def test_bad():\n    assert False\n"}


# A test that the suite leaves out.
SLOW = """
import pytest


@pytest.mark.slow
def test_of_minutes():
    pass
"""


@pytest.fixture(scope="module", params=PROJECTS)
def recorded(request: pytest.FixtureRequest, bake: Bake, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """A project of which both shards have run."""
    there, answers = PROJECTS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    write(folder, there)
    pipeline = Pipeline(ready(bake(folder, **answers)), answers["ci"])
    for group in (1, 2):
        done = pipeline.shard(group)
        assert done.returncode == 0, done.stdout
        assert f"meta-tests: recorded shard {group} of 2 in shards/{group}.jsonl" in done.stdout
    return pipeline


@pytest.fixture
def pipeline(recorded: Pipeline, tmp_path: Path) -> Pipeline:
    """A copy of it, elsewhere, as the judging job is."""
    return Pipeline(shutil.copytree(recorded.project, tmp_path / "elsewhere"), recorded.ci)


@pytest.fixture
def fresh(bake: Bake, tmp_path: Path) -> Pipeline:
    return Pipeline(ready(bake(tmp_path, **NEW)), "github")


def ready(project: Path) -> Path:
    """Do what is left to its owner: make the baseline, and commit all. No module of the sample is held to a floor."""
    policy = project / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("module_floor = 50.0", "module_floor = 0.0"))
    with_baseline(project, "tests/meta")
    repository = Repository(project, project.parent)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.commit()
    return project


def test_the_shards_together_are_judged(pipeline: Pipeline) -> None:
    names = {path.name for path in (pipeline.project / "shards").iterdir()}
    assert names == {"1.jsonl", "1.jsonl.coverage", "2.jsonl", "2.jsonl.coverage"}
    done = pipeline.judge()
    assert done.returncode == 0, done.stdout
    assert "= meta-tests: 2 shards, " in done.stdout
    if pipeline.ci == "gitlab":
        pattern = pipeline.jobs[JUDGE]["coverage"].strip("/")
        assert set(re.findall(pattern, done.stdout)) < {"100.00", "75.00"}


def test_a_shard_that_is_not_there_is_missed(pipeline: Pipeline) -> None:
    for path in (pipeline.project / "shards").glob("2.*"):
        path.unlink()
    done = pipeline.judge()
    assert done.returncode == 1
    assert "Shard 2 of 2 is missing" in done.stdout
    shutil.rmtree(pipeline.project / "shards")
    done = pipeline.judge()
    assert done.returncode == 1
    assert "There is no folder shards with records." in done.stdout


def test_a_failing_test_fails_its_shard_and_the_verdicts(pipeline: Pipeline) -> None:
    write(pipeline.project, FAILING)
    assert sorted(pipeline.shard(group).returncode for group in (1, 2)) == [0, 1]
    done = pipeline.judge()
    assert done.returncode == 1
    assert "1 test of the suite failed; mend that first." in done.stdout


@pytest.mark.parametrize("of", [1, 4])
def test_there_may_be_one_shard_or_more_than_tests(of: int, fresh: Pipeline) -> None:
    assert [fresh.shard(group, of).returncode for group in range(1, of + 1)] == [0] * of
    done = fresh.judge()
    assert done.returncode == 0, done.stdout
    assert ", 3 tests ==" in done.stdout


def test_the_projects_minimum_is_not_asked_of_a_shard_alone(fresh: Pipeline) -> None:
    with (fresh.project / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[tool.coverage.report]\nfail_under = 100\n")
    policy = fresh.project / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("\nminimum = 80.0\n", "\n"))  # one source
    for group in (1, 2):
        done = fresh.shard(group)
        assert done.returncode == 0, done.stdout
    done = fresh.judge()
    assert done.returncode == 0, done.stdout
    assert "the minimum is 100 %" in done.stdout


def test_what_the_policy_selects_must_be_selected_in_the_shards(fresh: Pipeline) -> None:
    policy = fresh.project / "tests/meta/policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("args = []", 'args = ["-m", "not slow"]'))
    for group in (1, 2):
        fresh.shard(group)
    done = fresh.judge()
    assert done.returncode == 1
    assert "2.jsonl is not its whole shard: partial run (without -m 'not slow')" in done.stdout


@pytest.mark.parametrize("start", ["new-github", "existing-gitlab"])
def test_by_night_all_tests_run_also_those_that_the_suite_leaves_out(start: str, bake: Bake, tmp_path: Path) -> None:
    there, answers = PROJECTS[start]
    write(tmp_path, there)
    pipeline = Pipeline(bake(tmp_path, **answers), answers["ci"])
    leave_out_slow(pipeline.project)
    write(pipeline.project, {"tests/slow/test_slow.py": SLOW})
    own = {"new-github": 3, "existing-gitlab": 5}[start]
    by_day = pipeline.shard(1, of=1)
    assert (by_day.returncode, f"{own} passed, 1 deselected" in by_day.stdout) == (0, True), by_day.stdout
    by_night = pipeline.nightly()
    assert (by_night.returncode, f"{own + 1} passed" in by_night.stdout) == (0, True), by_night.stdout
    assert "meta-tests: switched off (--no-meta)" in by_night.stdout
    write(pipeline.project, {"tests/slow/test_slow.py": SLOW.replace("pass", "assert False")})
    by_night = pipeline.nightly()
    assert (by_night.returncode, "FAILED tests/slow/test_slow.py::test_of_minutes" in by_night.stdout) == (1, True)


def test_a_night_without_tests_is_red(fresh: Pipeline) -> None:
    for path in fresh.project.glob("tests/unit/test_*.py"):
        path.unlink()
    assert fresh.nightly().returncode == pytest.ExitCode.NO_TESTS_COLLECTED


def leave_out_slow(project: Path) -> None:
    """Let the project's own settings select its suite."""
    path = project / "pyproject.toml"
    document: Any = tomlkit.parse(path.read_text(encoding="utf-8"))
    table = document["tool"]["pytest"]["ini_options"]
    table["markers"] = ["slow: takes minutes"]
    table["addopts"] = [*table.get("addopts", []), "-m", "not slow"]
    path.write_text(tomlkit.dumps(document), encoding="utf-8")

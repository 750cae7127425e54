"""The CI files that come out of the template, for GitHub and for GitLab."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.baking import COMBINATIONS, EXISTING, NEW, Bake
from tests.in_ci import JUDGE, NIGHTLY, SHARD, Pipeline

SHARDED = {"new": NEW, "existing": {**EXISTING, "package_name": "shop"}}
STARTS = {**SHARDED, "unknown package": EXISTING}
WITH_CI = [name for name, answers in COMBINATIONS.items() if answers["ci"] != "none"]


@pytest.mark.parametrize("combination", WITH_CI, indirect=True)
def test_ci_shards_the_tests_if_it_knows_what_to_measure(baked: Path, combination: str) -> None:
    answers = COMBINATIONS[combination]
    pipeline = Pipeline(baked, answers["ci"])
    new = answers["starting_point"] == "new project"
    together = not new and answers["package_name"] == "auto"
    shard, nightly = SHARD[answers["ci"]], NIGHTLY[answers["ci"]]

    *_, install, judge = pipeline.commands(JUDGE)

    assert pipeline.commands(nightly) == [*pipeline.commands(JUDGE)[:-1], 'python -m pytest --no-meta -m ""']
    if together:
        assert set(pipeline.jobs) == {JUDGE, nightly}
        assert judge == "python -m pytest tests/meta"
        assert "--cov=PACKAGE --cov-report= --meta-record=shards/N.jsonl" in pipeline.text
    else:
        assert set(pipeline.jobs) == {shard, JUDGE, nightly}
        assert judge == "python -m pytest tests/meta --meta-records shards"
        assert pipeline.commands(shard)[:-1] == pipeline.commands(JUDGE)[:-1]
        cov = "--cov" if new else "--cov=shop"
        options = f"{cov} --cov-report= --meta-record=shards/"
        assert options in " ".join(pipeline.commands(shard)[-1].replace("\\\n", "").split())
    assert "python -m pip install -e . --group dev" in install
    assert ("python -m pip install diff-cover pytest pytest-cov" in install) == (not new)
    assert ("Adapt" in install) == (not new)
    assert ("pytest-split" in install) == (not together)
    assert max(map(len, pipeline.text.splitlines())) <= 120


@pytest.mark.skipif(os.name == "nt", reason="the commands are for bash, which CI has and Windows may not")
@pytest.mark.parametrize("combination", WITH_CI, indirect=True)
def test_the_commands_of_ci_are_valid_shell(baked: Path, combination: str) -> None:
    pipeline = Pipeline(baked, COMBINATIONS[combination]["ci"])
    for command in [command for job in pipeline.jobs for command in pipeline.commands(job)]:
        done = subprocess.run(["bash", "-n", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="the commands are for bash, which CI has and Windows may not")
@pytest.mark.parametrize("combination", WITH_CI, indirect=True)
def test_what_fails_in_a_pipe_fails_the_job_wherever_it_stands(baked: Path, combination: str) -> None:
    pipeline = Pipeline(baked, COMBINATIONS[combination]["ci"])
    failing = "false | cat\ntrue"
    for job in pipeline.jobs:
        commands = pipeline.commands(job)
        setting = [command for command in commands if command.startswith("set ")]
        at = [number for number, command in enumerate(commands) if command not in setting]
        assert len(at) == 2
        for number in at:
            others = [command if command in setting else "true" for command in commands]
            assert pipeline.in_shell(others).returncode == 0
            assert pipeline.in_shell([*others[:number], failing, *others[number + 1 :]]).returncode == 1
            if setting:  # it is what does it
                others = ["true"] * len(commands)
                assert pipeline.in_shell([*others[:number], failing, *others[number + 1 :]]).returncode == 0


@pytest.mark.parametrize("start", STARTS)
def test_the_github_workflow_may_read_and_nothing_else(start: str, bake: Bake, tmp_path: Path) -> None:
    pipeline = Pipeline(bake(tmp_path, **STARTS[start], ci="github"), "github")
    workflow = pipeline.content

    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["group"] == "${{ github.workflow }}-${{ github.event_name }}-${{ github.ref }}"
    assert workflow["defaults"]["run"]["shell"] == "bash"
    assert "pull_request_target" not in pipeline.text
    assert "secrets" not in pipeline.text
    uses = re.findall(r"uses: (.*)", pipeline.text)
    assert len(uses) == (4 if start in SHARDED else 2)
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", use) for use in uses)
    for name, job in pipeline.jobs.items():
        assert "permissions" not in job
        assert 0 < job["timeout-minutes"] <= (120 if name == "nightly" else 45)
        checkout, python = [step for step in job["steps"] if "uses" in step][:2]
        assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
        # setup-python's cache fails the job where it finds no file to name it after; the last one is always there.
        named = python["with"]["cache-dependency-path"].split()
        assert python["with"]["cache"] == "pip"
        assert (pipeline.project / named[-1]).is_file()
        assert (named == ["pyproject.toml"]) == (start == "new")


@pytest.mark.parametrize("start", STARTS)
def test_the_nightly_run_is_apart_from_the_judged_ones(start: str, bake: Bake, tmp_path: Path) -> None:
    on_github = Pipeline(bake(tmp_path / "github", **STARTS[start], ci="github"), "github")
    assert on_github.content[True].keys() == {"push", "pull_request", "schedule", "workflow_dispatch"}  # True is "on"
    runs = {name: job["if"] for name, job in on_github.jobs.items()}
    by_night = "${{ github.event_name == 'schedule' || github.event_name == 'workflow_dispatch' }}"
    assert runs.pop("nightly") == by_night
    judging = runs.pop(JUDGE)
    by_day = "github.event_name != 'schedule' }}"
    assert judging == (f"${{{{ always() && {by_day}" if start in SHARDED else f"${{{{ {by_day}")
    assert runs == ({"tests": f"${{{{ {by_day}"} if start in SHARDED else {})

    jobs = Pipeline(bake(tmp_path / "gitlab", **STARTS[start], ci="gitlab"), "gitlab").jobs
    assert jobs.pop("meta-tests-nightly")["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    # `rules` would change in which pipelines they are; by this they are in the same ones as a job without any.
    assert [(job.get("except"), "rules" in job) for job in jobs.values()] == [(["schedules"], False)] * len(jobs)


@pytest.mark.parametrize("start", STARTS)
def test_gitlab_keeps_what_pip_downloads_and_shows_what_the_verdicts_report(
    start: str, bake: Bake, tmp_path: Path
) -> None:
    pipeline = Pipeline(bake(tmp_path, **STARTS[start], ci="gitlab"), "gitlab")
    for name, job in pipeline.jobs.items():
        assert job["variables"]["PIP_CACHE_DIR"] == f"$CI_PROJECT_DIR/{job['cache']['paths'][0]}"
        assert len(job["cache"]["key"]["files"]) <= 2  # GitLab takes no more
        assert (pipeline.project / job["cache"]["key"]["files"][-1]).is_file()
        reported = {"codequality": "gl-code-quality-report.json"} if name == JUDGE else None
        assert job.get("artifacts", {}).get("reports") == reported
    assert pipeline.jobs[JUDGE]["artifacts"]["when"] == "always"


@pytest.mark.parametrize("start", SHARDED)
def test_no_shard_is_passed_over_on_github(start: str, bake: Bake, tmp_path: Path) -> None:
    jobs = Pipeline(bake(tmp_path, **STARTS[start], ci="github"), "github").jobs
    shard, judge = jobs["tests"], jobs[JUDGE]
    upload = shard["steps"][-1]
    first, *_, download, verdicts, last = judge["steps"]

    assert shard["strategy"] == {"fail-fast": False, "matrix": {"shard": [1, 2]}}
    assert upload["if"] == "${{ !cancelled() }}"
    assert upload["with"]["path"] == download["with"]["path"] == "shards"
    assert upload["with"]["name"] == "shard-${{ matrix.shard }}"
    assert upload["with"]["if-no-files-found"] == "error"
    assert download["with"]["pattern"] == "shard-*"
    assert download["with"]["merge-multiple"] is True
    # GitHub takes a required job that was skipped for one that passed, so this one runs after all that can happen.
    assert (judge["needs"], judge["if"]) == ("tests", "${{ always() && github.event_name != 'schedule' }}")
    assert (first["if"], first["run"]) == ("${{ needs.tests.result == 'cancelled' }}", "exit 1")
    assert (last["if"], last["run"]) == ("${{ needs.tests.result != 'success' }}", "exit 1")
    assert "if" not in verdicts
    assert not [step for job in jobs.values() for step in [job, *job["steps"]] if "continue-on-error" in step]


@pytest.mark.parametrize("start", SHARDED)
def test_no_shard_is_passed_over_on_gitlab(start: str, bake: Bake, tmp_path: Path) -> None:
    jobs = Pipeline(bake(tmp_path, **STARTS[start], ci="gitlab"), "gitlab").jobs
    shard, judge = jobs["meta-tests-shard"], jobs[JUDGE]

    assert shard["parallel"] == 2
    assert shard["artifacts"] == {"paths": ["shards"], "when": "always", "expire_in": "3 days"}
    assert (judge["needs"], judge["when"]) == (["meta-tests-shard"], "always")
    assert judge["artifacts"]["reports"] == {"codequality": "gl-code-quality-report.json"}
    assert judge["artifacts"]["when"] == "always"  # a red verdict is what it is for
    assert {"timeout", "image", "interruptible"} <= shard.keys() & judge.keys()
    assert not [job for job in (shard, judge) if job.keys() & {"allow_failure", "rules", "stage", "before_script"}]


def test_the_gitlab_file_is_included_by_a_new_project_and_offered_to_an_old_one(bake: Bake, tmp_path: Path) -> None:
    new = Pipeline(bake(tmp_path / "new", **NEW, ci="gitlab"), "gitlab")
    old = Pipeline(bake(tmp_path / "old", **EXISTING, ci="gitlab"), "gitlab")
    path = ".gitlab/meta-tests.gitlab-ci.yml"

    included = yaml.safe_load((new.project / ".gitlab-ci.yml").read_text(encoding="utf-8"))["include"]
    comment = old.text.split("add to the project's .gitlab-ci.yml:\n")[1]
    offered = yaml.safe_load("\n".join(re.findall(r"^#   (.*)$", comment, re.MULTILINE)))

    assert included == [{"local": path}]
    assert offered["include"] == included
    # A file that is included must not change what is not its own.
    assert set(old.content) == {JUDGE, "meta-tests-nightly", ".meta-tests"}
    assert set(new.content) == {JUDGE, "meta-tests-nightly", ".meta-tests", "meta-tests-shard"}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize("start", STARTS)
def test_ci_waits_longer_than_the_regime_does(ci: str, start: str, bake: Bake, tmp_path: Path) -> None:
    pipeline = Pipeline(bake(tmp_path, **STARTS[start], ci=ci, suite_seconds="5000.5"), ci)
    policy = tomllib.loads((pipeline.project / "tests/meta/policy.toml").read_text(encoding="utf-8"))
    job = pipeline.jobs[SHARD[ci] if start in SHARDED else JUDGE]
    minutes = job["timeout-minutes" if ci == "github" else "timeout"]

    assert policy["suite"]["timeout_seconds"] == 10001
    assert int(str(minutes).split()[0]) == 182

"""Others' checks of the CI files that come out of the template: the schemas of GitHub and GitLab, and zizmor.

Each is shown to object to what was planted.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.baking import COMBINATIONS, NEW, Bake, scrubbed_environment
from tests.in_ci import Pipeline

if TYPE_CHECKING:
    from collections.abc import Iterable

WITH_CI = [name for name, answers in COMBINATIONS.items() if answers["ci"] != "none"]
SCHEMAS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
# What zizmor would have besides: titles of jobs. Their ids are what branch protection shows and requires.
NOT_WANTED = {"anonymous-definition"}
# What is planted: what stands there, what comes instead, and what is said of it.
AGAINST_THE_SCHEMA = {
    "github": {
        "unknown key": ("timeout-minutes: 45", "timeout-minuts: 45", "'timeout-minuts' was unexpected"),
        "unknown event": ("  pull_request:\n", "  pull_requests:\n", "pull_requests"),
        "wrong type": ("fail-fast: false", "fail-fast: [no]", "fail-fast"),
        "wrong shell": ("shell: bash", "shell: [bash]", "shell"),
    },
    "gitlab": {
        "unknown key": ("  parallel: 2", "  paralel: 2", "'paralel' was unexpected"),
        "unknown word": ("  when: always  # a shard", "  when: allways  # a shard", "allways"),
        "wrong type": ("needs: [meta-tests-shard]", "needs: 3", "needs"),
        "no yes or no": ("interruptible: false", "interruptible: never", "never"),
    },
}
UNSAFE = {
    "unpinned-uses": (r"(uses: actions/checkout)@[0-9a-f]{40}", r"\1@v7"),
    "excessive-permissions": (r"contents: read", "contents: write"),
    "dangerous-triggers": (r"  pull_request:\n", "  pull_request_target:\n"),
    "template-injection": (r"(run: python -m pytest tests/meta)", r"\1 ${{ github.event.pull_request.title }}"),
}


def schema_says(ci: str, paths: Iterable[Path]) -> dict[str, str]:
    """Check files by the schema of a CI; return what is wrong with each, nothing if nothing is."""
    options = ["--builtin-schema", SCHEMAS[ci], "--output-format=json"]
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *options, *map(str, paths)],
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = json.loads(done.stdout)
    assert (said["status"] == "ok") == (done.returncode == 0)
    assert not said.get("parse_errors")
    return {Path(error["filename"]).stem: str(error) for error in said.get("errors", [])}


def zizmor_says(folder: Path) -> dict[str, set[str]]:
    """Audit the workflows in a folder; return what was found in each file."""
    zizmor = shutil.which("zizmor", path=str(Path(sys.executable).parent))
    assert zizmor, "zizmor is not installed; make test does that"
    options = ["--offline", "--no-config", "--no-exit-codes", "--strict-collection", "--pedantic", "--format=json"]
    done = subprocess.run(
        [zizmor, *options, str(folder)],
        env=scrubbed_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, set[str]] = {path.stem: set() for path in folder.glob(".github/workflows/*.yml")}
    for finding in json.loads(done.stdout):
        for location in finding["locations"]:
            path = Path(location["symbolic"]["key"]["Local"]["verbatim_path"])
            found[path.stem].add(finding["ident"])
    return {name: idents - NOT_WANTED for name, idents in found.items()}


@pytest.mark.parametrize("combination", WITH_CI, indirect=True)
def test_nothing_is_wrong_with_any_of_them(baked: Path, combination: str) -> None:
    pipeline = Pipeline(baked, COMBINATIONS[combination]["ci"])
    assert schema_says(pipeline.ci, [pipeline.path, *baked.glob(".gitlab-ci.yml")]) == {}
    if pipeline.ci == "github":
        assert zizmor_says(baked) == {pipeline.path.stem: set()}


@pytest.mark.parametrize("ci", SCHEMAS)
def test_the_schemas_object(ci: str, bake: Bake, tmp_path: Path) -> None:
    good = Pipeline(bake(tmp_path / "project", **NEW, ci=ci), ci).text
    planted = {tmp_path / f"{name}.yml": plant for name, plant in AGAINST_THE_SCHEMA[ci].items()}
    for path, (before, after, _) in planted.items():
        assert good.count(before) == 1, before
        path.write_text(good.replace(before, after), encoding="utf-8")
    said = schema_says(ci, planted)
    assert said.keys() == AGAINST_THE_SCHEMA[ci].keys()
    for path, (_, _, wrong) in planted.items():
        assert wrong in said[path.stem]


def test_zizmor_objects(bake: Bake, tmp_path: Path) -> None:
    pipeline = Pipeline(bake(tmp_path, **NEW, ci="github"), "github")
    for ident, (before, after) in UNSAFE.items():
        text, count = re.subn(before, after, pipeline.text)
        assert count == 1, ident
        pipeline.path.with_name(f"{ident}.yml").write_text(text, encoding="utf-8")
    found = zizmor_says(pipeline.project)
    assert found.pop(pipeline.path.stem) == set()
    assert {ident for ident, idents in found.items() if ident in idents} == set(UNSAFE)

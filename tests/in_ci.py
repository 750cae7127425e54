"""A CI file that came out of the template, and its commands as CI would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.baking import CI_FILE, ROOT, scrubbed_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

SPLIT = ROOT / ".venv" / "beside" / "pytest-split"
JUDGE = "meta-tests"
SHARD = {"github": "tests", "gitlab": "meta-tests-shard"}
NIGHTLY = {"github": "nightly", "gitlab": "meta-tests-nightly"}
# How GitHub runs `shell: bash`. GitLab has one shell for all entries of a script; nothing of it is taken for granted.
_BASH = ("bash", "--noprofile", "--norc")
_SHELLS = {"bash": (*_BASH, "-eo", "pipefail")}


@dataclass(frozen=True)
class Pipeline:
    """The CI file of a project."""

    project: Path
    ci: str

    @property
    def path(self) -> Path:
        (name,) = CI_FILE[self.ci]
        return self.project / name

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def content(self) -> dict[Any, Any]:
        content = yaml.safe_load(self.text)
        assert isinstance(content, dict)
        return content

    @property
    def jobs(self) -> dict[str, Any]:
        """The jobs, with what GitLab's take from the hidden one."""
        if self.ci == "github":
            return dict(self.content["jobs"])
        shown = {name: job for name, job in self.content.items() if not name.startswith(".")}
        return {name: {**self.content[job["extends"]], **job} for name, job in shown.items()}

    def steps(self, job: str) -> list[dict[str, Any]]:
        """Give the steps with commands of a job of GitHub's that has no trouble."""
        return [step for step in self.jobs[job]["steps"] if "run" in step and "if" not in step]

    def commands(self, job: str) -> list[str]:
        """Give the commands of a job that has no trouble."""
        if self.ci == "gitlab":
            return [str(entry) for entry in self.jobs[job]["script"]]
        return [step["run"] for step in self.steps(job)]

    def variables(self, job: str, group: int, of: int) -> dict[str, str]:
        """Give the environment variables that tell a job which of so many shards it is."""
        if self.ci == "gitlab":
            return {"CI_NODE_INDEX": str(group), "CI_NODE_TOTAL": str(of)}
        known = {"${{ matrix.shard }}": group, "${{ strategy.job-total }}": of}
        given = {name: value for step in self.steps(job) for name, value in step.get("env", {}).items()}
        return {name: str(known[value]) for name, value in given.items()}

    def run(self, job: str, group: int = 1, of: int = 2) -> subprocess.CompletedProcess[str]:
        """Run what a job does after it has installed; `python` is this one."""
        commands = [command for command in self.commands(job) if "pip install" not in command]
        assert sum("pytest" in command for command in commands) == 1
        return self.in_shell(commands, self.variables(job, group, of))

    def in_shell(
        self, commands: Sequence[str], variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run commands in the shell of the CI, in the project."""
        shell = _SHELLS[self.content["defaults"]["run"]["shell"]] if self.ci == "github" else _BASH
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            [*shell, "-c", "\n".join(commands)],
            cwd=self.project,
            env=scrubbed_environment({"CI": "true", "PATH": path, "PYTHONPATH": str(SPLIT), **(variables or {})}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def shard(self, group: int, of: int = 2) -> subprocess.CompletedProcess[str]:
        return self.run(SHARD[self.ci], group, of)

    def judge(self) -> subprocess.CompletedProcess[str]:
        return self.run(JUDGE)

    def nightly(self) -> subprocess.CompletedProcess[str]:
        return self.run(NIGHTLY[self.ci])

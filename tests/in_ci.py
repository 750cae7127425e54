"""A CI file that came out of the template, and its commands as CI would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.baking import CI_FILE, ROOT, scrubbed_environment

SPLIT = ROOT / ".venv" / "beside" / "pytest-split"
JUDGE = "meta-tests"
SHARD = {"github": "tests", "gitlab": "meta-tests-shard"}


@dataclass(frozen=True)
class Pipeline:
    """The CI file of a project."""

    project: Path
    ci: str

    @property
    def text(self) -> str:
        (path,) = CI_FILE[self.ci]
        return (self.project / path).read_text(encoding="utf-8")

    @property
    def content(self) -> dict[Any, Any]:
        content = yaml.safe_load(self.text)
        assert isinstance(content, dict)
        return content

    @property
    def jobs(self) -> dict[str, Any]:
        return dict(self.content["jobs"] if self.ci == "github" else self.content)

    def commands(self, job: str, group: int = 1, of: int = 2) -> list[str]:
        """Give the commands of a job that has no trouble, as one of so many shards."""
        if self.ci == "gitlab":
            return [str(entry) for entry in self.jobs[job]["script"]]
        known = {"matrix.shard": group, "strategy.job-total": of}
        runs = [step["run"] for step in self.jobs[job]["steps"] if "run" in step and "if" not in step]
        return [re.sub(r"\$\{\{ (.*?) \}\}", lambda match: str(known[match[1]]), run) for run in runs]

    def run(self, job: str, group: int = 1, of: int = 2) -> subprocess.CompletedProcess[str]:
        """Run what a job does after it has installed; `python` is this one."""
        commands = [command for command in self.commands(job, group, of) if "pip install" not in command]
        assert len(commands) == 1
        variables = {"CI_NODE_INDEX": str(group), "CI_NODE_TOTAL": str(of)} if self.ci == "gitlab" else {}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", commands[0]],
            cwd=self.project,
            env=scrubbed_environment({"CI": "true", "PATH": path, "PYTHONPATH": str(SPLIT), **variables}),
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

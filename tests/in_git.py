"""A project in a git repository, with a remote and with pre-commit's hooks."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.baking import run_pytest, scrubbed_environment
from tests.sample import write

if TYPE_CHECKING:
    from collections.abc import Mapping

IDENTITY = {"NAME": "tests", "EMAIL": "tests@example.invalid"}
GIT = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in IDENTITY.items()}


@dataclass(frozen=True)
class Repository:
    """A git repository; `outside` is a folder for what must not lie in it."""

    folder: Path
    outside: Path

    def run(
        self, *command: str, path: Path = Path(sys.executable).parent, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run a command where `python` is the one in `path`, with no git settings, or pre-commit's, of the user's."""
        own = {
            **GIT,
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PRE_COMMIT_HOME": str(self.outside / "pre-commit"),
            "SUITE_RUNS": str(self.outside / "runs"),
            "PATH": os.pathsep.join([str(path), os.environ["PATH"]]),
        }
        outer = scrubbed_environment()
        environment = {name: outer[name] for name in outer if not name.startswith(("GIT_", "PRE_COMMIT", "SKIP"))}
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def git(self, *args: str) -> str:
        done = self.run("git", *args)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def pre_commit(self, *args: str, path: Path = Path(sys.executable).parent) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "pre_commit", *args, path=path)

    def commit(self, files: Mapping[str, str] | None = None, message: str = "state") -> str:
        """Write files and commit all that lies there; gives the short name of the commit."""
        write(self.folder, files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-verify", "--message", message)
        return self.git("rev-parse", "--short", "HEAD")

    def push(self) -> subprocess.CompletedProcess[str]:
        return self.run("git", "push", "origin", "HEAD")

    def is_pushed(self) -> bool:
        return self.git("rev-parse", "HEAD") in self.git("ls-remote", "origin")

    def runs(self) -> int:
        """How often the suite ran, if it has the test that counts."""
        record = self.outside / "runs"
        return len(record.read_text().splitlines()) if record.exists() else 0


def in_git(folder: Path, outside: Path, files: Mapping[str, str] | None = None) -> Repository:
    """Commit a project, give it a remote, and install the hooks that its settings name."""
    outside.mkdir()
    repository = Repository(folder, outside)
    repository.git("init", "--quiet", "--initial-branch", "main")
    repository.git("init", "--quiet", "--bare", str(outside / "remote.git"))
    repository.git("remote", "add", "origin", str(outside / "remote.git"))
    repository.commit(files)
    assert repository.pre_commit("install").returncode == 0
    return repository


def with_baseline(project: Path, *typed: str, env: Mapping[str, str] | None = None) -> None:
    """Give a project its first baseline, as its owner does: by a whole run with coverage, and `--meta-accept`."""
    done = run_pytest(project, *(typed or ("--cov",)), "--cov-report=", "--meta-accept", env=env)
    assert "baseline.json was made" in done.stdout, done.stdout + done.stderr

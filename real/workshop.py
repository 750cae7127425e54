"""Makes ready what a comparison needs: source, environment, repository, and the regime in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from cookiecutter.main import cookiecutter  # type: ignore[import-untyped]

from real.projects import Project
from tests.baking import ROOT, scrubbed_environment

BUILD = ROOT / "build" / "real"
TOOLS = ("pytest", "pytest-cov", "pytest-xdist", "pytest-asyncio", "freezegun")
LOADER = """\
import pathlib, sys
sys.path.append(str(pathlib.Path(__file__).parent / "meta"))
from meta_regime.plugin import *  # hooks and fixtures
"""
# Written by running the tests, not by the template.
_BY_THE_WAY = {".git", "__pycache__"}


def run(command: list[str | Path], cwd: Path, env: dict[str, str] | None = None) -> str:
    """Run a command that has to succeed, and give what it printed."""
    done = subprocess.run(
        command, cwd=cwd, env=scrubbed_environment(env), capture_output=True, text=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        typed = " ".join(map(str, command))
        raise RuntimeError(f"exit status {done.returncode}: {typed}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def source_distribution(project: Project) -> Path:
    """Give the archive of a project's source distribution; it is downloaded once."""
    folder = BUILD / "sdists"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"{project.name}-{project.version}.tar.gz"
    if not archive.exists():
        download = ["download", "--quiet", "--no-binary", ":all:", "--no-deps", "--dest", str(folder)]
        run([sys.executable, "-m", "pip", *download, f"{project.name}=={project.version}"], folder)
    return archive


def constraints(own: Mapping[str, str], without: tuple[str, ...] = ()) -> str:
    """Give the pins of requirements/dev.txt, with a project's own in their place, without the project itself."""
    lines = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if re.match(r"[a-z]", line)]
    kept = [line for line in pins if line.partition("==")[0] not in {*without, *own}]
    return "\n".join([*kept, *(f"{name}=={version}" for name, version in own.items())]) + "\n"


def environment_in(parent: Path, name: str, base: Path, wanted: Sequence[str], pinned: str) -> Path:
    """Give the interpreter of an environment with what is wanted, below a folder; it is kept while all is the same."""
    version = run([base, "-c", "import sys; print(sys.version, end='')"], ROOT)
    digest = hashlib.sha256("\n".join([version, *wanted, pinned]).encode()).hexdigest()
    folder = parent / f"{name}-{digest[:12]}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp, pins = folder / "installed", folder / "constraints.txt"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        run([base, "-m", "venv", folder], ROOT)
        pins.write_text(pinned, encoding="utf-8")
        run([python, "-m", "pip", "install", "--quiet", "-c", pins, *wanted], folder)
        stamp.touch()
    return python


def environment(project: Project, base: Path = Path(sys.executable), more: tuple[str, ...] = ()) -> Path:
    """Give the interpreter of an environment with tools and test dependencies, and what `more` names as well.

    It is of the Python that `base` is.
    """
    wanted = (*TOOLS, *project.needs, *more)
    return environment_in(BUILD / "environments", project.key, base, wanted, constraints(project.pins, (project.name,)))


def git(folder: Path, *arguments: str) -> str:
    """Run git in a repository, with settings that are nobody's."""
    identity = {f"GIT_{who}_{what}": "nobody" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    nothing = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return run(["git", "-c", "core.autocrlf=false", *arguments], folder, {**identity, **nothing})


def unpacked(project: Project, python: Path, scratch: Path) -> Path:
    """Unpack the source in a fresh repository with one commit, and install it, editable, in its environment.

    What lies in this repository is copied, and finds its package by itself.
    """
    if project.folder:
        junk = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage*")
        return shutil.copytree(ROOT / project.folder, scratch / project.name, ignore=junk)
    with tarfile.open(source_distribution(project)) as archive:
        archive.extractall(scratch, filter="data")
    (folder,) = scratch.iterdir()
    pins = python.parents[1] / "constraints.txt"
    run([python, "-m", "pip", "install", "--quiet", "-c", pins, "--editable", folder], scratch)
    git(folder, "init", "--quiet")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("__pycache__/\n", encoding="utf-8")
    git(folder, "add", "--all", "--force", ".")
    git(folder, "commit", "--quiet", "--message", "as released")
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Give the digest of every file, whether git ignores it or not; no bytecode."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _BY_THE_WAY.intersection(path.relative_to(folder).parts)
    }


def bake(template: Path, destination: Path, scratch: Path, **answers: str) -> None:
    """Bake the template onto an existing project, whatever the user's own cookiecutter settings say."""
    config = scratch / "cookiecutter.yaml"  # JSON is YAML
    folders = {"cookiecutters_dir": str(scratch / "templates"), "replay_dir": str(scratch / "replay")}
    config.write_text(json.dumps(folders), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cookiecutter's own
        cookiecutter(
            str(template),
            no_input=True,
            extra_context={"project_slug": ".", "starting_point": "existing project", **answers},
            output_dir=str(destination),
            overwrite_if_exists=True,
            skip_if_file_exists=True,
            config_file=str(config),
        )


def add_loader(project: Path) -> None:
    """Add the three lines to tests/conftest.py, below a docstring and `from __future__`, as a user would."""
    conftest = project / "tests" / "conftest.py"
    text = conftest.read_text(encoding="utf-8") if conftest.exists() else ""
    head = re.match(r'\A(?:#[^\n]*\n)*(?:""".*?"""\n+)?(?:from __future__ import [^\n]*\n)*', text, re.DOTALL)
    assert head is not None
    conftest.write_text(text[: head.end()] + LOADER + text[head.end() :], encoding="utf-8", newline="")


def put(policy: Path, key: str, value: str) -> None:
    """Set a key of policy.toml that stands on a line of its own."""
    text = policy.read_text(encoding="utf-8")
    changed, count = re.subn(rf"(?m)^{key} = .*$", lambda _: f"{key} = {value}", text)
    if count != 1:
        raise RuntimeError(f"{policy} has {count} lines for {key}")
    policy.write_text(changed, encoding="utf-8")

"""How long cookiecutter takes for this template, and for two that are known, from a clone that is there already."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.experiments import BUILD, Experiment, Ground, Prepared
from benchmarks.figures import Cost, Variant
from benchmarks.measuring import run
from benchmarks.suites import NotCountedError, write_suite
from tests.baking import EXISTING, ROOT, TEMPLATE_PARTS, scrubbed_environment

NEW_PROJECT, EXISTING_PROJECT = "this template, new project", "this template, existing project"
SECONDS_TO_CLONE = 300


@dataclass(frozen=True)
class Peer:
    """A known template: where it is, the commit that is measured, a file that it writes, and whether its hooks run."""

    address: str
    commit: str
    writes: str
    hooks: bool = True


PEERS = {
    "cookiecutter-pypackage": Peer(
        "https://github.com/audreyfeldroy/cookiecutter-pypackage",
        "ced42cf27e20987ad5e1a315a26e89a94002ba74",
        "pyproject.toml",
    ),
    # Its hook asks the package index for all dependencies, which is not what is compared.
    "cookiecutter-django": Peer(
        "https://github.com/cookiecutter/cookiecutter-django",
        "2d3b8809f288187b3014163a3310766b5f962cf9",
        "manage.py",
        hooks=False,
    ),
}


def _git(*arguments: str | Path) -> str:
    command = ["git", "-c", "core.autocrlf=false", *map(str, arguments)]
    variables = scrubbed_environment({"GIT_TERMINAL_PROMPT": "0"})
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, check=False, timeout=SECONDS_TO_CLONE
        )
    except subprocess.TimeoutExpired as error:
        raise NotCountedError(f"git {arguments[0]} had not ended after {SECONDS_TO_CLONE} s") from error
    if done.returncode:
        raise NotCountedError(f"git {arguments[0]}: {' '.join(done.stderr.split()) or done.returncode}")
    return done.stdout.strip()


def cloned(name: str, peer: Peer, given: Mapping[str, str]) -> Path:
    """Give a clone of a template at its commit: of its address, or of what lies on this machine. It is kept."""
    folder = BUILD / "templates" / f"{name}-{peer.commit[:12]}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder.parent))
        try:
            _git("clone", "--quiet", "--no-checkout", given.get(name, peer.address), beside / "clone")
            _git("-C", beside / "clone", "checkout", "--quiet", "--detach", peer.commit)
            (beside / "clone").replace(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return folder


def own(folder: Path) -> Path:
    """Copy this template, as a clone would have it."""
    for part in TEMPLATE_PARTS:
        source, goal = ROOT / part, folder / part
        goal.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, goal, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, goal)
    return folder


@dataclass(frozen=True)
class Baking:
    """What is typed: a template, answers and flags, and a file that must be there afterwards."""

    name: str
    template: Path
    writes: str
    typed: tuple[str, ...] = ()
    onto: Path | None = None


def baked(baking: Baking, scratch: Path) -> tuple[Cost, int]:
    """Bake into a fresh folder; give what that cost, and how many files it wrote."""
    goal = Path(tempfile.mkdtemp(dir=scratch))
    if baking.onto:
        shutil.copytree(baking.onto, goal, dirs_exist_ok=True)
    before = sum(path.is_file() for path in goal.rglob("*"))
    settings = scratch / "cookiecutter.yaml"  # JSON is YAML
    folders = {"cookiecutters_dir": str(scratch / "templates"), "replay_dir": str(scratch / "replay")}
    settings.write_text(json.dumps(folders), encoding="utf-8")
    command = [sys.executable, "-m", "cookiecutter", str(baking.template), "--no-input", *baking.typed]
    ended = run([*command, "--config-file", str(settings), "--output-dir", str(goal)], goal)
    written = sum(path.is_file() for path in goal.rglob("*")) - before
    there = any(path.as_posix().endswith(f"/{baking.writes}") for path in goal.rglob("*"))
    shutil.rmtree(goal)
    if ended.status or not there:
        raise NotCountedError(
            f"{baking.name}: exit status {ended.status}, {baking.writes} is expected\n{ended.output[-2000:]}"
        )
    return Cost.of(ended), written


def prepared(ground: Ground) -> Prepared:
    """Get the templates; what cannot be had is not measured, and said."""
    template, project = own(ground.scratch / "template"), ground.scratch / "project"
    write_suite(project, 100)
    answers = tuple(f"{name}={answer}" for name, answer in EXISTING.items())
    bakings = [
        Baking(NEW_PROJECT, template, "tests/meta/policy.toml"),
        Baking(EXISTING_PROJECT, template, "tests/meta/policy.toml", ("-f", "-s", *answers), project),
    ]
    missing = {}
    for name, peer in PEERS.items():
        hooks = () if peer.hooks else ("--accept-hooks", "no")
        try:
            bakings.append(Baking(name, cloned(name, peer, ground.peer_templates), peer.writes, hooks))
        except NotCountedError as error:
            missing[name] = f"{error}; a clone of it can be given: --peer-template {name}=PATH"
    files = {baking.name: str(baked(baking, ground.scratch)[1]) for baking in bakings}  # and so they are warm

    def cost(baking: Baking) -> Cost:
        return baked(baking, ground.scratch)[0]

    variants = [Variant(baking.name, partial(cost, baking), warm=lambda: None) for baking in bakings]
    return Prepared(variants, missing, files)


def experiment(rounds: int) -> Experiment:
    """Make the experiment."""
    return Experiment("baking", rounds, {"peers": {name: peer.commit for name, peer in PEERS.items()}}, prepared)

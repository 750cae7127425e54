"""What was measured, on file: one JSON file for each experiment, whole after every round."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.figures import Cost, Round
from tests.baking import ROOT, TEMPLATE_PARTS

PACKAGES = ("pytest", "pytest-cov", "coverage", "pytest-xdist", "freezegun", "cookiecutter")


@dataclass
class Result:
    """An experiment as far as it has come. `not_measured` says of a variant, or of all ("all"), why it is not there."""

    experiment: str
    wanted: int
    settings: Mapping[str, Any]
    state: str
    machine: Mapping[str, str]
    rounds: list[Round] = field(default_factory=list)
    not_measured: dict[str, str] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Tell whether every round is there, and nothing is left out."""
        return len(self.rounds) >= self.wanted and not self.not_measured


def save(result: Result, folder: Path) -> None:
    """Write an experiment, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.experiment}.json"
    beside = path.with_suffix(".json.new")
    beside.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def load(name: str, folder: Path) -> Result | None:
    """Read an experiment; None if it is not on file, or is no result of this program."""
    try:
        kept = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        rounds: list[Round] = [{one: Cost(**cost) for one, cost in each.items()} for each in kept.pop("rounds")]
        return Result(rounds=rounds, **kept)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def template_state() -> str:
    """Give a digest of the template: what is measured of another state of it is not mixed with this one."""
    digest = hashlib.sha256()
    for part in TEMPLATE_PARTS:
        top = ROOT / part
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _first(pattern: str, path: str) -> str:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
    return found[1].strip() if found else ""


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
        return done.stdout.strip()

    changed = bool(git("status", "--porcelain", "--", *TEMPLATE_PARTS))
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + (" and changes not committed" if changed else "")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def machine() -> dict[str, str]:
    """Describe the machine, without names."""
    model = _first(r"(?m)^model name\s*:(.*)$", "/proc/cpuinfo") or platform.processor() or platform.machine()
    memory = _first(r"MemTotal:\s*(\d+)", "/proc/meminfo")
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    return {
        "processor": f"{model}, {cores} cores" + (f", {int(memory) / 1024**2:.0f} GiB" if memory else ""),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}, {platform.machine()}",
        "python": platform.python_version(),
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def as_stored(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give settings as they come back from a file: tuples are lists there."""
    kept: Mapping[str, Any] = json.loads(json.dumps(settings))
    return kept


def same_machine(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Tell whether two descriptions are of one machine, with the same packages, be it on another day."""
    return all(one.get(key) == other.get(key) for key in ("processor", "system", "python", "packages"))

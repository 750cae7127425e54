"""What it costs to judge many shards, from the start of `pytest tests/meta --meta-records DIR` to its verdicts.

The records and their coverage data are made up, by the code that writes real ones.
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "{{cookiecutter.project_slug}}" / "tests" / "meta"))

import coverage
from meta_regime.extras._stored_record import save_record
from meta_regime.extras.shards import data_of, digest, digest_of_sources
from meta_regime.record import FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming

from benchmarks.experiments import Experiment, Ground, Prepared
from benchmarks.figures import Cost, Variant
from benchmarks.measuring import run
from benchmarks.suites import MODULE, SETTINGS, VERDICTS, add_regime, checked
from tests.baking import ROOT

JUDGED = "pytest tests/meta --meta-records"
# For want of a baseline, of notes on marks and skips in records that are made up; and times of shards are not compared.
NOT_JUDGED = 4


@dataclass(frozen=True)
class Size:
    """How many tests in how many shards, and how many measured files."""

    tests: int
    shards: int
    files: int


LINES = (4, 6, 7, 8, 9, 10, 11)  # of MODULE, all of them


def write_project(folder: Path, files: int) -> list[Path]:
    """Write the measured package; give its modules."""
    modules = [folder / "synthetic" / f"module{number:04d}.py" for number in range(files)]
    (folder / "synthetic").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "pyproject.toml").write_text(SETTINGS.replace("branch = true", ""), encoding="utf-8")
    for module in [folder / "synthetic" / "__init__.py", *modules]:
        module.write_text(MODULE, encoding="utf-8")
    return modules


def write_shard(record: Path, size: Size, modules: list[Path]) -> None:
    """Write the record of one shard and its coverage data: a random half of the modules, all lines of them."""
    group, tests = int(record.stem), size.tests // size.shards
    chance = random.Random(group)  # noqa: S311 - made-up figures
    rows = []
    for number in range(tests):
        name = f"tests/unit/test_part{group:03d}_{number // 50:05d}.py::test_case_{number}"
        setup, call, teardown = (chance.random() / 1000 for _ in range(3))
        rows.append(TestTiming(name, setup, call, teardown, 0.0, "passed"))
    data = coverage.CoverageData(basename=str(data_of(record)))
    data.add_lines({str(module): LINES for module in chance.sample(modules, len(modules) // 2)})
    data.write()
    covered = MeasuredCoverage((FileCoverage("synthetic/module0000.py", 7, 0, 0, 0),), None, ("synthetic",))
    fixtures = (FixtureTiming("db", "session", "tests", 0.1, 0.1, 0.0),)
    run = SuiteRun(tests=tuple(rows), fixtures=fixtures, seconds=60.0 + group, coverage=covered)
    shard = {
        "revision": "",
        "policy": [[], ["synthetic"]],
        "python": f"3.{sys.version_info.minor}",
        "group": group,
        "groups": size.shards,
        "suite": [tests * size.shards, "0" * 32],
        "root": str(record.parent.parent),
        "coverage": digest(data_of(record)),
    }
    shard["sources"] = digest_of_sources(record.parent.parent, [file.path for file in covered.files])
    save_record(record, {"shard": shard}, run)


def prepared(size: Size, ground: Ground) -> Prepared:
    """Write the shards."""
    project = ground.scratch / "project"
    modules = write_project(project, size.files)
    add_regime(ROOT, project, ground.scratch)
    (project / "shards").mkdir()
    for group in range(1, size.shards + 1):
        write_shard(project / "shards" / f"{group:03d}.jsonl", size, modules)
    counts = {"passed": VERDICTS - NOT_JUDGED, "skipped": NOT_JUDGED}
    words = [f"meta-tests: {size.shards} shards", f"{size.tests} tests"]

    def judged() -> Cost:
        command = [sys.executable, "-m", "pytest", "tests/meta", "--meta-records", "shards"]
        return Cost.of(checked(JUDGED, run(command, project), counts, words))

    return Prepared([Variant(JUDGED, judged)])


def experiment(size: Size, rounds: int) -> Experiment:
    """Make the experiment."""
    return Experiment("merging", rounds, vars(size), partial(prepared, size))

"""What it costs to judge many shards: CPU seconds and memory, from the start of `pytest tests/meta` to its verdicts.

The records and their coverage data are made up, by the code that writes real ones.

    python benchmarks/merging.py [--tests N] [--shards N] [--files N] [--rounds N]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "{{cookiecutter.project_slug}}" / "tests" / "meta"))

import coverage
from meta_regime.extras._stored_record import save_record
from meta_regime.extras.shards import data_of, digest, digest_of_sources
from meta_regime.record import FileCoverage, FixtureTiming, MeasuredCoverage, SuiteRun, TestTiming

from benchmarks.measuring import run
from benchmarks.overhead import MODULE, SETTINGS, add_regime
from benchmarks.unchanged import checked
from tests.baking import ROOT

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


def write_shard(record: Path, options: argparse.Namespace, modules: list[Path]) -> None:
    """Write the record of one shard and its coverage data: a random half of the modules, all lines of them."""
    group, tests = int(record.stem), options.tests // options.shards
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
        "groups": options.shards,
        "suite": [tests * options.shards, "0" * 32],
        "root": str(record.parent.parent),
        "coverage": digest(data_of(record)),
    }
    shard["sources"] = digest_of_sources(record.parent.parent, [file.path for file in covered.files])
    save_record(record, {"shard": shard}, run)


def main(arguments: list[str] | None = None) -> int:
    """Write the shards, judge them a few times, and print what that cost."""
    parser = argparse.ArgumentParser(description="what it costs to judge many shards, in CPU seconds and megabytes")
    parser.add_argument("--tests", type=int, default=1_000_000, help="how many tests in all (1000000)")
    parser.add_argument("--shards", type=int, default=64, help="how many shards (64)")
    parser.add_argument("--files", type=int, default=200, help="how many measured files (200)")
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure (5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="meta-tests-bench-") as scratch:
        project = Path(scratch).resolve() / "project"
        modules = write_project(project, options.files)
        add_regime(ROOT, project, Path(scratch))
        (project / "shards").mkdir()
        for group in range(1, options.shards + 1):
            write_shard(project / "shards" / f"{group:03d}.jsonl", options, modules)
        command = [sys.executable, "-m", "pytest", "tests/meta", "--meta-records", "shards"]
        ended = [checked(run(command, project), "4 passed") for _ in range(options.rounds)]
    seconds = [each.cpu_seconds for each in ended]
    print(ended[0].output[ended[0].output.rindex("= meta-tests") :])
    print(
        f"{options.tests} tests in {options.shards} shards, {options.files} measured files: "
        f"median {statistics.median(seconds):.2f} s CPU ({min(seconds):.2f} to {max(seconds):.2f}), "
        f"{max(each.megabytes for each in ended):.0f} MB"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

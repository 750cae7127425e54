"""Three stories of slow tests, before and after the fast-test kit: `python real/stories.py`. It waits some minutes.

`examples/stories` has breaker tests of 45 s, a back-off test of 14 s, and agent tests of 14 and 20 s; in
`examples/stories-healed` the same tests take a fixture of the kit each. Also the example's own suite, before and after.
Every test must pass both ways. The table gives the seconds of each test file, from pytest's own junit file.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real.workshop import add_loader, bake, run
from tests.baking import ROOT

EXAMPLES = ROOT / "examples"


def seconds_by_file(project: Path) -> Mapping[str, float]:
    """Run the suite; give the seconds that the tests of each file took, as pytest counts them."""
    report = project / "junit.xml"
    run([sys.executable, "-m", "pytest", "-q", "--no-meta", "-p", "no:cacheprovider", f"--junitxml={report}"], project)
    taken: dict[str, float] = defaultdict(float)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own
        taken[case.attrib["classname"].rpartition(".")[2]] += float(case.attrib["time"])
    return taken


def measured(name: str, scratch: Path) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Run an example as it is, and healed."""
    project = scratch / name
    shutil.copytree(EXAMPLES / name, project, ignore=shutil.ignore_patterns("__pycache__"))
    bake(ROOT, project, scratch, package_name="auto", ci="none")
    add_loader(project)
    before = seconds_by_file(project)
    shutil.copytree(EXAMPLES / f"{name}-healed" / "tests", project / "tests", dirs_exist_ok=True)
    return before, seconds_by_file(project)


def main() -> None:
    """Print the table."""
    print(f"{'test file':32}{'before':>10}{'after':>10}")
    with tempfile.TemporaryDirectory(prefix="meta-tests-stories-") as scratch:
        for name in ("stories", "payments"):
            before, after = measured(name, Path(scratch).resolve())
            for file in sorted(after):
                print(f"{name + ': ' + file:32}{before[file]:>9.2f}s{after[file]:>9.2f}s")
            print(f"{name + ', all tests':32}{sum(before.values()):>9.2f}s{sum(after.values()):>9.2f}s", flush=True)


if __name__ == "__main__":
    main()

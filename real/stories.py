"""Three stories of slow tests, before and after the fast-test kit: `python real/stories.py`. It waits some minutes.

`examples/stories` has breaker tests of 45 s, a back-off test of 14 s, and agent tests of 14 and 20 s; in
`examples/stories-healed` the same tests take a fixture of the kit each. Also the example's own suite, before and after.
Every test must pass both ways. The table, printed and written to docs/stories.md, gives the seconds of each test file,
from pytest's own junit file.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from real.workshop import add_loader, bake, run
from tests.baking import ROOT

EXAMPLES = ROOT / "examples"
HEAD = """# Slow tests, before and after the fast-test kit

Written by `python real/stories.py` on {today}, with Python {python}: the seconds that the tests of each file took, as
pytest counts them, before (`examples/stories`, `examples/payments`) and after (`examples/stories-healed`,
`examples/payments-healed`). All passed both times.

| tests | before | after |
| --- | ---: | ---: |
"""


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


def rows(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[str]:
    """Yield the rows of an example."""
    for file in sorted(after):
        yield f"| `examples/{name}/tests/{file}.py` | {before[file]:.2f} s | {after[file]:.2f} s |"
    yield f"| all tests of `examples/{name}` | {sum(before.values()):.2f} s | {sum(after.values()):.2f} s |"


def main() -> None:
    """Write the table."""
    text = HEAD.format(today=f"{datetime.now(UTC):%Y-%m-%d}", python=platform.python_version())
    with tempfile.TemporaryDirectory(prefix="meta-tests-stories-") as scratch:
        for name in ("stories", "payments"):
            for row in rows(name, *measured(name, Path(scratch).resolve())):
                print(row, flush=True)
                text += f"{row}\n"
    (ROOT / "docs" / "stories.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""The regime beside each Python that is here, and the lowest and newest packages: `python real/matrix.py [PYTHON ...]`.

Looks for Python 3.11 to 3.14 in pyenv and on PATH. For each it makes two environments, below build/matrix: with the
lowest versions that the template supports (requirements/lowest.txt, raised where one does not run on that Python), and
with the newest ones of the package index. The tests of the template that run pytest in projects are run in each. Writes
docs/matrix.md; exits 1 if a test fails. Takes some minutes for each environment.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.baking import ROOT, scrubbed_environment

BUILD = ROOT / "build" / "matrix"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PACKAGES = ("pytest", "pytest-cov", "pytest-xdist", "coverage", "freezegun", "pytest-asyncio", "diff-cover")
# What the tests themselves need, beside what is tried.
NEEDED = ("cookiecutter", "hypothesis", "pyyaml", "tomlkit", "ruamel.yaml", "pybreaker", "tenacity")
TESTS = [
    f"tests/test_{name}.py" for name in ("layouts", "judged_session", "child_run", "ratchet", "changed_lines", "plan")
]
# The first versions that run on a Python that came after the lowest ones.
RAISED = {"3.13": {"coverage": "7.6.1"}, "3.14": {"coverage": "7.10.0", "pytest": "8.4.0", "pytest-asyncio": "1.1.0"}}
HEAD = """\
# Pythons and packages that were tried

Written by `make matrix` (`real/matrix.py`): {tests}, with
the lowest versions that the template supports and with the newest, beside every Python of {pythons} that was there.

| Python | {packages} | passed | failed | skipped |
| --- | {bars} | ---: | ---: | ---: |
"""


def interpreters(wanted: list[str]) -> dict[str, Path]:
    """Find the Pythons that are here, by version: the newest of each in pyenv, else the one on PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found: dict[str, Path] = {}
    for version in wanted:
        here = [path / "bin" / "python" for path in pyenv.glob(f"{version}.*") if (path / "bin" / "python").exists()]
        on_path = shutil.which(f"python{version}")
        if here:
            found[version] = max(here, key=lambda path: [int(part) for part in re.findall(r"\d+", path.parts[-3])])
        elif on_path:
            found[version] = Path(on_path)
    return found


def lowest(version: str) -> list[str]:
    """Give the lowest versions that run on a Python, as pip takes them."""
    lines = (ROOT / "requirements" / "lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return [f"{name}=={number}" for name, number in {**pins, **RAISED.get(version, {})}.items()]


def environment(version: str, python: Path, kind: str) -> Path:
    """Make an environment, and give its interpreter."""
    folder = BUILD / f"{version}-{kind}"
    wanted = lowest(version) if kind == "lowest" else list(PACKAGES)
    subprocess.run([python, "-m", "venv", "--clear", folder], check=True)
    inside = folder / "bin" / "python"
    pip: list[str | Path] = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *wanted, *NEEDED], check=True)
    return inside


def versions(python: Path) -> list[str]:
    """Give what is installed, in the order of the table."""
    code = f"from importlib.metadata import version; print(*map(version, {PACKAGES!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def tried(python: Path) -> tuple[Counter[str], str]:
    """Run the tests; give how many ended in which way, and the end of what pytest printed."""
    report = BUILD / "junit.xml"
    report.unlink(missing_ok=True)
    # Deprecations of a Python that came after a package are no failure of ours.
    command: list[str | Path] = [
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "auto",
        "-W",
        "default",
        f"--junitxml={report}",
        *TESTS,
    ]
    done = subprocess.run(command, cwd=ROOT, env=scrubbed_environment(), capture_output=True, text=True, check=False)
    ended = Counter[str]()
    for case in ET.parse(report).iter("testcase") if report.exists() else ():  # noqa: S314 - our own
        parts = {child.tag for child in case}
        ended["failed" if parts & {"failure", "error"} else "skipped" if "skipped" in parts else "passed"] += 1
    return ended, done.stdout[-4000:] + done.stderr[-1000:]


def main(arguments: list[str] | None = None) -> int:
    """Try all, and write the table; or only some Pythons, without writing it."""
    parser = argparse.ArgumentParser(description="the regime beside several Pythons and versions of packages")
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help=f"of {', '.join(PYTHONS)}; all of them")
    wanted = parser.parse_args(arguments).pythons
    BUILD.mkdir(parents=True, exist_ok=True)
    found = interpreters(wanted or list(PYTHONS))
    missing = [version for version in wanted or PYTHONS if version not in found]
    rows, wrong = [], 0
    for version, python in found.items():
        for kind in ("lowest", "newest"):
            inside = environment(version, python, kind)
            ended, output = tried(inside)
            wrong += bool(ended["failed"] or not ended["passed"])
            counts = f"{ended['passed']} | {ended['failed']} | {ended['skipped']}"
            rows.append(f"| {version}, {kind} | {' | '.join(versions(inside))} | {counts} |")
            print(rows[-1], flush=True)
            if ended["failed"] or not ended["passed"]:
                print(output)
    if missing:
        print(f"not here, so not tried: Python {', '.join(missing)}")
    if not wanted and rows:
        tests = ", ".join(f"`{name}`" for name in TESTS)
        bars = " | ".join("---" for _ in PACKAGES)
        pythons = f"{PYTHONS[0]} to {PYTHONS[-1]}"
        head = HEAD.format(tests=tests, pythons=pythons, packages=" | ".join(PACKAGES), bars=bars)
        not_tried = f"\nNot here, so not tried: Python {', '.join(missing)}.\n" if missing else ""
        (ROOT / "docs" / "matrix.md").write_text(head + "\n".join(rows) + "\n" + not_tried, encoding="utf-8")
    return min(1, wrong)


if __name__ == "__main__":
    sys.exit(main())

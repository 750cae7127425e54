"""The regime beside each Python that is here, and the lowest and newest packages: `python real/matrix.py [PYTHON ...]`.

Looks for Python 3.11 to 3.15 in pyenv and on PATH. For each it makes two environments, below build/matrix: with the
lowest versions that the template supports (requirements/lowest.txt, raised where one does not run on that Python), and
with the newest ones of the package index. The tests of the template that run pytest in projects are run in each. Writes
docs/matrix.md, whose rows for other Pythons stay as they were; exits 1 if a test fails. Takes some minutes for each
environment, and on a machine that has other work less trouble with `--workers 1`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.baking import ROOT, TEMPLATE_PARTS, scrubbed_environment

BUILD = ROOT / "build" / "matrix"
PAGE = ROOT / "docs" / "matrix.md"
PYTHONS = ("3.11", "3.12", "3.13", "3.14", "3.15")
PACKAGES = (
    *("pytest", "pytest-cov", "pytest-xdist", "coverage", "freezegun", "pytest-asyncio", "diff-cover"),
    "cookiecutter",
)
# What the tests themselves need, beside what is tried.
NEEDED = ("hypothesis", "pyyaml", "tomlkit", "ruamel.yaml", "pybreaker", "tenacity")
TESTS = [
    f"tests/test_{name}.py"
    for name in ("baking_files", "layouts", "judged_session", "child_run", "ratchet", "changed_lines", "plan")
]
# The first versions that run on a Python that came after the lowest ones.
_SINCE_3_14 = {"coverage": "7.10.0", "pytest": "8.4.0", "pytest-asyncio": "1.1.0"}
RAISED = {"3.13": {"coverage": "7.6.1"}, "3.14": _SINCE_3_14, "3.15": _SINCE_3_14}
HEAD = """\
# Pythons and packages that were tried

Written by `make matrix` (`real/matrix.py`): {tests}, with
the lowest versions that the template supports and with the newest, beside those Pythons of {pythons} that have a row.
Each row says on which day, and with which commit of the template.

| Python | {packages} | passed | failed | skipped | tried |
| --- | {bars} | ---: | ---: | ---: | --- |
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


def commit_of_template() -> str:
    """Give the commit that changed the template last, and whether something in it has changed since."""
    inside = ("--", *(f":(literal){part}" for part in TEMPLATE_PARTS))
    said = []
    for words in (("log", "-1", "--format=%h"), ("status", "--porcelain")):
        command = [shutil.which("git") or "git", *words, *inside]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        said.append(done.stdout.strip())
    return said[0] + (" and changes" if said[1] else "")


def tried(python: Path, workers: str) -> tuple[Counter[str], str]:
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
        workers,
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


def rows_of(page: str) -> dict[str, str]:
    """Give the rows of a page, by Python and kind of packages."""
    return {row.split(" | ")[0].removeprefix("| "): row for row in page.splitlines() if re.match(r"\| \d", row)}


def page_of(rows: dict[str, str]) -> str:
    """Give the page that has these rows."""
    tests = ", ".join(f"`{name}`" for name in TESTS)
    bars = " | ".join("---" for _ in PACKAGES)
    pythons = f"{PYTHONS[0]} to {PYTHONS[-1]}"
    head = HEAD.format(tests=tests, pythons=pythons, packages=" | ".join(PACKAGES), bars=bars)
    kept = [row for _, row in sorted(rows.items())]
    missing = [version for version in PYTHONS if not any(name.startswith(f"{version},") for name in rows)]
    not_tried = ["", f"Not tried: Python {', '.join(missing)}."] if missing else []
    return head + "\n".join([*kept, *not_tried]) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Try all, or only some Pythons, and write each row as soon as it is known."""
    parser = argparse.ArgumentParser(description="the regime beside several Pythons and versions of packages")
    parser.add_argument("pythons", nargs="*", metavar="PYTHON", help=f"of {', '.join(PYTHONS)}; all of them")
    parser.add_argument("--workers", default="auto", metavar="N", help="as pytest-xdist's -n takes it: auto")
    options = parser.parse_args(arguments)
    BUILD.mkdir(parents=True, exist_ok=True)
    # What a shell starts in the background ignores Ctrl-C, and so would the sessions that the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = options.pythons or list(PYTHONS)
    found = interpreters(wanted)
    when = f"{datetime.now(UTC):%Y-%m-%d}, {commit_of_template()}"
    rows = rows_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() and options.pythons else {}
    wrong = 0
    for version, python in found.items():
        for kind in ("lowest", "newest"):
            inside = environment(version, python, kind)
            ended, output = tried(inside, options.workers)
            counts = f"{ended['passed']} | {ended['failed']} | {ended['skipped']}"
            name = f"{version}, {kind}"
            rows[name] = f"| {name} | {' | '.join(versions(inside))} | {counts} | {when} |"
            PAGE.write_text(page_of(rows), encoding="utf-8")
            print(rows[name], flush=True)
            if ended["failed"] or not ended["passed"]:
                wrong = 1
                print(output, flush=True)
    if missing := [version for version in wanted if version not in found]:
        print(f"not here, so not tried: Python {', '.join(missing)}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())

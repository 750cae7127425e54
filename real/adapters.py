"""The fast-test kit beside the newest and the lowest version of each library: `python real/adapters.py [LIBRARY ...]`.

What an adapter was tried on stands in its docstring: "Tried on 8.2.0 to 9.2.1." The newest versions are those of
requirements/kit.txt, all in one environment; each lowest one has an environment of its own, below build/adapters. The
conformance tests are run in each, and docs/adapters.md is written. Exits 1 if a test fails or a docstring is not true.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.baking import ROOT, scrubbed_environment

ADAPTERS = ROOT / "{{cookiecutter.project_slug}}" / "tests" / "meta" / "meta_regime" / "fixtures" / "adapters"
BUILD = ROOT / "build" / "adapters"
CONFORMANCE = [f"tests/kit/test_{name}.py" for name in ("retries", "retry_hooks", "breakers", "breaker_hooks", "leaks")]
NEEDED = [
    "cookiecutter",
    "freezegun",
    "hypothesis",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
]  # by the tests themselves
# What else has to be there for its ways to be tried; and old clients break with a new httpx.
WITH = {"urllib3": ["requests"], "openai": ["httpx<0.28"], "anthropic": ["httpx<0.28"], "tenacity": ["tornado"]}
_TRIED = re.compile(r"Tried on (\S+) to (\S+?)\.(?:\s|$)")
_HEAD = """# The libraries that the fast-test kit knows

Written by `make adapters` (`real/adapters.py`): the same conformance tests (in `tests/kit`: retries,
breakers, their hooks, leaks), beside the newest and the lowest version of each library, on Python {python}. A way is
one of the forms in which the library is used: a decorator, an iterator, a client, sync or async. The hooks are what the
adapter takes hold of; the files are in `tests/meta/meta_regime/fixtures/adapters/`.

| library | lowest: passed | newest: passed | ways | hooks |
| --- | --- | --- | ---: | --- |
"""


class Adapter(NamedTuple):
    """What an adapter's file says of itself."""

    library: str
    lowest: str
    newest: str
    hooks: str


def read(path: Path) -> Adapter:
    """Read an adapter's docstring and the name of its library, without importing it."""
    text = path.read_text(encoding="utf-8")
    said = " ".join((ast.get_docstring(ast.parse(text)) or "").split())
    library, tried = re.search(r'(?:library|_?[A-Z]+) ?= ?"([a-z][a-z0-9-]+)"', text), _TRIED.search(said)
    if library is None or tried is None:
        sys.exit(f"{path.name}: its docstring must say `Tried on LOWEST to NEWEST.`, and its Adapter name the library")
    hooks = f"{said[: tried.start()].strip()} {said[tried.end() :].strip()}".strip()
    return Adapter(library[1], tried[1], tried[2], hooks.partition(": ")[2] or hooks)


def python_with(adapter: Adapter) -> Path:
    """Give the interpreter of an environment with the lowest version; it is made once."""
    folder = BUILD / f"{adapter.library}-{adapter.lowest}"
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        wanted = [f"{adapter.library}=={adapter.lowest}", *WITH.get(adapter.library, ()), *NEEDED]
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True)
        (folder / "installed").touch()
    return python


def conformance(python: Path, library: str) -> tuple[Counter[str], set[str], str]:
    """Run what concerns a library; give how many tests ended in which way, the ways tried, and pytest's output."""
    report = BUILD / "junit.xml"
    # Old libraries warn when they are imported, on a Python that came after them.
    options = ["-q", "-p", "no:cacheprovider", "-W", "default", "-k", f"{library}-", f"--junitxml={report}"]
    command: list[str | Path] = [python, "-m", "pytest", *options]
    report.unlink(missing_ok=True)
    done = subprocess.run(
        [*command, *CONFORMANCE], cwd=ROOT, env=scrubbed_environment(), capture_output=True, text=True, check=False
    )
    ended, ways = Counter[str](), set[str]()
    for case in ET.parse(report).iter("testcase") if report.exists() else ():  # noqa: S314 - our own
        parts = {child.tag for child in case}
        result = "failed" if parts & {"failure", "error"} else "skipped" if "skipped" in parts else "passed"
        ended[result] += 1
        way = re.search(r"\[(.+)\]", case.attrib["name"])
        if way is not None and way[1].startswith(f"{library}-"):
            ways.add(way[1])
    return ended, ways, done.stdout[-3000:] + done.stderr[-1000:]


def main(wanted: list[str]) -> int:
    """Run all, or those wanted; with all, write the document."""
    BUILD.mkdir(parents=True, exist_ok=True)
    found = [read(path) for path in sorted(ADAPTERS.glob("[!_]*.py"))]
    rows, wrong = [], 0
    for adapter in found:
        if wanted and adapter.library not in wanted:
            continue
        cells = []
        for version, python in (
            (adapter.lowest, python_with(adapter)),
            (adapter.newest, ROOT / ".venv-kit/bin/python"),
        ):
            ended, ways, output = conformance(python, adapter.library)
            installed = _version(python, adapter.library)
            good = ended["passed"] and not ended["failed"] and installed == version
            wrong += not good
            cells.append(f"{installed}: {ended['passed']}" + ("" if good else f", **{ended['failed']} failed**"))
            print(f"{adapter.library} {installed} (said: {version}): {dict(ended)}", flush=True)
            if not good:
                print(output)
        rows.append(f"| {adapter.library} | {cells[0]} | {cells[1]} | {len(ways)} | {adapter.hooks} |\n")
    if not wanted:
        python_version = ".".join(map(str, sys.version_info[:3]))
        document = _HEAD.format(python=python_version) + "".join(rows)
        (ROOT / "docs" / "adapters.md").write_text(document, encoding="utf-8")
    return min(1, wrong)


def _version(python: Path, library: str) -> str:
    code = f"from importlib.metadata import version; print(version({library!r}), end='')"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

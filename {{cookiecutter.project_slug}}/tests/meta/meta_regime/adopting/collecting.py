"""Tries whether the project's suite can be collected under strict settings, by the interpreter that runs it."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .pytest_settings import CONFIG, MARKERS, XFAIL

SECONDS = 180
_UNKNOWN_MARKER = re.compile(r"'([^'\n]+)' not found in `markers` configuration option")
_UNKNOWN_OPTION = re.compile(r"Unknown config option: (\S+)")
_FAILURE = re.compile(r"(?m)^(?:E  +|ERROR:? +|\S*(?:Error|Exception): ?)(.*)$")
_NOT_THE_PROJECTS = {"node_modules", "site-packages", "build", "dist", "__pycache__"}


def interpreter(root: Path, environment: Mapping[str, str] = os.environ) -> str | None:
    """Find the Python that runs the suite: this one if it has pytest, else that of an environment; None if none has."""
    if importlib.util.find_spec("pytest") is not None:
        return sys.executable
    switched_on = environment.get("VIRTUAL_ENV")
    for folder in (*([Path(switched_on)] if switched_on else []), root / ".venv", root / "venv"):
        for python in (folder / "bin" / "python", folder / "Scripts" / "python.exe"):
            if python.exists() and _run([str(python), "-c", "import pytest"], root, dict(environment), 60)[0] == 0:
                return str(python)
    return None


def refused(root: Path, python: str, words: Sequence[str], addopts: Sequence[str]) -> dict[str, str]:
    """Collect the suite under some of the words; give those under which it cannot be, each with the reason."""
    if not words:
        return {}
    status, output = _collect(root, python, words, addopts)
    if status in {0, 5}:  # 5: there are no tests
        return {}
    options = sorted(set(_UNKNOWN_OPTION.findall(output)))
    if options and CONFIG in words:
        reason = f"pytest of {python} does not know the settings {', '.join(options)}; is a plugin not installed there?"
        others = [word for word in words if word != CONFIG]
        return {CONFIG: reason, **refused(root, python, others, addopts)}
    markers = sorted(set(_UNKNOWN_MARKER.findall(output)))
    if markers and MARKERS in words:
        return {
            MARKERS: f"the suite has markers that `markers` of the settings does not name, such as {', '.join(markers)}"
        }
    said = _FAILURE.search(output)
    last = said[1] if said else (output.strip().splitlines() or ["nothing was said"])[-1]
    return dict.fromkeys(words, f"`{python} -m pytest --collect-only` fails (exit status {status}): {last.strip()}")


def _collect(root: Path, python: str, words: Sequence[str], addopts: Sequence[str]) -> tuple[int, str]:
    """Collect, and leave nothing behind: no bytecode, no cache, no data of coverage."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        typed = " ".join([*addopts, environment.get("PYTEST_ADDOPTS", "")])
        quiet = ["-o", f"cache_dir={scratch}"]
        quiet += ["--no-cov"] if "--cov" in typed else []  # else pytest-cov erases what was measured before
        quiet += [f"--junitxml={Path(scratch, 'junit.xml')}"] if "--junit" in typed else []
        # pytest-asyncio's, which the regime keeps from being issued; where warnings are errors, pytest dies of it.
        quiet += ["-W", "ignore:The configuration option "]
        command = [python, "-m", "pytest", "--collect-only", "-q", "--ignore=tests/meta", *quiet, *words]
        return _run(command, root, environment, SECONDS)


def _run(command: Sequence[str], root: Path, environment: Mapping[str, str], seconds: float) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return -1, f"it took longer than {seconds:g} s"
    except OSError as error:
        return -1, str(error)
    return done.returncode, done.stdout


def mentions_xfail(root: Path) -> list[str]:
    """Name the project's Python files that speak of xfail: some of those tests may pass, which strict xfail fails."""
    return [path.relative_to(root).as_posix() for path in python_files(root) if _has(path, XFAIL.partition("_")[0])]


def _has(path: Path, word: str) -> bool:
    try:
        return word.encode() in path.read_bytes()
    except OSError:
        return False


def tests_lie_elsewhere(root: Path) -> bool:
    """Tell whether there are test files, but none below tests/, whose conftest.py is then not loaded with them."""
    tests = [path for path in python_files(root) if path.name.startswith("test_") or path.stem.endswith("_test")]
    return bool(tests) and not any(path.is_relative_to(root / "tests") for path in tests)


def python_files(root: Path) -> Iterator[Path]:
    """Yield the project's own Python files: not the regime's, not those of environments and builds."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [
            name
            for name in sorted(folders)
            if not name.startswith(".")
            and name not in _NOT_THE_PROJECTS
            and here / name != root / "tests" / "meta"
            and not (here / name / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in sorted(names) if name.endswith(".py"))

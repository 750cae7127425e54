"""Runs tests on a copy of the repository in which one module is mutated: each time in a fork of a warm process."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_WARM = "coverage hypothesis cookiecutter.main freezegun tomlkit yaml pyinstrument"
_IDLE = ("xdist", "randomly", "unraisableexception", "threadexception")
_ARGS = [
    "-x",
    "-q",
    "--assert=plain",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
    *(f"-pno:{name}" for name in _IDLE),
]


def copied(folder: Path) -> Path:
    """Copy what git lists, uncommitted changes included, and lend the environments; give the copy."""
    listed = subprocess.run(
        [shutil.which("git") or "git", "-C", ROOT, "ls-files", "-zco", "--exclude-standard"],
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for environment in (".venv", ".venv-kit"):
        if (ROOT / environment).exists():
            (folder / environment).symlink_to((ROOT / environment).resolve())
    return folder


def warm() -> None:
    """Import what takes long and is not mutated."""
    sys.path.append(str(ROOT / ".venv" / "beside" / "hypothesis"))
    for name in _WARM.split():
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()


class _Chosen:
    """Runs only these tests, in this order, and notes what each of them took."""

    def __init__(self, tests: Sequence[str] | None, report: Path | None) -> None:
        self._tests, self._report = tests, report

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._tests is not None:
            by_id = {item.nodeid: item for item in items}
            items[:] = [by_id[nodeid] for nodeid in self._tests if nodeid in by_id]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._report:
            with self._report.open("a", encoding="utf-8") as file:
                file.write(f"{report.duration}\t{report.nodeid}\n")


def tried(
    copy: Path, files: Collection[str], tests: Sequence[str] | None, seconds: float, report: Path | None = None
) -> str:
    """Run tests of these files: "passed", "failed", or "hung" if they do not end in time."""
    child = os.fork()
    if not child:
        _run(copy, files, tests, report)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return "passed" if os.waitstatus_to_exitcode(status) == 0 else "failed"
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


def _run(copy: Path, files: Collection[str], tests: Sequence[str] | None, report: Path | None) -> None:
    """Be the child: never come back."""
    status = 70
    try:
        os.setsid()
        os.chdir(copy)
        for stream in (1, 2):
            os.dup2(os.open(copy / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        sys.path[:] = [path for path in sys.path if not Path(path).absolute().is_relative_to(ROOT)]
        os.environ["FUZZ_EXAMPLES"] = "30"
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is not mutated is compiled once
        sys.dont_write_bytecode = False
        for name in [name for name in sys.modules if name.partition(".")[0] == "real"]:
            del sys.modules[name]
        arguments = [each for each in _ARGS if report is None or each != "-x"]
        status = int(pytest.main([*arguments, *files], plugins=[_Chosen(tests, report)]))
    finally:
        sys.stdout.flush()
        os._exit(status)


@contextlib.contextmanager
def mutated(path: Path, text: str, number: int) -> Iterator[None]:
    """Put a text into a file for a while, with a time of its own: nobody shall take the compiled file of another."""
    before, times = path.read_bytes(), path.stat()
    try:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (times.st_atime, int(times.st_mtime) - number))
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

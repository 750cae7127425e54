"""The measured child run: the whole suite once, in a process of its own, for `pytest tests/meta`.

No shell; the interpreter that runs this session; its own coverage data file; a time limit; and its whole process group
is gone afterwards (a process that the suite put into a session of its own is not).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from . import lifeline
from .record import SuiteRun
from .record_file import RecordReader

RECORD_VARIABLE = "META_TESTS_RECORD"  # tells a child where to write its record
_CHILD_VARIABLE = "META_TESTS_CHILD"  # tells it, and all it starts, not to judge and not to start another
SOURCE = "a child run of the whole suite"
_POLL_SECONDS = 0.05
# In a git hook, GIT_DIR and its like would make the suite's own repositories the one that is being pushed.
_NOT_FOR_THE_CHILD = (
    *("PYTEST_CURRENT_TEST", "PYTEST_XDIST_"),
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
)
_TAIL_LINES = 40


def is_child() -> bool:
    """Tell whether this process is (a descendant of) a measured child run. Such a process starts no other."""
    return _CHILD_VARIABLE in os.environ


def take_record_path() -> Path | None:
    """Give the path of the record that this process is to write, once: processes that it starts write none."""
    path = os.environ.pop(RECORD_VARIABLE, None)
    return Path(path) if path else None


def run_suite(args: Sequence[str], root: Path, timeout_seconds: float, tell: Callable[..., object]) -> SuiteRun:
    """Run `python -m pytest` with these arguments in `root` and give the record of that run.

    `tell` hears several times a second, as `progress`, how many tests have ended, how many there are (0 while they are
    collected), and the seconds since the start. A run that did not end normally comes back with `broken` saying why.
    Interrupts pass through, after the child and all its processes are gone.
    """
    if is_child():
        raise RuntimeError("a measured child run must not start another")
    with tempfile.TemporaryDirectory(prefix="meta-tests-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        record, data, output = folder / "record.jsonl", folder / "coverage", folder / "output.txt"
        reader = RecordReader(record)
        began = time.monotonic()
        timed_out = False
        with _started(args, root, _environment(record, data), output) as process:
            while process.poll() is None and not timed_out:
                time.sleep(_POLL_SECONDS)
                reader.follow()
                seconds = time.monotonic() - began
                tell(progress=(reader.done, reader.expected, seconds))
                timed_out = seconds > timeout_seconds
        reader.follow()
        run = reader.run or SuiteRun(SOURCE)
        why = _why_broken(process.returncode, reader, timeout_seconds if timed_out else None) or run.broken
        return replace(run, source=SOURCE, broken=why, output=_tail(output) if why or run.failed else "")


def _environment(record: Path, data: Path) -> dict[str, str]:
    """Give the child's environment: this one's, without what pytest and git say to the processes that they start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_FOR_THE_CHILD)}
    return {**environment, RECORD_VARIABLE: str(record), _CHILD_VARIABLE: "1", "COVERAGE_FILE": str(data)}


@contextlib.contextmanager
def _started(
    args: Sequence[str], root: Path, environment: dict[str, str], output: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child behind a lifeline; on leaving, however that happens, it and its processes are gone."""
    pytest_command = [sys.executable, "-m", "pytest", *args]
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", lifeline.__file__, *pytest_command],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        try:
            process.wait(lifeline.GRACE_SECONDS + 10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what ignored the lifeline's SIGTERM


def _why_broken(status: int, reader: RecordReader, timed_out_after: float | None) -> str | None:
    """Say why a run cannot be judged; None if it ended as pytest runs do, with all tests passed or some failed."""
    running = f" while running {', '.join(reader.running)}" if reader.running else ""
    if timed_out_after is not None:
        return (
            f"The suite did not end within {timed_out_after:g} s and was stopped{running}; {reader.done} of "
            f"{reader.expected or '?'} tests had ended. (tests/meta/policy.toml, [suite] timeout_seconds)"
        )
    if reader.run is None:
        if status in (0, 1, 5) and not reader.done and not reader.running:
            return (
                "The suite ran without the regime: tests/conftest.py was not loaded, since no test lies under tests/. "
                "Put the loader into the project's root conftest.py instead: tests/meta/README.md"
            )
        if reader.running:
            return (
                f"The suite's process ended{running}, with exit status {status}: "
                "a crash, a signal, or os._exit in a test or in the code under test."
            )
        return f"The suite did not start: pytest ended with exit status {status}."
    meanings = {
        2: "it was interrupted, or files could not be collected",
        3: "pytest had an internal error",
        4: "pytest could not understand its arguments",
        5: "no tests were found",
    }
    if status in (0, 1):
        why = reader.run.partial or "see its output"
        return f"pytest failed though no test did: {why}." if status and not reader.run.failed else None
    return f"The suite did not end normally: {meanings.get(status, 'pytest failed')} (exit status {status})."


def _tail(output: Path) -> str:
    """Give the last lines that the child printed."""
    return "\n".join(output.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:])

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
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from . import lifeline
from .record import SuiteRun
from .record_file import RecordReader
from .verdict import details_from, extra

RECORD_VARIABLE = "META_TESTS_RECORD"  # tells a child where to write its record
CHILD_VARIABLE = "META_TESTS_CHILD"  # tells it, and all it starts, not to judge, and until when it may run, and where
SOURCE = "a child run of the whole suite"
# In a git hook, GIT_DIR and its like would make the suite's own repositories the one that is being pushed.
_OF_GIT = ("DIR", "WORK_TREE", "INDEX_FILE", "PREFIX", "COMMON_DIR", "OBJECT_DIRECTORY")
NOT_FOR_THE_CHILD = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_", *(f"GIT_{name}" for name in _OF_GIT))
_TAIL_LINES = 40


def is_child() -> bool:
    """Tell whether this process is (a descendant of) a measured child run. Such a process starts no other."""
    # The folder is gone with the run; a server that the run started may outlive it.
    return os.path.isdir(os.environ.get(CHILD_VARIABLE, "").partition(":")[2])  # noqa: PTH112 - "" is no folder


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
        began, timed_out = time.monotonic(), False
        environment = _environment(record, data, f"{began + timeout_seconds}:{folder}")
        with started(args, root, environment, output) as process:
            while process.poll() is None and not timed_out:
                time.sleep(0.05)
                reader.follow()
                seconds = time.monotonic() - began
                tell(progress=(reader.done, reader.expected, seconds))
                timed_out = seconds > timeout_seconds
            hangs = details_from("hung_tests", "where_it_hangs", folder, root, reader.running) if timed_out else ""
        reader.follow()
        run = reader.run or SuiteRun(SOURCE)
        why = _why_broken(process.returncode, reader, timeout_seconds if timed_out else None) or run.broken
        return replace(run, source=SOURCE, broken=why, output=_tail(output, hangs) if why or run.failed else "")


def _environment(record: Path, data: Path, child: str) -> dict[str, str]:
    """Give the child's environment: this one's, without what pytest and git say to the processes that they start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_FOR_THE_CHILD)}
    return {**environment, RECORD_VARIABLE: str(record), CHILD_VARIABLE: child, "COVERAGE_FILE": str(data)}


@contextlib.contextmanager
def started(
    args: Sequence[str], root: Path, environment: dict[str, str], output: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Start the child behind a lifeline; on leaving, however that happens, it and its processes are gone.

    If this process is killed, so is the folder of `output`.
    """
    pytest_command = [sys.executable, "-m", "pytest", *args]
    with output.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", lifeline.__file__, output.parent, *pytest_command],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(b"on purpose", lifeline.GRACE_SECONDS + 10)
        process.kill()  # if it has not ended
        process.wait()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # what ignored the lifeline's SIGTERM


def _why_broken(status: int, reader: RecordReader, timed_out_after: float | None) -> str | None:
    """Say why a run cannot be judged; None if it ended as pytest runs do, with all tests passed or some failed."""
    if timed_out_after is None and reader.run is not None and status in (0, 1):
        why = reader.run.partial or "see its output"
        return f"pytest failed though no test did: {why}." if status and not reader.run.failed else None
    words = extra("broken_runs")
    return str(words.why(status, reader, timed_out_after)) if words else f"It ended with exit status {status}."


def _tail(output: Path, hangs: str) -> str:
    """Give where the child hung, if it did, and the last lines that it printed."""
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL_LINES:]
    printed = textwrap.indent("\n".join(lines), "    ")
    return "\n\n".join(filter(None, [hangs, printed and f"The last lines of its output:\n\n{printed}"]))

"""Runs a command to its end and tells what it cost, with all its processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.baking import scrubbed_environment


@dataclass(frozen=True)
class Ended:
    """A command that has ended: CPU seconds of it and of what it waited for, and the largest process's memory in MB."""

    status: int
    output: str
    cpu_seconds: float
    megabytes: float


def run(command: Sequence[str], folder: Path) -> Ended:
    """Run a command in a folder, in an environment without what would steer pytest or coverage."""
    environment = scrubbed_environment({"PYTHONHASHSEED": "0"})
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling every file every time would drown the rest
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C: what is measured must not go on by itself
            process.terminate()
            process.wait()
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    kilobytes = usage.ru_maxrss if sys.platform != "darwin" else usage.ru_maxrss / 1024
    return Ended(process.returncode, text, usage.ru_utime + usage.ru_stime, kilobytes / 1024)

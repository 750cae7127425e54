"""Runs a command to its end and tells what it cost, with all its processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.baking import scrubbed_environment

_LAUNCHER = Path(__file__).with_name("launcher.py")


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and what it cost with all that it waited for.

    CPU is user and system time; `seconds` are by the clock; the memory is that of the largest of these processes.
    """

    status: int
    output: str
    cpu_seconds: float
    seconds: float
    megabytes: float


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command in a folder, in an environment without what would steer pytest or coverage."""
    variables = scrubbed_environment({"PYTHONHASHSEED": "0", **(environment or {})})
    with tempfile.TemporaryDirectory(prefix="meta-tests-measured-") as scratch:
        told, output = Path(scratch, "told"), Path(scratch, "output")
        launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(told), str(output), *map(str, command)]
        process = subprocess.Popen(launcher, cwd=folder, env=variables)
        try:
            process.wait()
        except BaseException:  # Ctrl-C: what is measured must not go on by itself
            process.terminate()
            process.wait()
            raise
        if not told.exists():
            raise RuntimeError(f"{command[0]} could not be started in {folder}")
        status, cpu, seconds, kilobytes = told.read_text(encoding="ascii").split()
        text = output.read_bytes().decode("utf-8", "replace")
    return Ended(int(status), text, float(cpu), float(seconds), float(kilobytes) / 1024)

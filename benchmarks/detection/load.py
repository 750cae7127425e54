"""Busy processes beside a measurement: each computes for nothing, and ends with the process that started it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

# Ends by itself when its parent is gone, however that happened; and when it is told to.
_BURN = """
import os
parent = os.getppid()
print(flush=True)
while os.getppid() == parent:
    for number in range(100_000):
        pass
"""


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Let so many processes compute; on leaving, however that happens, they are gone."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        while len(started) < processes:
            started.append(subprocess.Popen([sys.executable, "-I", "-S", "-c", _BURN], stdout=subprocess.PIPE))
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()  # it runs
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()
            if process.stdout is not None:
                process.stdout.close()

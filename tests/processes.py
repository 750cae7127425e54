"""Finds the processes that a session has started, also those that it left behind (Linux)."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

# Every process of the sample's test sessions carries the folder's name in its environment, so that it can be found.
MARK = "META_TESTS_SAMPLE"


def processes_marked(mark: str) -> list[str]:
    """The command lines of all processes that have the mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [command] if command else []  # a zombie has none
        except OSError:
            continue  # it has just ended
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False

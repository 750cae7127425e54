"""Two sessions at once that measure into the same coverage data file spoil each other's.

pytest-cov erases and combines whatever lies there. So each session leaves a mark in pytest's cache while it runs, and
tells those that it meets.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..session import JudgedSession


class Neighbours:
    """The sessions that measure into the same data file while this one does. POSIX only; elsewhere it hears of none."""

    def __init__(self, config: pytest.Config) -> None:
        self.met: set[str] = set()  # their process ids
        self._mark: Path | None = None
        measured = getattr(getattr(config.pluginmanager.getplugin("_cov"), "cov_controller", None), "cov", None)
        if measured is None or os.name != "posix" or not config.pluginmanager.hasplugin("cacheprovider"):
            return
        data_file = os.path.realpath(measured.get_option("run:data_file"))
        with contextlib.suppress(OSError):  # a cache that cannot be written: nobody can tell
            folder = Path(config.cache.mkdir("meta-tests"))
            mark = folder / f"measuring-{zlib.crc32(data_file.encode()):08x}-{os.getpid()}"
            mark.write_text("", encoding="utf-8")
            self._mark = mark
            for other in folder.glob(f"{mark.name.rpartition('-')[0]}-*"):
                self._meet(other)

    def _meet(self, other: Path) -> None:
        assert self._mark is not None
        pid = other.name.rpartition("-")[2]
        if other == self._mark:
            return
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:  # it was killed, and could not take its mark away
            other.unlink(missing_ok=True)
            return
        except PermissionError:
            pass  # it is another user's, and alive
        self.met.add(pid)
        with other.open("a", encoding="utf-8") as stream:
            stream.write(f"{os.getpid()} ")

    def leave(self) -> None:
        """Take the mark away, and hear who came meanwhile."""
        if self._mark is not None:
            with contextlib.suppress(OSError):
                self.met.update(self._mark.read_text(encoding="utf-8").split())
            with contextlib.suppress(OSError):
                self._mark.unlink()
            self._mark = None


_NEIGHBOURS = pytest.StashKey[Neighbours]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Look around, in the one process of a session that judges its own run."""
    judged: JudgedSession | None = session.config.pluginmanager.getplugin("meta-tests")
    if judged is not None and judged.judges and not judged.facts.only_verdicts:
        session.config.stash[_NEIGHBOURS] = Neighbours(session.config)


def pytest_meta_tests_doubts(judged: JudgedSession) -> dict[str, str] | None:
    """Say that another session was there."""
    neighbours = judged.config.stash.get(_NEIGHBOURS, None)
    if neighbours is None:
        return None
    neighbours.leave()
    if not neighbours.met:
        return None
    others = f"another session (process {', '.join(sorted(neighbours.met))})"
    why = f"{others} measured into the same coverage data file at the same time; run one after the other"
    return {"coverage_missing": why}


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, however the session ended."""
    neighbours = config.stash.get(_NEIGHBOURS, None)
    if neighbours is not None:
        neighbours.leave()

"""Which files a run depends on, and whether they have changed: their content, found by a walk over the disk.

Git is not asked: files that it ignores count as well (extension modules, generated sources), and there may be no git.
A file whose size, inode and times are as before is not read again. Times that lie too near the moment of looking prove
nothing, as in git's index ("racy git"): such a file is read again the next time.
"""

from __future__ import annotations

import fnmatch
import glob
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

Look = tuple[int, int, int, int]  # size, inode, time of the content's last change, of the inode's last change
_RACY_NANOSECONDS = 2_000_000_000
_LARGE_BYTES = 2**26  # such a file is not read: it has changed if its size or time has
_SKIPPED_FOLDERS = {
    *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".benchmarks", "htmlcov"),
    *(".git", ".hg", ".svn", ".tox", ".nox", "node_modules", ".ipynb_checkpoints", ".idea", ".vscode"),
}
_SKIPPED_FILES = ("*.pyc", "*.pyo", ".coverage", ".coverage.*", "*~", ".#*", "*.swp", ".DS_Store")
_AT_THE_ROOT = (
    *("*.py", "*.toml", "*.cfg", "*.ini", "*.lock", "*requirements*.txt", "*constraints*.txt", "*requirements*.in"),
    *(".coveragerc", ".env", ".python-version", "Pipfile", "environment.y*ml"),
)
_is_skipped = re.compile("|".join(map(fnmatch.translate, _SKIPPED_FILES))).match


class Tree:
    """The files below some folders, and some single ones, by their paths relative to the root where they lie in it."""

    def __init__(self, root: Path, folders: Iterable[Path], meta: Path, unwanted: Sequence[str]) -> None:
        self.root = root
        self._meta, self._unwanted = f"{meta}{os.sep}", unwanted
        wanted = {Path(os.path.realpath(folder)) for folder in folders}
        self._tops = [top for top in sorted(wanted) if not any(parent in wanted for parent in top.parents)]
        self._inside = f"{root}{os.sep}"
        self._walked: set[str] = set()

    def looks(self) -> dict[str, Look]:
        """Look at every file, without reading any."""
        self._walked = set()
        found: dict[str, Look] = {}
        for top in self._tops:
            for entry in self._files(top) if top.is_dir() else _entries(top.parent, glob.escape(top.name)):
                self._look(entry, found)
        for folder, patterns in ((self.root, _AT_THE_ROOT), (self.root / "requirements", ("*",))):
            for entry in _entries(folder, *patterns):
                self._look(entry, found)
        return found

    def _look(self, entry: os.DirEntry[str], found: dict[str, Look]) -> None:
        name = self._name(entry.path)
        if self._unwanted and self._is_unwanted(name):
            return
        try:
            stat = entry.stat()
        except OSError:  # a link to nowhere
            found[name] = (0, 0, 0, 0)
            return
        found[name] = (stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns)

    def _is_unwanted(self, name: str) -> bool:
        return any(fnmatch.fnmatch(name, mark) or name.startswith(f"{mark.rstrip('/*')}/") for mark in self._unwanted)

    def _name(self, path: str) -> str:
        return path[len(self._inside) :].replace(os.sep, "/") if path.startswith(self._inside) else path

    def _files(self, top: Path) -> Iterator[os.DirEntry[str]]:
        """Walk; links to folders are followed, each folder once."""
        waiting = [str(top)]
        while waiting:
            folder = os.path.realpath(waiting.pop())
            if folder in self._walked or os.path.exists(f"{folder}/pyvenv.cfg"):  # noqa: PTH110 - for every folder
                continue
            self._walked.add(folder)
            for entry in _entries(Path(folder), "*"):
                if _is_folder(entry):
                    if entry.name not in _SKIPPED_FOLDERS and not entry.name.endswith(".egg-info"):
                        waiting.append(entry.path)
                elif not entry.path.startswith(self._meta) or entry.name.endswith(".py"):  # of thresholds nothing hangs
                    yield entry


def _entries(folder: Path, *patterns: str) -> list[os.DirEntry[str]]:
    """List a folder, as far as it can be read; several patterns choose files of it."""
    try:
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if not _is_skipped(entry.name)]
    except OSError:
        return []
    if patterns == ("*",):
        return found
    return [entry for entry in found if _matches(entry.name, patterns) and not _is_folder(entry)]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def digests(root: Path, looks: Mapping[str, Look], known: Mapping[str, Sequence[object]]) -> dict[str, list[object]]:
    """Give each file's digest behind its look; `known` has those of an earlier time. Zeros stand for a racy look."""
    now = time.time_ns()
    found: dict[str, list[object]] = {}
    for name, look in looks.items():
        before = known.get(name)
        same = before is not None and tuple(before[:4]) == look
        if look[0] > _LARGE_BYTES:
            digest: object = f"{look[0]} bytes of {look[2]}"
        else:
            digest = before[4] if same and before is not None else _digest(root / name)
        racy = max(look[2:]) > now - _RACY_NANOSECONDS
        found[name] = [0, 0, 0, 0, digest] if racy else [*look, digest]
    return found


def _digest(path: Path) -> str:
    if not path.is_file():
        return "no file"  # a pipe, or a device: reading it would not end
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()[:32]
    except OSError as error:
        return f"cannot be read: {error.errno}"


def differences(before: Mapping[str, Sequence[object]], after: Mapping[str, Sequence[object]]) -> list[str]:
    """Name the files whose last value (digest, or time) is another, or that are in one of the two only."""
    gone = [f"{name} is gone" for name in before if name not in after]
    new = [f"{name} is new" for name in after if name not in before]
    changed = [
        f"{name} has changed" for name, value in after.items() if name in before and before[name][-1] != value[-1]
    ]
    return sorted([*changed, *new, *gone])

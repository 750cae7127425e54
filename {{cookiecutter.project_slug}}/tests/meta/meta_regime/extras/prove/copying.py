"""A copy of the project in a scratch directory: what git sees of it, and the history that verdicts ask git for.

Without git it is everything but caches and virtual environments. Links stay links, and are not followed.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._git import Git

_SKIPPED_FOLDERS = {
    *("__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".benchmarks", "htmlcov"),
    *(".git", ".hg", ".svn", ".tox", ".nox", "node_modules", ".ipynb_checkpoints", ".idea", ".vscode"),
}
_LARGEST_IGNORED = 2**26  # bytes: no generated source, and no extension module, is larger
_SETTINGS = ("autocrlf", "eol", "filemode", "ignorecase", "precomposeunicode", "symlinks")  # of git: how files compare


class CannotCopyError(Exception):
    """The project cannot be copied; the message says why."""


@dataclass(frozen=True)
class Copy:
    """Where what was copied lies (`top`: the repository, else the project), and where its copy does."""

    top: Path
    folder: Path
    in_git: bool

    def has(self, path: Path) -> bool:
        """Tell whether a file or folder lies in what was copied, not only by way of a link."""
        return path.resolve().is_relative_to(self.top)

    def of(self, path: Path) -> Path:
        """Give the copy of a file or folder. Raises `CannotCopyError` where it lies elsewhere, as behind a link."""
        if not self.has(path):
            raise CannotCopyError(f"{path} lies outside of the project, at {path.resolve()}")
        return self.folder / path.resolve().relative_to(self.top)

    def typed(self, args: Sequence[str]) -> list[str]:
        """Give arguments as they are typed in the copy: absolute paths of the project are others there."""
        here = re.compile(re.escape(str(self.top)) + r"(?![\w.-])")
        return [here.sub(lambda _: str(self.folder), arg) for arg in args]


def copied(root: Path, into: Path, needed: Sequence[Path]) -> Copy:
    """Copy the repository in which `root` lies, or `root` itself, into a new folder in `into`.

    What git ignores comes along where it may be needed to run tests: single files beside others, such as generated
    sources and extension modules, and whatever lies in the folders `needed`. Raises `CannotCopyError`.
    """
    git = Git(root)
    top = Path(git.line("rev-parse", "--show-toplevel") or root).resolve()
    names = _seen_by_git(Git(top), needed) if git.line("rev-parse", "--show-toplevel") else None
    copy = Copy(top, into / top.name, names is not None)
    try:
        copy.folder.mkdir(parents=True)
        for path in _walked([top]) if names is None else _walked(top / name for name in names):
            _copy(path, copy)
        if names is not None:
            _take_history(Git(top), Git(copy.folder))
    except OSError as error:
        raise CannotCopyError(f"{error.filename or top}: {error.strerror or error}") from None
    return copy


def _seen_by_git(git: Git, needed: Sequence[Path]) -> list[str] | None:
    """List what is tracked, what is not but might be, and what is ignored and yet needed; None where git fails."""
    listed = [
        git.run("ls-files", "-z", *which)
        for which in (
            ["--cached"],
            ["--others", "--exclude-standard"],
            ["--others", "--ignored", "--exclude-standard", "--directory"],
        )
    ]
    if None in listed:
        return None
    tracked, others, ignored = ([name for name in (text or "").split("\0") if name] for text in listed)
    passed_over: dict[Path, bool] = {git.folder: False}

    def is_kept(path: Path) -> bool:
        if path not in passed_over:
            passed_over[path] = not is_kept(path.parent) or _is_passed_over(path)
        return not passed_over[path]

    names = dict.fromkeys([*tracked, *(name for name in others if is_kept((git.folder / name).parent))])
    for name in ignored:
        path = git.folder / name
        if name.endswith("/"):
            wanted = is_kept(path) and any(path.is_relative_to(folder) and folder != git.folder for folder in needed)
        else:
            wanted = is_kept(path.parent) and _size(path) <= _LARGEST_IGNORED
        if wanted:
            names[name] = None
    return [*names]


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _walked(tops: Iterable[Path]) -> Iterator[Path]:
    """Give files and links, those in folders included."""
    for top in tops:
        if top.is_symlink() or not top.is_dir():
            yield top
            continue
        for here, folders, files in os.walk(top):
            path = Path(here)
            links = [name for name in folders if (path / name).is_symlink()]
            folders[:] = [name for name in folders if name not in links and not _is_passed_over(path / name)]
            yield from (path / name for name in [*links, *files])


def _is_passed_over(folder: Path) -> bool:
    return folder.name in _SKIPPED_FOLDERS or (folder / "pyvenv.cfg").exists()


def _copy(path: Path, copy: Copy) -> None:
    to = copy.folder / path.relative_to(copy.top)
    measured = path.name == ".coverage" or path.name.startswith(".coverage.")
    if to.is_symlink() or to.exists() or measured or path.suffix in (".pyc", ".pyo") or path.name == ".git":
        return
    if path.is_symlink():
        target = Path(path.readlink())
        to.parent.mkdir(parents=True, exist_ok=True)
        inside = target.is_absolute() and target.is_relative_to(copy.top)
        to.symlink_to(copy.folder / target.relative_to(copy.top) if inside else target, path.is_dir())
    elif path.is_file():  # not what was deleted and is still tracked, and no sockets
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, to)
        to.chmod(to.stat().st_mode | stat.S_IWUSR)  # or it could not be planted in, or on Windows not deleted


def _take_history(git: Git, copy: Git) -> None:
    """Make the copy a repository with the same commits, branches and index. The objects are only borrowed."""
    kind = git.line("rev-parse", "--show-object-format") or "sha1"
    plain = {"GIT_DEFAULT_REF_FORMAT": "files"}  # whatever the user's settings say: they are written below
    if copy.run("init", "--quiet", "--template=", f"--object-format={kind}", env=plain) is None:
        raise CannotCopyError(f"git init --object-format={kind} failed in the copy")
    into = copy.folder / ".git"
    objects = _place(git, "objects").resolve()
    (into / "objects" / "info").mkdir(parents=True, exist_ok=True)
    _write(into / "objects" / "info" / "alternates", f"{objects}\n")
    refs = [line.split(" ") for line in (git.run("for-each-ref", f"--format={_REF}") or "").splitlines()]
    _write(into / "packed-refs", "".join(f"{commit} {name}\n" for commit, name, link in refs if not link))
    for _, name, link in refs:
        if link:  # as origin/HEAD
            _write(into / name, f"ref: {link}\n")
    branch = git.line("symbolic-ref", "--quiet", "HEAD")
    _write(into / "HEAD", f"ref: {branch}\n" if branch else git.line("rev-parse", "HEAD") + "\n")
    index = _place(git, "index")
    beside = [*index.parent.glob("sharedindex.*"), *(_place(git, name) for name in ("shallow", "info/exclude"))]
    for path in (index, *beside):
        with contextlib.suppress(FileNotFoundError):
            to = into / ("info/exclude" if path.name == "exclude" else path.name)
            to.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, to)
    for name in _SETTINGS:
        if value := git.line("config", "--get", f"core.{name}"):
            copy.run("config", f"core.{name}", value)


_REF = "%(objectname) %(refname) %(symref)"


def _place(git: Git, name: str) -> Path:
    return git.folder / git.line("rev-parse", "--git-path", name)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")

"""What is to be changed, gathered before anything is written: edits, problems, and what is left to the user."""

from __future__ import annotations

import difflib
import io
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BOM = b"\xef\xbb\xbf"


class Problem(Exception):  # noqa: N818 - it is the user's, to be shown in one line
    """Something that must be put right before anything is changed, in one sentence or more."""


@dataclass(frozen=True)
class Edit:
    """A file's bytes before and after; None where there is no file."""

    path: Path
    before: bytes | None
    after: bytes | None


@dataclass(frozen=True)
class Question:
    """What only a person knows. The first choice is the safe one, taken where nobody can be asked."""

    text: str
    choices: tuple[str, ...]


@dataclass
class Plan:
    """All that adopting would change. Names are paths below `root`, with `/`; `ask` gives a choice's index."""

    root: Path
    ask: Callable[[Question], int] | None = None
    edits: list[Edit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    unasked: list[Question] = field(default_factory=list)

    def answer(self, question: Question) -> int:
        """Ask, or note that nobody could be asked."""
        if self.ask is not None:
            return self.ask(question)
        self.unasked.append(question)
        return 0

    def read(self, name: str) -> str | None:
        """Return a file's text as planned, without its byte-order mark; None if there is no file. Raises `Problem`."""
        path = self.root / name
        content = next((edit.after for edit in self.edits if edit.path == path), None) or read_bytes(path, name)
        try:
            return None if content is None else content.removeprefix(BOM).decode()
        except UnicodeDecodeError as error:
            where = content.count(b"\n", 0, error.start) + 1 if content else 1
            raise Problem(f"{name}:{where}: not UTF-8 text; save the file as UTF-8") from None

    def change(self, name: str, text: str) -> None:
        """Note a file's new text, if it differs. Raises `Problem` where the file must not or cannot be written."""
        path = self.root / name
        before = read_bytes(path, name)
        after = (BOM if before and before.startswith(BOM) else b"") + text.encode()
        if after != before:
            check_writable(path, self.root)
            self.edits[:] = [*(edit for edit in self.edits if edit.path != path), Edit(path, before, after)]

    def diff(self) -> str:
        """Return all edits as one unified diff."""
        return "".join(_diff_of(edit, self.root) for edit in self.edits)


def read_bytes(path: Path, name: str) -> bytes | None:
    """Return what is in a file, or None if there is none. Raises `Problem` where it cannot be told."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise Problem(f"{name} is a symbolic link to nothing; remove or mend it") from None
        return None
    except OSError as error:
        raise Problem(f"{name} cannot be read: {error.strerror}") from None


def check_writable(path: Path, root: Path) -> None:
    """Raise `Problem` if a file, with symbolic links followed, lies outside the project or is read-only."""
    target, name = path.resolve(), path.relative_to(root).as_posix()
    if not target.is_relative_to(root.resolve()):
        raise Problem(f"{name} is really {target}, outside this project; change it there by hand")
    if target.exists() and _read_only(target):
        raise Problem(f"{name} is read-only; make it writable")
    if _read_only(target.parent):
        raise Problem(f"{name}: its folder {target.parent} is read-only; make it writable")


def _read_only(path: Path) -> bool:
    """Tell by the owner's mode too: the superuser can write everything, and a mode is a wish."""
    return not os.access(path, os.W_OK) or not path.stat().st_mode & stat.S_IWUSR


def lines_of(text: str) -> list[str]:
    r"""Split as Python, git and editors do, at `\n`, `\r\n` and `\r` alone; each line keeps its ending."""
    return io.StringIO(text, newline="").readlines()


def newline_of(text: str) -> str:
    """Return the ending of a text's first line."""
    first = next(iter(lines_of(text)), "")
    return first[len(first.rstrip("\r\n")) :] or "\n"


def with_line_end(text: str) -> str:
    """Return the text with its last line ended, so that another can follow."""
    return text if not text or text.endswith(("\n", "\r")) else text + newline_of(text)


def with_lines(text: str, at: int, new: Sequence[str]) -> str:
    """Insert lines behind the first `at` ones, with the text's own ending; a missing last ending stays missing."""
    newline = newline_of(text)
    lines = lines_of(text)
    if at == len(lines):
        lines = lines_of(with_line_end(text))
    return "".join([*lines[:at], *(f"{line}{newline}" for line in new), *lines[at:]])


def only_adds(before: str, after: str) -> bool:
    """Tell whether every character of one text is in the other, in the same order."""
    rest = iter(after)
    return all(character in rest for character in before)


def _diff_of(edit: Edit, root: Path) -> str:
    name = edit.path.relative_to(root).as_posix()
    old, new = _shown(edit.before), _shown(edit.after)
    old_name = "/dev/null" if edit.before is None else f"a/{name}"
    new_name = "/dev/null" if edit.after is None else f"b/{name}"
    found = difflib.unified_diff(old, new, old_name, new_name, lineterm="")
    return "".join(f"{line}\n" for line in found)


def _shown(content: bytes | None) -> list[str]:
    """Return the lines to compare, without their endings; what is not UTF-8 is shown as escapes."""
    lines = lines_of((content or b"").decode(errors="backslashreplace"))
    shown = [line.rstrip("\r\n") for line in lines]
    if lines and shown[-1] == lines[-1]:
        shown[-1] += "\n\\ No newline at end of file"
    return shown

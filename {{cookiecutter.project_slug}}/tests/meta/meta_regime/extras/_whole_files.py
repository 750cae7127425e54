"""Files that are written whole or not at all, and read only where they lie themselves."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def read_own(path: Path) -> str | None:
    """Give the text of a file; None if there is none. Raises `OSError`, `UnicodeDecodeError`.

    A link is refused: what it leads to could be changed while nobody reviews a change to this file.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OSError("it is a link, a folder or a device; put the file itself there, for reviewers to see")
    return path.read_text(encoding="utf-8") if path.exists() else None


def write_whole(path: Path, text: str) -> None:
    """Write a text file; what stands there stays as it is until all is written. Raises `OSError`."""
    try:
        content = text.encode()
    except UnicodeEncodeError:
        raise OSError(errno.EILSEQ, "a name in it has bytes that are no text", str(path)) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

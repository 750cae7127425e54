"""What lies in a folder, to be compared."""

from __future__ import annotations

from pathlib import Path


def files_of(root: Path) -> dict[str, tuple[bytes, int]]:
    """Return the bytes and the mode of every file, but for what Python itself leaves behind."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mode)
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

"""What is not believed of a run on record, and which inputs are not followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .._stored_record import RecordError

_LATEST = 1e11  # seconds since 1970 that can be shown as a date


def checked_head(head: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, list[Any]], float]:
    """Give surroundings, files and end of the run on record. Raises `RecordError` if the head has none."""
    before: Any = head.get("surroundings")
    files: Any = head.get("files")
    ended: Any = head.get("ended")
    are_there = (
        isinstance(before, dict) and isinstance(files, dict) and isinstance(ended, float) and 0 < ended < _LATEST
    )
    if not are_there or not all(_is_look(row) for row in files.values()):
        raise RecordError(f"{path} is damaged, or no record of a whole run")
    return before, files, ended


def _is_look(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 5 and isinstance(row[4], str)


def leading_out(inputs: Sequence[str]) -> list[str]:
    """List the inputs that are not in the project: nobody reviews a change to those, and a walk there may not end."""
    paths = [(mark, mark.removeprefix("!")) for mark in inputs]
    return [
        mark
        for mark, path in paths
        if ".." in path.replace("\\", "/").split("/") or path.startswith(("/", "\\", "~")) or Path(path).is_absolute()
    ]

"""Whole records on disk: written at once or not at all, with a checksum in a last row that is checked on reading."""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..record import SuiteRun, TestTiming
from ..record_file import FORMAT, RecordWriter, run_from
from ._record_types import check_end, leading_out

LARGEST_BYTES = 2**30  # of a record that is read: far more than that of a million tests
_MOSTLY_THE_SAME = [TestTiming._fields.index(name) for name in ("outcome", "queued")]


class RecordError(Exception):
    """A record cannot be used; the message names the file and says why."""


def save_record(path: Path, head: Mapping[str, Any], run: SuiteRun) -> None:
    """Write a whole record at once; what stands at `path` stays as it is until then. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = RecordWriter(path.with_name(f".{path.name}.{os.getpid()}.tmp"), head)
    try:
        writer.end(run)
        with writer.path.open("ab+") as stream:
            stream.seek(0)
            stream.write(b'["checksum", %d]\n' % zlib.crc32(stream.read()))
        writer.path.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            writer.close()
        writer.path.unlink(missing_ok=True)
        raise


def load_record(path: Path) -> tuple[dict[str, Any], SuiteRun]:
    """Read a record; give its head and its run. Raises `RecordError` if it is none, or its run did not end."""
    with _refusing(path):
        head, row = _read(path)
        end = json.loads(row)[1]
        check_end(end)
        if (stray := leading_out(end)) is not None:
            raise RecordError(f"{path} tells of the file {stray!r}, which is not in this project")
        for place in _MOSTLY_THE_SAME if end["tests"] else ():
            end["tests"][place] = _kept_once(end["tests"][place])
        return head, run_from(end)


def load_head(path: Path) -> dict[str, Any]:
    """Read a record; give its head alone, which costs nothing for each test. Raises `RecordError` likewise."""
    with _refusing(path):
        return _read(path)[0]


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Say of a record what keeps it from being read."""
    try:
        yield
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise RecordError(f"{path} is damaged, or no record of meta-tests") from None


def _read(path: Path) -> tuple[dict[str, Any], bytes]:
    """Give the head of a record, and the row with its run."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise RecordError(f"{path} is no plain file, but a link, a folder or a device")
    if path.stat().st_size > LARGEST_BYTES:
        raise RecordError(f"{path} has {path.stat().st_size} bytes, too many for a record")
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    head = _head(json.loads(lines[0]) if lines else None, path)
    if len(lines) < 3 or lines[-1] != b'["checksum", %d]\n' % zlib.crc32(content[: -len(lines[-1])]):
        raise RecordError(f"{path} has no end: its session was killed, or the file was cut off or changed")
    return head, lines[-2]


def _kept_once(column: list[Any]) -> list[Any]:
    """Give the same values, equal ones as one object: of a million tests each "passed" takes up memory."""
    kept: dict[Any, Any] = {}
    return list(map(kept.setdefault, column, column))


def _head(row: Any, path: Path) -> dict[str, Any]:
    """Check the first row of a record, and give what it says of the run."""
    if row is None:
        raise RecordError(f"{path} is empty: its session did not end")
    title, number, head = row
    if title != "meta-tests record" or type(number) is not int or not isinstance(head, dict):
        raise ValueError(title)
    if number != FORMAT:
        other = "a newer" if number > FORMAT else "an older"
        raise RecordError(
            f"{path} was written by {other} version of tests/meta (format {number}, this one reads {FORMAT})"
        )
    return head

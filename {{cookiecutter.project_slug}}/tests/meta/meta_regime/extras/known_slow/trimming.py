"""Takes entries out of the text of `known_slow.toml`, and leaves everything else as it is, byte for byte."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from ...policy import PolicyError
from .._whole_files import write_whole
from .entries import KnownSlow, checked

_MARK = "\ufeff"  # a byte-order mark
_HEAD = r"""\s*\[\[\s*(known_slow|"known_slow"|'known_slow')\s*\]\]\s*(#.*)?\s*"""
# An entry in the kinds of its lines: head, key, comment, empty. What the file begins with is no entry's comment.
_ENTRY = "((?<=[ke])c+)?h([^h]*k)?(c+(?=e|$))?e*"


class CannotTrimError(Exception):
    """The text is not as it was when it was judged, or is written in a way that is not understood here."""


def trim(path: Path, before: Sequence[KnownSlow], kept: Sequence[KnownSlow]) -> None:
    """Rewrite a list that had all these entries, with only the kept ones. Raises `CannotTrimError` or `OSError`."""
    text = path.read_bytes().decode("utf-8")
    if _entries(text) != tuple(before):
        raise CannotTrimError("it was changed while the suite ran")
    shorter = without(text, [entry not in kept for entry in before])
    if shorter is None or _entries(shorter) != tuple(kept):
        raise CannotTrimError("its entries cannot be told apart line by line; delete them by hand")
    write_whole(path, shorter)


def _entries(text: str) -> tuple[KnownSlow, ...] | None:
    """Give the entries of a list; None if it is none."""
    try:
        return checked(tomllib.loads(text.removeprefix(_MARK)), "")
    except (tomllib.TOMLDecodeError, PolicyError):
        return None


def without(text: str, out: Sequence[bool]) -> str | None:
    """Give the text without some of its entries, or None if it does not have one line `[[known_slow]]` for each.

    Comments that stand directly above an entry, or directly below it, go with it, and so do the empty lines that
    follow it. Other comments stay, and so do those with which the file begins.
    """
    lines = re.findall(r"[^\n]*\n|[^\n]+", text.removeprefix(_MARK))
    kinds, since = "", 0
    for index, line in enumerate(lines):
        if re.fullmatch(_HEAD, line) and _is_whole("".join(lines[since:index])):
            kinds, since = kinds + "h", index
        else:
            kinds += {"": "e", "#": "c"}.get(line.strip()[:1], "k")
    found = list(re.finditer(_ENTRY, kinds))
    if len(found) != len(out):
        return None
    cut = {index for entry, goes in zip(found, out, strict=True) if goes for index in range(*entry.span())}
    left = "".join(line for index, line in enumerate(lines) if index not in cut)
    if len(lines) - 1 in cut:  # no empty lines at the end
        left = re.sub(r"(?<=\n)\s+\Z", "", left)
    return text[: len(text) - len(text.removeprefix(_MARK))] + left


def _is_whole(text: str) -> bool:
    """Tell whether what follows does not stand inside a string."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True

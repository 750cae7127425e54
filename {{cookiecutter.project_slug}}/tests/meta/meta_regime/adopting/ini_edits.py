"""Changes a section of an INI file as text; configparser then says that nothing else has changed."""

from __future__ import annotations

import configparser
import re
from collections.abc import Sequence

from .edits import lines_of, newline_of, with_line_end


def has_section(text: str, section: str) -> bool:
    """Tell whether a section begins anywhere."""
    return _header(lines_of(text), section) is not None


def values_of(text: str, section: str) -> tuple[dict[str, str], str]:
    """Return what a section sets, or nothing and the reason why it cannot be read."""
    try:
        return dict(_parsed(text)[section]), ""
    except (configparser.Error, KeyError) as error:
        return {}, str(error).splitlines()[0]


def with_added(text: str, section: str, words: Sequence[str], settings: Sequence[str]) -> str | None:
    """Add words to `addopts`, and lines with new settings behind it; None if anything else would change."""
    lines, newline = lines_of(with_line_end(text)), newline_of(text)
    header = _header(lines, section)
    if header is None:
        lines += ([newline] if lines else []) + [f"[{section}]{newline}"]
        header = len(lines) - 1
    at = header + 1
    first = next((n for n in range(at, _end(lines, at)) if re.match(r"addopts\s*[=:]", lines[n])), None)
    if first is not None:
        at = first + 1
        while at < len(lines) and lines[at].strip() and lines[at][0] in " \t":
            at += 1
    added = " ".join(words)
    if words and first is None:
        lines.insert(at, f"addopts = {added}{newline}")
        at += 1
    elif words and at == (first or 0) + 1:
        line = lines[at - 1].rstrip()
        if "#" in line or ";" in line:
            return None  # what of it is a comment depends on pytest's version
        lines[at - 1] = f"{line} {added}{newline}"
    elif words:
        indent = re.match(r"[ \t]*", lines[at - 1])
        lines.insert(at, f"{indent[0] if indent else ' '}{added}{newline}")
        at += 1
    result = "".join([*lines[:at], *(f"{line}{newline}" for line in settings), *lines[at:]])
    return result if _as_meant(text, result, section, words, settings) else None


def _as_meant(before: str, after: str, section: str, words: Sequence[str], settings: Sequence[str]) -> bool:
    try:
        old, new = ({name: dict(values) for name, values in _parsed(text).items()} for text in (before, after))
    except configparser.Error:
        return False
    ours = old.setdefault(section, {})
    ours |= dict(line.split(" = ") for line in settings)
    was, now = ours.pop("addopts", ""), new.get(section, {}).pop("addopts", "")
    return old == new and now.split() == [*was.split(), *words]


def _parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text.replace("\r\n", "\n"))
    return parser


def _header(lines: Sequence[str], section: str) -> int | None:
    return next((n for n, line in enumerate(lines) if line.split("#")[0].strip() == f"[{section}]"), None)


def _end(lines: Sequence[str], start: int) -> int:
    return next((n for n in range(start, len(lines)) if lines[n].startswith("[")), len(lines))

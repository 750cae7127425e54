"""Text of the project's own (ids, paths, reasons) where it is shown: nothing in it is hidden, nothing turned around."""

from __future__ import annotations


def visible(text: str, *, lines: bool = False) -> str:
    """Write what does not print, as escapes do: control characters, marks that turn text around, half characters.

    So a line stays one line; with `lines`, line breaks stay what they are.
    """
    return "".join(char if char.isprintable() or (lines and char == "\n") else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode-escape").decode("ascii")

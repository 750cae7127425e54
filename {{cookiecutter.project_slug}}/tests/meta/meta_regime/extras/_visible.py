"""Text of the project's own (ids, paths, reasons) where it is shown: nothing in it is hidden, nothing turned around."""

from __future__ import annotations

_HARMLESS = "\u200c\u200d"  # they join letters, and emoji


def visible(text: str, *, lines: bool = False) -> str:
    """Write what does not print, as escapes do: control characters, marks that turn text around, half characters.

    So a line stays one line; with `lines`, line breaks and tabs stay what they are.
    """
    if text.isprintable():
        return text
    kept = f"{_HARMLESS}\n\t" if lines else _HARMLESS
    return "".join(char if char.isprintable() or char in kept else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return char.encode("unicode-escape").decode("ascii")

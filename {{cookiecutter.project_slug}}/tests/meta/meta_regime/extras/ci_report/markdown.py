"""Text of anybody's in Markdown: shown as it is, whatever it is."""

from __future__ import annotations

import re

from .._visible import visible

_HARMLESS = " ,;%/'"  # they mean nothing, wherever they stand


def text(words: str) -> str:
    """Give a text for the inside of a line or a cell: nothing in it is Markdown, HTML, a link or a line end."""
    return "".join(
        char if char.isalnum() or char in _HARMLESS or ord(char) > 127 else f"&#{ord(char)};" for char in visible(words)
    )


def code(words: str) -> str:
    """Give a text as an id or a path is shown."""
    return f"<code>{text(words)}</code>"


def fenced(words: str, language: str = "text") -> str:
    """Give lines as a block of code, which ends nowhere but at its end."""
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible(words, lines=True)}\n{fence}"


def folded(summary: str, block: str, *, is_open: bool = True) -> str:
    """Give a block that can be closed and opened."""
    return f"<details{' open' if is_open else ''}><summary>{summary}</summary>\n\n{block}\n\n</details>"


def table(*rows: tuple[str, ...]) -> str:
    """Lay out rows of Markdown; the first is the head."""
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *others])

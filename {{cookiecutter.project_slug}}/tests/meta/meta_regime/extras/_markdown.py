"""Text of anybody's in Markdown: shown as it is, whatever it is.

As little as possible is written in escapes: GitHub blanks out secrets, but only those that it finds literally.
"""

from __future__ import annotations

import re

from ._visible import visible

# What may mean something inside a line: Markdown, HTML, a link, a mention, an emoji, a formula, the end of a cell.
_MEANS_SOMETHING = r"(?i)[\\`*_\[\]<>&|~!#$@:]|(?<=www)\."


def text(words: str) -> str:
    """Give a text for the inside of a line, a cell or a summary; not for the beginning of a line."""
    return re.sub(_MEANS_SOMETHING, lambda match: f"&#{ord(match[0])};", visible(words))


def code(words: str) -> str:
    """Give a text for the same places as an id or a path is shown; but not for inside HTML."""
    words = visible(words)
    if "|" in words or not words.strip():  # ends a cell, in code too; is no code
        return f"<code>{text(words)}</code>"
    marks = "`" * (_longest_run(words) + 1)
    room = " " if words[0] in "` " or words[-1] in "` " else ""
    return f"{marks}{room}{words}{room}{marks}"


def fenced(words: str, language: str = "text") -> str:
    """Give lines as a block of code, which ends nowhere but at its end."""
    fence = "`" * max(3, _longest_run(words) + 1)
    return f"{fence}{language}\n{visible(words, lines=True)}\n{fence}"


def _longest_run(words: str) -> int:
    return max((len(run) for run in re.findall(r"`+", words)), default=0)


def folded(summary: str, block: str, *, is_open: bool = True) -> str:
    """Give a block that can be closed and opened; `summary` is any text."""
    return f"<details{' open' if is_open else ''}><summary>{text(summary)}</summary>\n\n{block}\n\n</details>"


def table(*rows: tuple[str, ...]) -> str:
    """Lay out rows of Markdown; the first is the head."""
    head, *others = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *others])

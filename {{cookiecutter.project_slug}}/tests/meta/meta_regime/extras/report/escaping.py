"""The user's text (ids, paths, reasons, messages) on its way into the page: none of it is ever taken for markup."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from .._visible import visible

_LONGEST = 120  # characters of a name that are shown
_LONGEST_TITLE = 4000
_LINE = 22


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Leave out the middle of a long text: tests of one file differ in their ends."""
    if len(text) <= longest:
        return text
    end = longest * 2 // 3
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def prose(text: str) -> str:
    """Give HTML of a message; its lines stay lines."""
    return html.escape(visible(text, lines=True))


def name(text: str) -> str:
    """Give HTML of a path or an id: shortened, in full where the mouse rests, kept from turning what is around it."""
    whole = visible(text)
    short = shortened(whole)
    title = f' title="{html.escape(whole[:_LONGEST_TITLE])}"' if short != whole else ""
    return f"<bdi{title}>{html.escape(short)}</bdi>"


def label(text: str, longest: int = _LONGEST) -> str:
    """Give a text for plotly, which takes some tags and entities of HTML for what they are."""
    return html.escape(shortened(visible(text), longest), quote=False)


def in_lines(text: str, longest: int) -> str:
    """Give a label in lines, broken where words of a test's name begin: plotly does not break any."""
    lines = [""]
    for word in re.findall(r".[^_/.\[ -]{0,20}", shortened(visible(text), longest)):
        if len(lines[-1]) + len(word) > _LINE:
            lines.append("")
        lines[-1] += word
    return "<br>".join(html.escape(line, quote=False) for line in lines)


def in_script(value: Any) -> str:
    """Give JSON that cannot end the element `script` that it stands in, or be taken for a comment there."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")

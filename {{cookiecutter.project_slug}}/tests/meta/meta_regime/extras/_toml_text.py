"""Text as TOML has it."""

from __future__ import annotations

import json


def toml_string(text: str) -> str:
    """Write a string: as JSON has it, save for the one character that TOML wants escaped besides."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")

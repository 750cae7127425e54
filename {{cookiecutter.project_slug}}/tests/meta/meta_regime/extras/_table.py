"""Tables in messages."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows of words under a head; the last column is left-aligned and may be of any length."""
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head) - 1)]
    lines = []
    for row in [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        lines.append("    " + "  ".join([*cells, row[-1]]))
    return "\n".join(lines)

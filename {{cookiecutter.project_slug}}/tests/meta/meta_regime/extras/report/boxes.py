"""The boxes of a treemap: folders, files and what is in them, with all that is too small to be seen summed up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_DEEPEST = 12  # levels; what lies deeper has its path in its name
_LEAST = 1 / 1000  # of the whole: a smaller box is a few dots wide. So no more than a thousand lie beside each other


class Row(NamedTuple):
    """One thing that has a size: its whole name, where it stands, and amounts that are summed up with it."""

    name: str
    path: tuple[str, ...]
    size: float
    amounts: tuple[float, ...]


@dataclass
class Box:
    """A thing, or the sum of all that is inside. `more` is how many small ones it stands for, 0 of one with a name.

    `whole` is the name with the folder, or the whole id.
    """

    name: str
    whole: str = ""
    size: float = 0.0
    amounts: Sequence[float] = ()
    things: int = 0
    more: int = 0
    inside: dict[str, Box] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The whole name, or where it stands and how many there are."""
        return f"{self.whole}: {self.more:,} smaller ones" if self.more else self.whole or "everything"

    def add(self, row: Row, things: int = 1) -> None:
        """Count a thing in."""
        self.size += row.size
        self.things += things
        self.amounts = [a + b for a, b in zip(self.amounts or (0.0,) * len(row.amounts), row.amounts, strict=True)]


def boxes_of(rows: Iterable[Row], least: float = _LEAST) -> Box:
    """Put rows into the boxes of their folders; sum up what takes less than a share of the whole."""
    root = Box("")
    for row in rows:
        root.add(row)
        box, path = root, row.path
        if len(path) > _DEEPEST:
            path = (*path[: _DEEPEST - 2], "/".join(path[_DEEPEST - 2 : -1]), path[-1])
        for number, part in enumerate(path, 1):
            if part not in box.inside:
                box.inside[part] = Box(part, row.name if number == len(path) else "/".join(path[:number]))
            box = box.inside[part]
            box.add(row)
    return _summed_up(root, root.size * least)


def _summed_up(box: Box, least: float) -> Box:
    """Sum up the small ones of each folder. One that has nothing else in it, or nothing but a folder, is one box."""
    small = [each for each in box.inside.values() if each.size < least]
    kept = [_summed_up(each, least) for each in box.inside.values() if each.size >= least]
    if len(small) == 1:
        kept.append(_summed_up(small[0], least))
    elif small and kept:
        rest = Box("", box.whole, more=len(small))
        for each in small:
            rest.add(Row("", (), each.size, tuple(each.amounts)), each.things)
        kept.append(rest)
    if len(kept) == 1 and kept[0].inside:
        inner = kept[0]
        inner.name = f"{box.name}/{inner.name}" if box.name else inner.name
        return inner
    box.inside = {str(number): each for number, each in enumerate(kept)}
    return box


def all_boxes(root: Box) -> list[tuple[Box, int]]:
    """List the boxes, each after the one that it lies in, with the number of that one in the list; -1 for the whole."""
    found, number = [(root, -1)], 0
    while number < len(found):
        found += [(each, number) for each in found[number][0].inside.values()]
        number += 1
    return found

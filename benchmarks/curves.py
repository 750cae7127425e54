"""Curves as small SVG pictures: how a figure grows with the number of tests, both on logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 40, 40, 50
COLOURS = ("#1f6feb", "#d1242f", "#8250df", "#1a7f37")


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _written(power: int) -> str:
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"


def chart(title: str, x_axis: str, y_axis: str, series: Mapping[str, Points]) -> str:
    """Draw lines through points; what is not above zero has no place on a logarithmic scale, and is left out."""
    shown = {name: [point for point in points if min(point) > 0] for name, points in series.items()}
    shown = {name: points for name, points in shown.items() if points}
    if not shown:
        raise ValueError(f"{title}: there is nothing above zero to draw")
    (x_low, x_high), (y_low, y_high) = (
        _decades([point[axis] for points in shown.values() for point in points]) for axis in (0, 1)
    )

    def across(value: float) -> float:
        return LEFT + (math.log10(value) - x_low) / (x_high - x_low) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(value) - y_low) / (y_high - y_low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for power in range(x_low, x_high + 1):
        x = across(10.0**power)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{_written(power)}</text>')
    for power in range(y_low, y_high + 1):
        y = down(10.0**power)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_written(power)}</text>')
    for number, (name, points) in enumerate(shown.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(across(x), down(y)) for x, y in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
        parts.append(f'<text x="{LEFT + 12}" y="{TOP + 18 + 16 * number}" style="fill: {colour}">{escape(name)}</text>')
    axes = [
        f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(x_axis)}</text>',
        f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)">{escape(y_axis)}</text>',
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">'
    style = (
        "<style>text { font: 12px system-ui, sans-serif; fill: #444 } .title { font-weight: bold; fill: #111 }"
        " .grid { stroke: #ddd; fill: none }</style>"
    )
    return "\n".join([head, style, '<rect width="100%" height="100%" fill="#fff"/>', *parts, *axes, "</svg>"]) + "\n"

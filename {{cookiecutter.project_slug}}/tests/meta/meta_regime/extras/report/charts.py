"""The charts, as plotly takes them: `data` and `layout`. The page sets the colours of text and ground."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...record import MeasuredCoverage, TestTiming
from ...time_verdicts import Row as Timing
from ...time_verdicts import name_of
from ...verdict import percent
from .boxes import Box, Row, all_boxes, boxes_of
from .by_cause import CAUSES, CausesOf, in_words, main_cause
from .escaping import in_lines, label
from .past import Version

Figure = dict[str, Any]
COLOURS = ("#2f6fca", "#f0a03c", "#b8448f", "#1f8058", "#7a5cc8", "#65717d", "#d6c25c")  # of the causes, in their order
_FROM_COVERED = ((0.0, "#35719f"), (0.5, "#e3c567"), (1.0, "#c23b2b"))  # told apart by the colour-blind, too
_LONGEST_LABEL = 44  # characters
_LONGEST_IN_BOX = 66
_SHOWS_ITS_INSIDE = 1 / 50  # of the whole
_ROW = 38  # pixels
_LAYOUT = {"margin": {"t": 28, "l": 0, "r": 0, "b": 0}, "uniformtext": {"minsize": 10, "mode": "hide"}}
_MORE = "{:,} smaller ones"


def box_name(box: Box, whole: str) -> str:
    """Give the name of a box of a treemap."""
    return _MORE.format(box.more) if box.more else box.name or whole


def time_map(root: Box) -> Figure:
    """Draw the seconds of all tests: folders, files, tests, tests in the colour of what took most of them."""

    def about(box: Box) -> str:
        many = f"<br>{box.things:,} tests and fixtures" if box.things > 1 else ""
        return f"{box.size:.2f} s{many}<br>{in_words(box.amounts).replace(', ', '<br>')}"

    # The page gives folders and files a colour of their own, where they are large enough to show what is in them.
    shows = root.size * _SHOWS_ITS_INSIDE
    colours = [
        "" if box.inside and box.size >= shows else COLOURS[main_cause(box.amounts)] for box, _ in all_boxes(root)
    ]
    return _map(root, about, lambda box: f"{box.size:.2f} s", {"colors": colours}, "all tests")


def coverage_rows(coverage: MeasuredCoverage) -> list[Row]:
    """Give the files of the coverage map: the size is their statements."""
    files = [file for file in coverage.files if file.statements]
    return [Row(file.path, (*file.path.split("/"),), file.statements, (file.units, file.uncovered)) for file in files]


def coverage_map(coverage: MeasuredCoverage) -> Figure:
    """Draw the statements of all files, in the colour of the share that no test executes."""

    def about(box: Box) -> str:
        units, uncovered = box.amounts
        return f"{box.size:,.0f} statements<br>{_covered(box)} covered<br>{uncovered:,.0f} of {units:,.0f} to cover"

    root = boxes_of(coverage_rows(coverage))
    shares = [round(100 * box.amounts[1] / box.amounts[0], 2) if box.amounts else 0 for box, _ in all_boxes(root)]
    bar = {"title": {"text": "uncovered", "side": "right"}, "ticksuffix": " %", "thickness": 12}
    colours = {"colors": shares, "colorscale": _FROM_COVERED, "cmin": 0, "cmax": 100, "showscale": True}
    return _map(root, about, _covered, {**colours, "colorbar": bar}, "all files")


def _covered(box: Box) -> str:
    units, uncovered = map(int, box.amounts)
    return percent(100 * (units - uncovered) / units)


def _map(
    root: Box, about: Callable[[Box], str], short: Callable[[Box], str], marker: dict[str, Any], whole: str
) -> Figure:
    boxes = all_boxes(root)
    trace = {
        "type": "treemap",
        "ids": [str(number) for number in range(len(boxes))],
        "parents": ["" if parent < 0 else str(parent) for _, parent in boxes],
        "labels": [(label if box.inside else in_lines)(box_name(box, whole), _LONGEST_IN_BOX) for box, _ in boxes],
        "values": [0 if box.inside else round(box.size, 6) for box, _ in boxes],
        "branchvalues": "remainder",
        "text": [short(box) for box, _ in boxes],
        "customdata": [f"{label(box.whole or whole)}<br>{about(box)}" for box, _ in boxes],
        "texttemplate": "%{label}<br>%{text}",
        "hovertemplate": "%{customdata}<extra></extra>",
        "marker": {**marker, "pad": {"t": 22, "l": 3, "r": 3, "b": 3}},
        "tiling": {"pad": 2},
        "pathbar": {"thickness": 24},
    }
    return {"data": [trace], "layout": {**_LAYOUT, "height": 480}}


Slow = Sequence[tuple[Timing, tuple[float, ...]]]


def slowest_bars(slow: Slow, causes: CausesOf) -> Figure:
    """Draw the slowest tests as bars, stacked by cause. What is pointed at tells the phases, and the lines."""
    names = [name_of(row) for row, _ in slow]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": cause,
            "x": [round(amounts[number], 4) for _, amounts in slow],
            "y": [*range(len(slow))],
            "marker": {"color": COLOURS[number]},
            "customdata": [_phases(row, causes) for row, _ in slow],
            "hovertemplate": "%{x:.2f} s " + cause + "<br>%{customdata}<extra></extra>",
        }
        for number, cause in enumerate(CAUSES)
        if any(amounts[number] >= 0.0005 for _, amounts in slow)
    ]
    ticks = {"tickmode": "array", "tickvals": [*range(len(slow))], "ticktext": [_two_lines(name) for name in names]}
    axis = {**ticks, "autorange": "reversed", "automargin": True, "showgrid": False, "zeroline": False}
    legend = {"orientation": "h", "traceorder": "normal", "y": 1, "yanchor": "bottom", "x": 0, "xanchor": "left"}
    layout = {
        "barmode": "stack",
        "height": _ROW * len(slow) + 120,
        "margin": {"t": 60, "l": 0, "r": 8, "b": 40},
        "xaxis": {"title": {"text": "seconds"}, "rangemode": "tozero"},
        "yaxis": axis,
        "legend": {**legend, "title": {"text": ""}},
        "bargap": 0.3,
    }
    return {"data": traces, "layout": layout}


def _two_lines(name: str) -> str:
    """Write the test above its file."""
    file, _, test = name.partition("::")
    return f'{label(test or file, _LONGEST_LABEL)}<br><span style="font-size:10px">{label(file, _LONGEST_LABEL)}</span>'


def _phases(row: Timing, causes: CausesOf) -> str:
    call = f", call {row.call:.2f} s" if isinstance(row, TestTiming) else ""
    told = [f"alone: {each.seconds:.2f} s {each.kind} {each.where}" for each in causes.get(name_of(row), ())[:4]]
    phases = f"set-up {row.setup:.2f} s{call}, teardown {row.teardown:.2f} s"
    return "<br>".join([label(name_of(row)), phases, *map(label, told)])


def uncovered_line(versions: Sequence[Version]) -> Figure:
    """Draw how many lines and branches may be uncovered, over time."""
    series = {
        "lines": [version.lines for version in versions],
        "branches": [version.branches for version in versions],
    }
    return _over_time("uncovered lines and branches", versions, {k: v for k, v in series.items() if any(v)} or series)


def seconds_line(versions: Sequence[Version]) -> Figure:
    """Draw what the tests took, over time, a line for each class of machine."""
    machines = sorted({machine for version in versions for machine in version.seconds})
    series = {machine: [version.seconds.get(machine) for version in versions] for machine in machines}
    return _over_time("seconds, all tests together", versions, series)


def _over_time(title: str, versions: Sequence[Version], series: dict[str, Any]) -> Figure:
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "line": {"shape": "hv", "color": COLOURS[number % len(COLOURS)], "dash": ("solid", "dot")[number % 2]},
            "name": label(name, _LONGEST_LABEL),
            "x": [version.date for version in versions],
            "y": [value if value is None else round(value, 3) for value in values],
            "customdata": [label(f"{version.commit} {version.subject}", 80) for version in versions],
            "hovertemplate": "%{y:,} " + label(name, 30) + "<br>%{customdata}<extra></extra>",
        }
        for number, (name, values) in enumerate(series.items())
    ]
    layout = {
        "height": 320,
        "margin": {"t": 40, "l": 10, "r": 10, "b": 50},
        "yaxis": {"title": {"text": title}, "rangemode": "tozero", "automargin": True},
        "xaxis": {"type": "date"},
        "legend": {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        "showlegend": True,
    }
    return {"data": traces, "layout": layout}

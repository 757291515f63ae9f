"""A score over the size of the training set, as a picture; `drawing` says how pictures are drawn."""

from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import pygal

from lambdas.domain.report.drawing import HEIGHT, LEGEND_ROW, new_chart, svg_of

_LINE, _LEGEND_COLUMNS = 13, 2
# Room for what stands beside a point, as a part of the picture; of one point alone, in doublings.
_ROOM, _ALONE = 0.3, 1.0
_LINE_COLOURS = ("var(--second)", "var(--good)", "var(--unsure)", "var(--quiet)")


class SizePoint(NamedTuple):
    """A model trained on so many records: its score, the score's 95 % interval, and the lines of text beside it."""

    records: int
    value: float
    interval: tuple[float, float] | None = None
    beside: Sequence[str] = ()


def size_curve(
    title: str, unit: str, points: Sequence[SizePoint], lines: Mapping[str, float], name: str = "tuned"
) -> str:
    """The points joined from the smallest set to the largest, and other arms' scores as dashed lines.

    Twice as many records are the same step everywhere.
    """
    points = sorted(points)
    places = [log2(point.records) for point in points] or [0.0]
    # What a single line is, the title says.
    rows = ceil((1 + len(lines)) / _LEGEND_COLUMNS) if lines else 0
    end = places[-1] + _ROOM * ((places[-1] - places[0]) or _ALONE)
    chart = new_chart(
        pygal.XY,
        title,
        x_title="training records",
        y_title=unit,
        x_labels=[{"label": f"{point.records:,}", "value": log2(point.records)} for point in points],
        xrange=(places[0], end),
        print_labels=True,
        dots_size=4,
        range=_scale(points, lines),
        show_legend=bool(lines),
        legend_at_bottom_columns=_LEGEND_COLUMNS,
        height=HEIGHT + LEGEND_ROW * rows,
        margin_bottom=LEGEND_ROW * max(1, rows),
    )
    tuned = [
        {"value": (place, point.value), "label": "\n".join(point.beside)}
        for place, point in zip(places, points, strict=False)
    ]
    chart.add(name, tuned)
    for point in points:
        if point.interval:
            ends = [(log2(point.records), limit) for limit in point.interval]
            chart.add(None, ends, show_dots=False, stroke_style={"width": 1.5})
    for name, value in lines.items():
        dashed = {"width": 2, "dasharray": "7, 4"}
        chart.add(name, [(places[0], value), (end, value)], show_dots=False, stroke_style=dashed)
    chart.add_xml_filter(_break_lines)
    own = 1 + sum(point.interval is not None for point in points)
    others = [_LINE_COLOURS[place % len(_LINE_COLOURS)] for place in range(len(lines))]
    return svg_of(chart, colours=["var(--accent)"] * own + others)


def _scale(points: Sequence[SizePoint], lines: Mapping[str, float]) -> tuple[float, float]:
    """From the lowest to the highest score, with room for what stands below the lowest one."""
    ends = [end for point in points for end in (point.value, *(point.interval or ()))] + [*lines.values()] or [0.0]
    span = (max(ends) - min(ends)) or 1.0
    return max(min(ends) - _ROOM * span, min(0.0, *ends)), max(ends) + 0.05 * span


def _break_lines(root: Element) -> Element:
    """SVG knows no line breaks: each further line of a text stands below the one before it."""
    for text in root.iter("text"):
        first, *others = (text.text or "").split("\n")
        text.text = first
        if others:
            # Lines that go behind a text must not strike it through.
            text.set("style", "paint-order: stroke; stroke: var(--card); stroke-width: 4px")
        for line in others:
            SubElement(text, "tspan", x=text.get("x", "0"), dy=str(_LINE)).text = line
    return root

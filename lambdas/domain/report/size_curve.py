"""A score over the size of the training set, as a picture; `drawing` says how pictures are drawn."""

from collections.abc import Mapping, Sequence
from math import ceil, log2
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement

import pygal

from lambdas.domain.report.drawing import HEIGHT, LEGEND_ROW, WIDTH, new_chart, svg_of, ticks

_LINE, _LEGEND_COLUMNS = 13, 2
# Room for what stands beside a point, as a part of the picture; of one point alone, in doublings.
_ROOM, _ALONE = 0.3, 1.0
# Texts stand beside and below the points: higher than other pictures. Of its width, the part where points are.
_TALLER, _PLOT = 80, 0.75
# Of a letter, in pixels.
_LETTER = 7.2
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

    Twice as many records are the same step everywhere. Sizes and texts that would lie over each other are left out.
    """
    points = sorted(points)
    places = [log2(point.records) for point in points] or [0.0]
    # What a single line is, the title says.
    rows = ceil((1 + len(lines)) / _LEGEND_COLUMNS) if lines else 0
    end = places[-1] + _ROOM * ((places[-1] - places[0]) or _ALONE)
    pixels = _PLOT * WIDTH / (end - places[0])
    sizes = [f"{point.records:,}" for point in points]
    told = _apart([_span(place * pixels, [size], -0.5) for place, size in zip(places, sizes, strict=False)])
    described = _apart([_span(place * pixels, point.beside) for place, point in zip(places, points, strict=False)])
    low, high = _scale(points, lines)
    chart = new_chart(
        pygal.XY,
        title,
        x_title="training records",
        y_title=unit,
        x_labels=[{"label": sizes[at], "value": places[at]} for at in sorted(told)],
        y_labels=[tick for tick in ticks(low, high) if low <= tick <= high],
        xrange=(places[0], end),
        print_labels=True,
        dots_size=4,
        range=(low, high),
        show_legend=bool(lines),
        legend_at_bottom_columns=_LEGEND_COLUMNS,
        height=HEIGHT + _TALLER + LEGEND_ROW * rows,
        margin_bottom=LEGEND_ROW,
    )
    tuned = [
        {"value": (place, point.value), "label": "\n".join(point.beside) if at in described else ""}
        for at, (place, point) in enumerate(zip(places, points, strict=False))
    ]
    chart.add(name, tuned)
    # One series with gaps: pygal makes room below for a name of each.
    bars: list[tuple[float | None, float | None]] = []
    for place, point in zip(places, points, strict=False):
        if point.interval:
            bars += [(place, limit) for limit in point.interval] + [(None, None)]
    chart.add(None, bars, show_dots=False, stroke_style={"width": 1.5}, allow_interruptions=True)
    for name, value in lines.items():
        dashed = {"width": 2, "dasharray": "7, 4"}
        chart.add(name, [(places[0], value), (end, value)], show_dots=False, stroke_style=dashed)
    chart.add_xml_filter(_break_lines)
    others = [_LINE_COLOURS[place % len(_LINE_COLOURS)] for place in range(len(lines))]
    return svg_of(chart, colours=["var(--accent)"] * 2 + others)


def _span(place: float, lines: Sequence[str], start: float = 0.0) -> tuple[float, float]:
    """From where to where a text reaches; it starts beside its place by a part of its own width."""
    width = max((len(line) + 1 for line in lines), default=0) * _LETTER
    return place + start * width, place + start * width + width


def _apart(spans: Sequence[tuple[float, float]]) -> set[int]:
    """Which texts do not lie over each other: the last and the first before those between."""
    last = len(spans) - 1
    kept: set[int] = set()
    for at in dict.fromkeys([last, 0, *range(last - 1, 0, -1)] if spans else []):
        start, end = spans[at]
        if all(end <= spans[other][0] or spans[other][1] <= start for other in kept):
            kept.add(at)
    return kept


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

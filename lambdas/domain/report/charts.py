"""The report's pictures as SVG: self-contained, named for screen readers, in the page's own colours.

pygal draws them. Colours are the page's CSS variables (`--text`, `--line`, `--accent`, `--second`), so that one picture
serves the light and the dark scheme. pygal escapes all texts; its links to scripts and its comments are left out. A
picture of the same figures is the same text.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

import pygal
from pygal.style import Style

from lambdas.domain.core.outside_text import shortened
from lambdas.domain.training.losses import Loss

# Drawn at about this size on a phone and twice as large on a screen, so that the letters can be read on both.
_WIDTH, _HEIGHT, _ROW = 420, 280, 40
_BINS, _LABEL = 24, 24
# The sweep's legend; its jobs differ in colour, and beyond that in their dashes.
_LEGEND_COLUMNS, _LEGEND_ROW = 3, 20
_OTHER_COLOURS = ("var(--second)", "var(--good)", "var(--bad)", "var(--unsure)", "var(--quiet)")
_DASHES = ("7, 4", "2, 3", "12, 3, 2, 3")
# No two labels below a picture stand nearer to each other than this part of its width.
_LEAST_APART = 8
# The training loss is drawn in at most so many points: each is the mean of the steps around it.
_SMOOTHED = 40
# pygal cuts the names beside stacked bars only after it has made room for the whole of them.
_LONGEST_NAME = 20
_FONTS = {
    f"{name}_font_size": 13
    for name in ("label", "major_label", "legend", "title", "value", "value_label", "no_data", "tooltip")
}


class IntervalRow(NamedTuple):
    """A row of the interval plot: what is compared, the difference, its 95 % interval where there is one."""

    name: str
    difference: float
    interval: tuple[float, float] | None


class OutcomeRow(NamedTuple):
    """A row of the verdicts: who gave them, and how many of each."""

    name: str
    wins: int
    ties: int
    inconsistent: int
    losses: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.wins + self.ties + self.inconsistent + self.losses


def token_histogram(tokens: Mapping[str, Sequence[int]]) -> str:
    """Output tokens per answer of one or two arms, laid over each other; the last bar holds the longest 1 % and above.

    Bars are in per cent of an arm's answers, so that arms with missing answers can be compared.
    """
    return _histogram(f"Output tokens per answer: {' and '.join(tokens)}", "output tokens", "answers", tokens)


def length_histogram(title: str, unit: str, lengths: Sequence[int]) -> str:
    """How long the records of a data set are; the last bar holds the longest 1 % and above."""
    return _histogram(title, unit, "records", {title: lengths}, show_legend=False)


def _histogram(title: str, unit: str, of: str, tokens: Mapping[str, Sequence[int]], **settings: Any) -> str:
    pooled = sorted(count for counts in tokens.values() for count in counts)
    top = pooled[math.ceil(0.99 * len(pooled)) - 1] if pooled else 0
    width = max(1, round(_step((top - pooled[0]) / _BINS))) if pooled else 1
    chart = _chart(
        pygal.Histogram,
        title,
        x_title=unit,
        y_title=f"% of {of}",
        margin_bottom=_LEGEND_ROW,
        x_labels=_token_labels(pooled, top // width * width, width),
        **settings,
    )
    for name, counts in tokens.items():
        if counts:
            chart.add(name, _bars(counts, width, top))
    return _svg(chart)


def _token_labels(pooled: Sequence[int], last: int, width: int) -> list[dict[str, object]]:
    """Round numbers below the bars, and what the last bar, which begins at `last`, holds where it is not that alone."""
    if not pooled:
        return []
    ticks = [tick for tick in _ticks(pooled[0] // width * width, last + width) if tick.is_integer()]
    if pooled[-1] < last + width:
        return [{"label": f"{tick:,g}", "value": tick} for tick in ticks]
    room = (last + width - pooled[0]) / _LEAST_APART
    below = [{"label": f"{tick:,g}", "value": tick} for tick in ticks if tick <= last - room]
    return [*below, {"label": f"\N{GREATER-THAN OR EQUAL TO} {last:,}", "value": last + width / 2}]


def loss_curves(training: Sequence[Loss], validation: Sequence[Loss]) -> str:
    """Training loss by step, smoothed where there are many steps, with the validation loss in front of it."""
    chart = _chart(
        pygal.XY,
        "Training and validation loss by step",
        x_title="step",
        y_title="loss",
        legend_at_bottom_columns=1,
        height=_HEIGHT + 2 * _LEGEND_ROW,
        margin_bottom=2 * _LEGEND_ROW,
    )
    window = math.ceil(len(training) / _SMOOTHED)
    name = "training loss" if window < 2 else f"training loss, mean of {window} steps"
    chart.add(name, _smooth(training, window), show_dots=False)
    chart.add(
        "validation loss",
        [(line.step, line.loss) for line in validation],
        stroke_style={"width": 3, "dasharray": "7, 4"},
        dots_size=4,
    )
    return _svg(chart)


def _smooth(losses: Sequence[Loss], window: int) -> list[tuple[float, float]]:
    """The mean step and loss of each run of so many lines: single batches say little of how training goes."""
    runs = [losses[start : start + window] for start in range(0, len(losses), max(1, window))]
    return [(fmean(line.step for line in run), fmean(line.loss for line in run)) for run in runs]


def sweep_curves(jobs: Mapping[str, Sequence[Loss]], chosen: str | None) -> str:
    """The validation loss of each job of a sweep by epoch, its last step's; the chosen job's line is the thickest.

    By epoch and not by step, since jobs with different batch sizes take different numbers of steps.
    """
    rows = math.ceil(len(jobs) / _LEGEND_COLUMNS)
    chart = _chart(
        pygal.XY,
        "Validation loss of the sweep's jobs by epoch",
        x_title="epoch",
        y_title="validation loss",
        x_labels=sorted({line.epoch for losses in jobs.values() for line in losses}),
        legend_at_bottom_columns=_LEGEND_COLUMNS,
        height=_HEIGHT + _LEGEND_ROW * rows,
        margin_bottom=_LEGEND_ROW * rows,
    )
    colours = []
    for place, (name, losses) in enumerate(jobs.items()):
        last = {line.epoch: line.loss for line in losses}
        dashes = _DASHES[place // len(_OTHER_COLOURS) % len(_DASHES)]
        stroke = {"width": 4} if name == chosen else {"width": 2, "dasharray": dashes}
        chart.add(name, sorted(last.items()), dots_size=5 if name == chosen else 3, stroke_style=stroke)
        colours.append("var(--accent)" if name == chosen else _OTHER_COLOURS[place % len(_OTHER_COLOURS)])
    return _svg(chart, colours=colours)


def interval_plot(title: str, unit: str, rows: Sequence[IntervalRow]) -> str:
    """Each difference as a dot in its interval, a row each from the top, and a line at zero: a forest plot."""
    # The drawing library divides by the range, which fails for one that is not 0 but nearly so.
    rows = [IntervalRow(row.name, round(row.difference, 9), row.interval and _rounded(row.interval)) for row in rows]
    places = range(len(rows), 0, -1)
    ends = [end for row in rows for end in (row.interval or (row.difference, row.difference))]
    chart = _chart(
        pygal.XY,
        title,
        x_title=unit,
        margin_right=24,
        height=90 + _ROW * len(rows),
        range=(0.5, len(rows) + 0.5),
        x_labels=_ticks(min([*ends, 0.0]), max([*ends, 0.0])),
        dots_size=4,
        y_labels=[{"label": row.name, "value": place} for row, place in zip(rows, places, strict=True)],
        show_legend=False,
        show_y_guides=False,
    )
    chart.add("no difference", [(0, 0.5), (0, len(rows) + 0.5)], show_dots=False, stroke_style={"width": 1.5})
    for row, place in zip(rows, places, strict=True):
        if row.interval:
            ends_of_row = [(end, place) for end in row.interval]
            chart.add(f"interval of {row.name}", ends_of_row, show_dots=False, stroke_style={"width": 4})
    chart.add("difference", [(row.difference, place) for row, place in zip(rows, places, strict=True)], stroke=False)
    return _svg(chart, colours=["var(--text)", *["var(--accent)"] * (len(rows) + 1)])


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return round(low, 9), round(high, 9)


def win_rates(title: str, rows: Sequence[IntervalRow]) -> str:
    """Win rates in per cent as bars from the top with their intervals; 50 % is even. `difference` is the rate."""
    upwards = list(reversed(rows))
    chart = _chart(
        pygal.HorizontalBar,
        title,
        x_title="% of decided pairs won",
        margin_right=24,
        height=110 + _ROW * len(rows),
        range=(0, 100),
        show_legend=False,
    )
    # The drawing library shortens no labels at this side.
    chart.x_labels = [row.name if len(row.name) <= _LABEL else f"{row.name[: _LABEL - 1]}…" for row in upwards]
    chart.y_labels = [0, 25, 50, 75, 100]
    chart.add("win rate", [_bar(row) for row in upwards])
    return _svg(chart, colours=["var(--accent)"])


def outcome_bars(title: str, rows: Sequence[OutcomeRow]) -> str:
    """Each row's verdicts in per cent as one bar, from the top: won, tied, inconsistent, lost."""
    upwards = list(reversed(rows))
    chart = _chart(
        pygal.HorizontalStackedBar,
        title,
        x_title="% of pairs",
        margin_right=24,
        margin_bottom=2 * _LEGEND_ROW,
        height=130 + 2 * _LEGEND_ROW + _ROW * len(rows),
        range=(0, 100),
        legend_at_bottom_columns=2,
    )
    chart.x_labels = [shortened(row.name, _LONGEST_NAME) for row in upwards]
    chart.y_labels = [0, 25, 50, 75, 100]
    for name, counts in (
        ("won", [row.wins for row in upwards]),
        ("tied", [row.ties for row in upwards]),
        ("inconsistent", [row.inconsistent for row in upwards]),
        ("lost", [row.losses for row in upwards]),
    ):
        chart.add(name, [100 * count / row.total for count, row in zip(counts, upwards, strict=True)])
    return _svg(chart, colours=["var(--accent)", "var(--quiet)", "var(--unsure)", "var(--bad)"])


def _bar(row: IntervalRow) -> dict[str, object]:
    bar: dict[str, object] = {"value": row.difference}
    if row.interval:
        bar["ci"] = {"low": row.interval[0], "high": row.interval[1]}
    return bar


def _bars(counts: Sequence[int], width: int, top: int) -> list[tuple[float, int, int]]:
    """`(per cent, from, to)` of each bar that is not empty."""
    bins = Counter(min(count, top) // width for count in counts)
    return [(100 * bins[place] / len(counts), place * width, (place + 1) * width) for place in sorted(bins)]


def _step(least: float) -> float:
    """The smallest of 1, 2, 5, 10 and their multiples by powers of ten that is not below `least`; 1 for nothing."""
    if least <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in (1, 2, 5) if step * power >= least), 10 * power)


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers that enclose a range."""
    step = _step((high - low) / 5)
    return [round(float(place * step), 6) for place in range(math.floor(low / step), math.ceil(high / step) + 1)]


def _chart(kind: type[Any], title: str, **settings: Any) -> Any:
    return kind(
        **{
            "title": title,
            "width": _WIDTH,
            "height": _HEIGHT,
            "margin": 6,
            "js": [],
            "legend_at_bottom": True,
            "legend_box_size": 12,
            "truncate_label": _LABEL,
            "truncate_legend": -1,
            "y_labels_major_count": 0,
            "stroke_style": {"width": 2},
            "disable_xml_declaration": True,
            "no_data_text": "no figures",
            **settings,
        }
    )


def _svg(chart: Any, colours: Sequence[str] = ("var(--second)", "var(--accent)")) -> str:
    """The chart as an SVG element to be put into a page as it is: pygal has escaped its texts."""
    chart.config.style = Style(
        background="transparent",
        plot_background="transparent",
        value_background="transparent",
        foreground="var(--text)",
        foreground_strong="var(--text)",
        foreground_subtle="var(--text)",
        guide_stroke_color="var(--line)",
        major_guide_stroke_color="var(--line)",
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        opacity=".6",
        opacity_hover=".6",
        stroke_opacity="1",
        stroke_width="2",
        transition="none",
        font_family="system-ui, sans-serif",
        colors=tuple(colours),
        value_colors=("var(--text)",) * len(colours),
        ci_colors=("var(--text)",) * len(colours),
        **_FONTS,
    )
    # The id that its style is bound to: the same for the same figures, another for each picture of a page.
    figures = repr((chart.config.title, chart.raw_series))
    chart.uuid = hashlib.sha256(figures.encode()).hexdigest()[:12]
    chart.add_xml_filter(_self_contained)
    svg: str = chart.render(is_unicode=True)
    return svg


def _self_contained(root: Element) -> Element:
    """A picture for screen readers, without scripts and comments; its title is the first thing in it."""
    root.set("role", "img")
    root.set("aria-label", root.findtext("title") or "")
    for parent in list(root.iter()):
        for child in list(parent):
            # A comment's tag is the function that makes comments.
            if not isinstance(child.tag, str) or child.tag == "script":
                parent.remove(child)
    return root

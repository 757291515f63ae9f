"""The report's curves, intervals and bars of verdicts; `drawing` says how pictures are drawn."""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import pygal

from lambdas.domain.core.outside_text import shortened
from lambdas.domain.report.drawing import HEIGHT, LEGEND_ROW, LONGEST_LABEL, new_chart, svg_of, ticks
from lambdas.domain.training.losses import Loss

_ROW = 40
# The sweep's legend; its jobs differ in colour, and beyond that in their dashes.
_LEGEND_COLUMNS = 3
_OTHER_COLOURS = ("var(--second)", "var(--good)", "var(--bad)", "var(--unsure)", "var(--quiet)")
_DASHES = ("7, 4", "2, 3", "12, 3, 2, 3")
# The training loss is drawn in at most so many points: each is the mean of the steps around it.
_SMOOTHED = 40
# pygal cuts the names beside stacked bars only after it has made room for the whole of them.
_LONGEST_NAME = 20


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


def loss_curves(training: Sequence[Loss], validation: Sequence[Loss]) -> str:
    """Training loss by step, smoothed where there are many steps, with the validation loss in front of it."""
    chart = new_chart(
        pygal.XY,
        "Training and validation loss by step",
        x_title="step",
        y_title="loss",
        legend_at_bottom_columns=1,
        height=HEIGHT + 2 * LEGEND_ROW,
        margin_bottom=2 * LEGEND_ROW,
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
    return svg_of(chart)


def _smooth(losses: Sequence[Loss], window: int) -> list[tuple[float, float]]:
    """The mean step and loss of each run of so many lines: single batches say little of how training goes."""
    runs = [losses[start : start + window] for start in range(0, len(losses), max(1, window))]
    return [(fmean(line.step for line in run), fmean(line.loss for line in run)) for run in runs]


def sweep_curves(jobs: Mapping[str, Sequence[Loss]], chosen: str | None) -> str:
    """The validation loss of each job of a sweep by epoch, its last step's; the chosen job's line is the thickest.

    By epoch and not by step, since jobs with different batch sizes take different numbers of steps.
    """
    rows = math.ceil(len(jobs) / _LEGEND_COLUMNS)
    chart = new_chart(
        pygal.XY,
        "Validation loss of the sweep's jobs by epoch",
        x_title="epoch",
        y_title="validation loss",
        x_labels=sorted({line.epoch for losses in jobs.values() for line in losses}),
        legend_at_bottom_columns=_LEGEND_COLUMNS,
        height=HEIGHT + LEGEND_ROW * rows,
        margin_bottom=LEGEND_ROW * rows,
    )
    colours = []
    for place, (name, losses) in enumerate(jobs.items()):
        last = {line.epoch: line.loss for line in losses}
        dashes = _DASHES[place // len(_OTHER_COLOURS) % len(_DASHES)]
        stroke = {"width": 4} if name == chosen else {"width": 2, "dasharray": dashes}
        chart.add(name, sorted(last.items()), dots_size=5 if name == chosen else 3, stroke_style=stroke)
        colours.append("var(--accent)" if name == chosen else _OTHER_COLOURS[place % len(_OTHER_COLOURS)])
    return svg_of(chart, colours=colours)


def interval_plot(title: str, unit: str, rows: Sequence[IntervalRow]) -> str:
    """Each difference as a dot in its interval, a row each from the top, and a line at zero: a forest plot."""
    # The drawing library divides by the range, which fails for one that is not 0 but nearly so.
    rows = [IntervalRow(row.name, round(row.difference, 9), row.interval and _rounded(row.interval)) for row in rows]
    places = range(len(rows), 0, -1)
    ends = [end for row in rows for end in (row.interval or (row.difference, row.difference))]
    chart = new_chart(
        pygal.XY,
        title,
        x_title=unit,
        margin_right=24,
        height=90 + _ROW * len(rows),
        range=(0.5, len(rows) + 0.5),
        x_labels=ticks(min([*ends, 0.0]), max([*ends, 0.0])),
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
    return svg_of(chart, colours=["var(--text)", *["var(--accent)"] * (len(rows) + 1)])


def _rounded(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = interval
    return round(low, 9), round(high, 9)


def win_rates(title: str, rows: Sequence[IntervalRow]) -> str:
    """Win rates in per cent as bars from the top with their intervals; 50 % is even. `difference` is the rate."""
    upwards = list(reversed(rows))
    chart = new_chart(
        pygal.HorizontalBar,
        title,
        x_title="% of decided pairs won",
        margin_right=24,
        height=110 + _ROW * len(rows),
        range=(0, 100),
        show_legend=False,
    )
    # The drawing library shortens no labels at this side.
    chart.x_labels = [
        row.name if len(row.name) <= LONGEST_LABEL else f"{row.name[: LONGEST_LABEL - 1]}…" for row in upwards
    ]
    chart.y_labels = [0, 25, 50, 75, 100]
    chart.add("win rate", [_bar(row) for row in upwards])
    return svg_of(chart, colours=["var(--accent)"])


def outcome_bars(title: str, rows: Sequence[OutcomeRow]) -> str:
    """Each row's verdicts in per cent as one bar, from the top: won, tied, inconsistent, lost."""
    upwards = list(reversed(rows))
    chart = new_chart(
        pygal.HorizontalStackedBar,
        title,
        x_title="% of pairs",
        margin_right=24,
        margin_bottom=2 * LEGEND_ROW,
        height=130 + 2 * LEGEND_ROW + _ROW * len(rows),
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
    return svg_of(chart, colours=["var(--accent)", "var(--quiet)", "var(--unsure)", "var(--bad)"])


def funnel(title: str, stages: Sequence[tuple[str, int]]) -> str:
    """How many are left at each stage as a bar from the top, each with its number beside its name."""
    upwards = list(reversed(stages))
    chart = new_chart(
        pygal.HorizontalBar,
        title,
        margin_right=24,
        height=70 + _ROW * len(stages),
        range=(0, max((count for _, count in stages), default=0) or 1),
        show_legend=False,
    )
    chart.x_labels = [f"{name}, {count:,}" for name, count in upwards]
    chart.y_labels = ticks(0, max((count for _, count in stages), default=0) or 1)
    chart.add(title, [count for _, count in upwards])
    return svg_of(chart, colours=["var(--accent)"])


def _bar(row: IntervalRow) -> dict[str, object]:
    bar: dict[str, object] = {"value": row.difference}
    if row.interval:
        bar["ci"] = {"low": row.interval[0], "high": row.interval[1]}
    return bar

"""How many tokens answers and records have, as bars; `drawing` says how pictures are drawn."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pygal

from lambdas.domain.report.drawing import LEGEND_ROW, new_chart, round_step, svg_of, ticks

_BINS = 24
_COLOURS = ("var(--second)", "var(--accent)")
# No two labels below a picture stand nearer to each other than this part of its width.
_LEAST_APART = 8


def token_histogram(tokens: Mapping[str, Sequence[int]]) -> str:
    """Output tokens per answer of one or two arms, laid over each other; the last bar holds the longest 1 % and above.

    Bars are in per cent of an arm's answers, so that arms with missing answers can be compared.
    """
    return _histogram(f"Output tokens per answer: {' and '.join(tokens)}", "output tokens", "answers", tokens)


def token_histograms(tokens: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """The same in a picture for each arm, to be laid side by side: all have the same bars and axes."""
    bins = _bins_of(tokens)
    shares = [share for counts in tokens.values() if counts for share, *_ in _bars(counts, bins)]
    axes = {"range": (0, 1.05 * max(shares, default=1))}
    return {
        name: _histogram(
            f"Output tokens per answer: {name}",
            "output tokens",
            "answers",
            {name: counts},
            bins,
            [_COLOURS[place % len(_COLOURS)]],
            show_legend=False,
            # The last bar's label is wider than its bar.
            margin_right=24,
            **axes,
        )
        for place, (name, counts) in enumerate(tokens.items())
    }


def length_histogram(title: str, unit: str, lengths: Sequence[int]) -> str:
    """How long the records of a data set are; the last bar holds the longest 1 % and above."""
    return _histogram(title, unit, "records", {title: lengths}, show_legend=False)


class _Bins(NamedTuple):
    """The bars of counts: from where to where each is one, and the count from which on all are in the last."""

    width: int
    top: int
    # Where the first and the last bar begin.
    first: int
    last: int
    longest: int


def _bins_of(tokens: Mapping[str, Sequence[int]]) -> _Bins:
    """The bars of all arms' counts together."""
    pooled = sorted(count for counts in tokens.values() for count in counts) or [0]
    top = pooled[math.ceil(0.99 * len(pooled)) - 1]
    width = max(1, round(round_step((top - pooled[0]) / _BINS)))
    return _Bins(width, top, pooled[0] // width * width, top // width * width, pooled[-1])


def _histogram(
    title: str,
    unit: str,
    of: str,
    tokens: Mapping[str, Sequence[int]],
    bins: _Bins | None = None,
    colours: Sequence[str] = _COLOURS,
    **settings: Any,
) -> str:
    drawn = {name: counts for name, counts in tokens.items() if counts}
    bins = bins or _bins_of(tokens)
    chart = new_chart(
        pygal.Histogram,
        title,
        x_title=unit,
        y_title=f"% of {of}",
        margin_bottom=LEGEND_ROW,
        x_labels=_token_labels(bins) if drawn else [],
        **settings,
    )
    # pygal knows no range for the axis below: bars of no height reach from its beginning to its end.
    ends = [(0.0, place, place + bins.width) for place in (bins.first, bins.last)]
    for name, counts in drawn.items():
        chart.add(name, [*ends, *_bars(counts, bins)])
    return svg_of(chart, colours=colours)


def _token_labels(bins: _Bins) -> list[dict[str, object]]:
    """Round numbers below the bars, and what the last bar, which begins at `last`, holds where it is not that alone."""
    last = bins.last
    labels = [tick for tick in ticks(bins.first, last + bins.width) if tick.is_integer()]
    if bins.longest < last + bins.width:
        return [{"label": f"{tick:,g}", "value": tick} for tick in labels]
    room = (last + bins.width - bins.first) / _LEAST_APART
    below = [{"label": f"{tick:,g}", "value": tick} for tick in labels if tick <= last - room]
    return [*below, {"label": f"\N{GREATER-THAN OR EQUAL TO} {last:,}", "value": last + bins.width / 2}]


def _bars(counts: Sequence[int], bins: _Bins) -> list[tuple[float, int, int]]:
    """`(per cent, from, to)` of each bar that is not empty."""
    found = Counter(min(count, bins.top) // bins.width for count in counts)
    return [(100 * found[place] / len(counts), place * bins.width, (place + 1) * bins.width) for place in sorted(found)]

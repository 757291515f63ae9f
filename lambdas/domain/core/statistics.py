"""Summaries of counts and times that several rooms show."""

import math
from collections.abc import Sequence
from statistics import fmean, median, stdev


def count_statistics(counts: Sequence[int]) -> dict[str, float | int | None]:
    """`{"mean", "median", "sd", "min", "max"}` of counts such as output tokens.

    `sd` is the sample standard deviation (divided by n - 1; null for fewer than two values), since the test set is a
    sample of what will be asked. Every figure is null where there is no value.
    """
    if not counts:
        return {"mean": None, "median": None, "sd": None, "min": None, "max": None}
    return {
        "mean": fmean(counts),
        "median": median(counts),
        "sd": stdev(counts) if len(counts) > 1 else None,
        "min": min(counts),
        "max": max(counts),
    }


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile: the smallest value that at least `percent` % of the values do not exceed.

    It is always a value that occurred; null where there is none. Source: definition 1 of Hyndman and Fan, "Sample
    Quantiles in Statistical Packages" (1996).
    """
    if not values:
        return None
    rank = max(1, math.ceil(percent * len(values) / 100))
    return sorted(values)[rank - 1]

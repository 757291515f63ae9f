"""How sure a difference between two arms is: a bootstrap over groups of records.

Records of one context (a table, a document) are not independent, so whole groups are resampled, never records.

The difference is a ratio: the sum of all records' differences over their number, which is random where groups differ
in size. Its standard error is the jackknife's over groups. The interval is the symmetric bootstrap-t interval: it lets
the resamples say how far the studentised difference strays, instead of trusting a normal curve that skewed scores (many
0 and 100) and few groups do not follow. Each resample draws as many groups as there are and studentises the sum of
their jackknife influences, so two sums per resample are enough and no array library is needed.

The work grows with groups, resamples and comparisons. Beyond 2,000 groups each resample draws from 2,000 sums of
groups instead, any of which are as independent as the groups themselves: how far the studentised difference strays
hardly changes, and its standard error is still that of all groups.

Sources: Hall, "On symmetric bootstrap confidence intervals" (1988); Davison and Hinkley, "Bootstrap Methods and their
Application" (1997), sections 2.7 (jackknife, ratios) and 5.2 (studentised intervals); Cameron, Gelbach and Miller,
"Bootstrap-based improvements for inference with clustered errors" (2008), for resampling whole clusters.
"""

import math
import random
from collections import defaultdict
from collections.abc import Hashable, Sequence
from operator import mul
from statistics import NormalDist, fmean
from typing import NamedTuple

CONFIDENCE = 0.95
POWER = 0.80
# 2,000 with the observed one: the interval's ends and p = 0.05 fall on whole ranks.
RESAMPLES = 1_999
# A report makes up to 90 comparisons in the minutes that its function has.
MOST_DRAWN = 2_000
# Fewer groups say too little of how groups vary: no interval then.
LEAST_GROUPS = 10


class Difference(NamedTuple):
    """A mean difference with its certainty.

    `interval` (95 %), `p_value` (two-sided) and `detectable` (the smallest true difference that a test set like this
    shows in 80 % of cases) are None with fewer than 10 groups. The interval excludes zero exactly where p <= 0.05.
    Where every group differs by the same, nothing tells how much they vary: `detectable` is None, and where none
    differs at all, the interval is None as well, since no difference seen is not no difference.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float | None
    detectable: float | None
    groups: int
    records: int


def compare(
    scores: Sequence[float],
    against: Sequence[float],
    groups: Sequence[Hashable],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Difference:
    """The mean of `scores[i] - against[i]`; both are of the same records, whose groups stand in `groups`.

    The same arguments give the same result. 0.05 * (`resamples` + 1) is a whole number. Raises ValueError where the
    lengths differ or there are no records.
    """
    by_group: defaultdict[Hashable, list[float]] = defaultdict(list)
    for score, other, group in zip(scores, against, groups, strict=True):
        by_group[group].append(score - other)
    if not by_group:
        raise ValueError("There are no records to compare.")
    sums, sizes = [math.fsum(each) for each in by_group.values()], [len(each) for each in by_group.values()]
    total, records = math.fsum(sums), sum(sizes)
    difference = total / records
    if len(by_group) < LEAST_GROUPS:
        return Difference(difference, None, None, None, len(by_group), records)
    influences = _influences(sums, sizes, difference)
    error = math.sqrt((len(sums) - 1) / len(sums) * math.fsum(map(mul, influences, influences)))
    if not error:
        # All groups point one way: the two-sided sign test says how likely that is by chance.
        p_value, interval = (2 ** (1 - len(sums)), (difference, difference)) if difference else (1.0, None)
        return Difference(difference, interval, p_value, None, len(by_group), records)
    reach, p_value = _bootstrap_t(_merge(influences), difference / error, resamples, random.Random(seed))  # noqa: S311 - no secret
    return Difference(
        difference=difference,
        interval=(difference - reach * error, difference + reach * error),
        p_value=p_value,
        detectable=detectable_difference(error),
        groups=len(by_group),
        records=records,
    )


def detectable_difference(standard_error: float) -> float:
    """The smallest true difference found with 80 % power at the 5 % level: 2.80 standard errors.

    Source: Bloom, "Minimum Detectable Effects: A Simple Way to Report the Statistical Power of Experimental Designs"
    (1995).
    """
    normal = NormalDist()
    return (normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)) * standard_error


def _influences(sums: Sequence[float], sizes: Sequence[int], difference: float) -> list[float]:
    """How much the difference falls when a group is left out, for each group, around their mean."""
    records = sum(sizes)
    influences = [(own - difference * size) / (records - size) for own, size in zip(sums, sizes, strict=True)]
    mean = fmean(influences)
    return [influence - mean for influence in influences]


def _merge(influences: Sequence[float]) -> Sequence[float]:
    if len(influences) <= MOST_DRAWN:
        return influences
    return [math.fsum(influences[start::MOST_DRAWN]) for start in range(MOST_DRAWN)]


def _bootstrap_t(
    influences: Sequence[float], observed: float, resamples: int, generator: random.Random
) -> tuple[float, float]:
    """How many standard errors the interval reaches, and the p-value of the `observed` number of them."""
    groups = len(influences)
    # A resample without any of the few groups that differ would seem to have no error at all.
    least_variation = math.fsum(map(mul, influences, influences)) / groups
    studentised = []
    for _ in range(resamples):
        sample = generator.choices(influences, k=groups)
        total = sum(sample)
        variation = max(sum(map(mul, sample, sample)) - total * total / groups, least_variation)
        studentised.append(abs(total) / math.sqrt(variation * groups / (groups - 1)))
    studentised.sort()
    as_far = sum(one >= abs(observed) for one in studentised)
    return studentised[math.ceil(CONFIDENCE * (resamples + 1)) - 1], (1 + as_far) / (resamples + 1)

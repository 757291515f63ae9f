"""The symmetric bootstrap-t interval of a mean over records whose groups are independent.

The mean is a ratio: the sum of all records' differences over their number, which is random where groups differ in size.
Its standard error is the jackknife's over groups. The resamples say how far the studentised mean strays, instead of a
normal curve that skewed scores (many 0 and 100) do not follow. Each resample draws as many groups as there are and
studentises the sum of their jackknife influences, so two sums per resample are enough and no array library is needed.

The work grows with groups, resamples and comparisons. Beyond 2,000 groups each resample draws from 2,000 sums of
groups instead, any of which are as independent as the groups themselves: how far the studentised mean strays hardly
changes, and its standard error is still that of all groups.

Sources: Hall, "On symmetric bootstrap confidence intervals" (1988); Davison and Hinkley, "Bootstrap Methods and their
Application" (1997), sections 2.7 (jackknife, ratios) and 5.2 (studentised intervals); Cameron, Gelbach and Miller,
"Bootstrap-based improvements for inference with clustered errors" (2008), for resampling whole clusters.
"""

import math
import random
from collections.abc import Sequence
from operator import mul
from statistics import fmean
from typing import NamedTuple

# A report makes up to 90 comparisons in the minutes that its function has.
MOST_DRAWN = 2_000
_ALMOST = 1e-6


class Group(NamedTuple):
    """The sum of the differences of a group's records, and how many records it has."""

    total: float
    size: float


class Studentised(NamedTuple):
    """The interval reaches `reach` standard errors to both sides of the mean."""

    mean: float
    error: float
    reach: float
    p_value: float

    @property
    def interval(self) -> tuple[float, float]:
        """Its two ends."""
        return self.mean - self.reach * self.error, self.mean + self.reach * self.error


def weighted_mean(groups: Sequence[Group]) -> float:
    """The mean over the groups' records."""
    return math.fsum(group.total for group in groups) / math.fsum(group.size for group in groups)


def standard_error(groups: Sequence[Group]) -> float:
    """The jackknife's over groups, of which there are at least two; 0 where all have the same mean."""
    return _error(_influences(groups))


def studentise(groups: Sequence[Group], *, confidence: float, resamples: int, seed: int) -> Studentised | None:
    """None where all groups have the same mean, which says nothing of how much they vary.

    `confidence` * (`resamples` + 1) is a whole number.
    """
    influences, mean = _influences(groups), weighted_mean(groups)
    error = _error(influences)
    if not error:
        return None
    strays = _resample(_merge(influences), resamples, random.Random(seed))  # noqa: S311 - no secret
    as_far = sum(stray >= abs(mean) / error for stray in strays)
    # A whole number that is calculated may lie a little above itself.
    reach = sorted(strays)[math.ceil(confidence * (resamples + 1) - _ALMOST) - 1]
    return Studentised(mean, error, reach, (1 + as_far) / (resamples + 1))


def _influences(groups: Sequence[Group]) -> list[float]:
    """How much the mean falls when a group is left out, for each group, around their mean."""
    mean, records = weighted_mean(groups), math.fsum(group.size for group in groups)
    influences = [(group.total - mean * group.size) / (records - group.size) for group in groups]
    centre = fmean(influences)
    return [influence - centre for influence in influences]


def _error(influences: Sequence[float]) -> float:
    return math.sqrt((len(influences) - 1) / len(influences) * math.fsum(map(mul, influences, influences)))


def _merge(influences: Sequence[float]) -> Sequence[float]:
    if len(influences) <= MOST_DRAWN:
        return influences
    return [math.fsum(influences[start::MOST_DRAWN]) for start in range(MOST_DRAWN)]


def _resample(influences: Sequence[float], resamples: int, generator: random.Random) -> list[float]:
    """By how many of its standard errors each resample's mean strays."""
    groups = len(influences)
    # A resample without any of the few groups that differ would seem to have no error at all.
    least_variation = math.fsum(map(mul, influences, influences)) / groups
    strays = []
    for _ in range(resamples):
        sample = generator.choices(influences, k=groups)
        total = sum(sample)
        variation = max(sum(map(mul, sample, sample)) - total * total / groups, least_variation)
        strays.append(abs(total) / math.sqrt(variation * groups / (groups - 1)))
    return strays

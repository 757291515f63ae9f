"""How sure a difference between two arms is: an interval over groups of records, and what it could have shown.

Records of one context (a table, a document) are not independent, so groups count, never records. The difference is the
mean over records.

The interval is that of `betting`, which holds for any scores from 0 to 100 and any number of groups. From 60 groups on
the bootstrap-t interval narrows it. The latter has an imaginary group of twice the average size at each end of the
range: a blunder of one group in a hundred may be in none of those that were drawn. Such pseudo-observations are what
Agresti and Coull, "Approximate is better than 'exact'" (1998), add to proportions; here the simulations of
`python -m local.bench.coverage` say that they suffice.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from lambdas.domain.evaluation.betting import Bet, log_fortune, lower_limit, mirror
from lambdas.domain.evaluation.bootstrap_t import Group, standard_error, studentise, weighted_mean
from lambdas.domain.evaluation.power import MOST_GROUPS, detectable, least_winning_mean, t_quantile

CONFIDENCE = 0.95
# 2,000 with the observed one: the interval's ends and p = 0.05 fall on whole ranks.
RESAMPLES = 1_999
# Scores are 0 to 100, so that no difference is larger.
LARGEST = 100.0
LEAST_FOR_BOOTSTRAP = 60
# With more groups the bootstrap's interval is as narrow.
MOST_FOR_BETTING = 1_000
# Without a largest difference only the bootstrap is left, to which fewer groups say too little of how they vary.
LEAST_UNBOUNDED = 10
# No test set decides on a smaller difference between a gain and the wanted one.
_SMALLEST_GAP = 1e-3
# In groups of average size: so much is imagined at each end of the range.
IMAGINED = 2


class Difference(NamedTuple):
    """A mean difference with its certainty.

    `interval` (95 %, within the range of the scores, never of zero width) excludes zero exactly where the two-sided
    `p_value` is at most 0.05. `detectable` is the smallest true difference that a test set like this shows in 80 % of
    cases; None where there is none. `error` is the standard error over groups, None for one group. Differences without
    a bound, such as those of token counts, have no interval with fewer than 10 groups or where all groups are alike.
    Of the records `above` have a positive difference, and `below` a negative one. `withheld` says why there is no
    interval.
    """

    difference: float
    interval: tuple[float, float] | None
    p_value: float | None
    detectable: float | None
    groups: int
    records: int
    error: float | None = None
    above: int = 0
    below: int = 0
    withheld: str | None = None


class ConfidenceLimits(NamedTuple):
    """An interval, its p-value, and the smallest mean with which it excludes zero; None where none does."""

    low: float
    high: float
    p_value: float
    least_mean: float | None


def compare(
    scores: Sequence[float],
    against: Sequence[float],
    groups: Sequence[Hashable],
    *,
    bounded: bool = True,
    seed: int = 0,
    resamples: int = RESAMPLES,
    pairs: int = 1,
) -> Difference:
    """The mean of `scores[i] - against[i]`; both are of the same records, whose groups stand in `groups`.

    `bounded` scores are from 0 to 100. The same arguments give the same result. 0.05 * (`resamples` + 1) is a whole
    number. Bounded intervals of so many `pairs` hold together in 95 % of cases, and the p-value counts all of them
    (Bonferroni). Raises ValueError where the lengths differ, there are no records, or a bounded score is out of range.
    """
    by_group: defaultdict[Hashable, list[float]] = defaultdict(list)
    for score, other, group in zip(scores, against, groups, strict=True):
        by_group[group].append(score - other)
    if not by_group:
        raise ValueError("There are no records to compare.")
    if bounded and any(abs(difference) > LARGEST for each in by_group.values() for difference in each):
        raise ValueError("Scores from 0 to 100 differ by at most 100.")
    found = [Group(math.fsum(each), len(each)) for each in by_group.values()]
    signs = Counter(math.copysign(1, each) for own in by_group.values() for each in own if each)
    limits = _bounded_limits(found, resamples, seed, pairs) if bounded else _unbounded_limits(found, resamples, seed)
    error = standard_error(found) if len(found) > 1 else None
    least = limits.least_mean if limits else None
    return Difference(
        difference=weighted_mean(found),
        interval=(limits.low, limits.high) if limits else None,
        p_value=limits.p_value if limits else None,
        detectable=None if least is None or error is None else detectable(least, error, len(found)),
        groups=len(found),
        records=sum(len(each) for each in by_group.values()),
        error=error,
        above=signs[1],
        below=signs[-1],
    )


def groups_to_decide(found: Difference, wanted: float) -> int | None:
    """How many groups show in 80 % of cases that a bounded difference such as this is above, or below, `wanted`.

    They vary as these groups do. None where 10,000 are too few, or where one group does not tell how groups vary.
    """
    gap = abs(found.difference - wanted)
    if found.error is None or gap < _SMALLEST_GAP:
        return None
    least = found.groups + 1
    spread = found.error**2 * found.groups
    bootstrapped = range(max(least, LEAST_FOR_BOOTSTRAP), MOST_GROUPS + 1)
    enough = next((groups for groups in bootstrapped if _gap_shown(spread, wanted, groups) <= gap), MOST_GROUPS + 1)
    if found.detectable is not None:
        # Limits narrow with the root of the number of groups; those of few groups faster.
        enough = min(enough, max(least, math.ceil(found.groups * (found.detectable / gap) ** 2)))
    return enough if enough <= MOST_GROUPS else None


def _gap_shown(spread: float, wanted: float, groups: int) -> float:
    """How far from `wanted` a true difference must be, for the bootstrap to show it in 80 % of cases."""
    reach = t_quantile((1 + CONFIDENCE) / 2, groups - 1)
    # The imaginary groups draw the mean towards zero.
    drawn = 2 * IMAGINED * abs(wanted) / groups
    return detectable(reach * _imagined_error(spread, groups) + drawn, math.sqrt(spread / groups), groups)


def _imagined_error(spread: float, groups: int) -> float:
    """The standard error of a mean near zero with the imaginary groups, on the scale of the groups' own mean."""
    return math.sqrt(spread * groups + 2 * (IMAGINED * LARGEST) ** 2) / groups


def _bounded_limits(groups: Sequence[Group], resamples: int, seed: int, pairs: int) -> ConfidenceLimits:
    if len(groups) < LEAST_FOR_BOOTSTRAP:
        return _betting_limits(groups, pairs)
    found = bootstrap_limits(groups, resamples, seed, pairs)
    if len(groups) > MOST_FOR_BETTING:
        return found
    bet = _betting_limits(groups, pairs)
    leasts = [least for least in (bet.least_mean, found.least_mean) if least is not None]
    return ConfidenceLimits(
        max(bet.low, found.low), min(bet.high, found.high), min(bet.p_value, found.p_value), min(leasts, default=None)
    )


def _betting_limits(groups: Sequence[Group], pairs: int) -> ConfidenceLimits:
    average = math.fsum(group.size for group in groups) / len(groups)
    alike = Counter((group.total / group.size, group.size) for group in groups)
    bets = [Bet((1 + mean / LARGEST) / 2, size / average, count) for (mean, size), count in alike.items()]
    threshold = math.log(2 * pairs / (1 - CONFIDENCE))
    fortune = max(log_fortune(bets, 0.5), log_fortune(mirror(bets), 0.5))
    least = least_winning_mean(bets, threshold)
    return ConfidenceLimits(
        low=_points(lower_limit(bets, threshold)),
        high=-_points(lower_limit(mirror(bets), threshold)),
        p_value=min(1.0, 2 * pairs * math.exp(-fortune)),
        least_mean=None if least is None else _points(least),
    )


def _points(outcome: float) -> float:
    return LARGEST * (2 * outcome - 1)


def bootstrap_limits(groups: Sequence[Group], resamples: int, seed: int, pairs: int = 1) -> ConfidenceLimits:
    """The bootstrap-t limits with the imaginary groups, within the range of differences; of `pairs` see `compare`."""
    size = IMAGINED * math.fsum(group.size for group in groups) / len(groups)
    # The sign makes the resamples of a comparison and of its opposite the same.
    best = math.copysign(LARGEST * size, weighted_mean(groups))
    imagined = [*groups, Group(best, size), Group(-best, size)]
    # A narrower tail needs as many more resamples, so that its end falls on a whole rank, too.
    drawn, confidence = pairs * (resamples + 1) - 1, 1 - (1 - CONFIDENCE) / pairs
    found = studentise(imagined, confidence=confidence, resamples=drawn, seed=seed)
    if found is None:
        raise AssertionError("Groups at both ends of the range differ.")
    low, high = found.interval
    spread = standard_error(groups) ** 2 * len(groups)
    least = found.reach * _imagined_error(spread, len(groups))
    return ConfidenceLimits(max(low, -LARGEST), min(high, LARGEST), min(1.0, pairs * found.p_value), least)


def _unbounded_limits(groups: Sequence[Group], resamples: int, seed: int) -> ConfidenceLimits | None:
    if len(groups) < LEAST_UNBOUNDED:
        return None
    found = studentise(groups, confidence=CONFIDENCE, resamples=resamples, seed=seed)
    return found and ConfidenceLimits(*found.interval, found.p_value, found.reach * found.error)

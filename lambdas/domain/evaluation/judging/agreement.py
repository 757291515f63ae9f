"""Proportions and agreement of raters: Wilson's interval and Cohen's kappa."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist

Interval = tuple[float, float]
_Z_95 = NormalDist().inv_cdf(0.975)


def wilson_interval(successes: int, trials: int) -> Interval | None:
    """The 95 % score interval of a proportion, in per cent; None without trials. Trials are independent.

    Source: Wilson (1927), without continuity correction; method 3 in Newcombe, "Two-sided confidence intervals for the
    single proportion" (1998), who found it good even for few trials and for 0 or all successes.
    """
    if not trials:
        return None
    share, squared = successes / trials, _Z_95 * _Z_95
    centre = (share + squared / (2 * trials)) / (1 + squared / trials)
    spread = math.sqrt(share * (1 - share) / trials + squared / (4 * trials * trials)) / (1 + squared / trials)
    spread *= _Z_95
    # Rounding must not leave the observed share outside where it is 0 or 1.
    return 100.0 * max(0.0, min(centre - spread, share)), 100.0 * min(1.0, max(centre + spread, share))


def cohens_kappa(first: Sequence[str], second: Sequence[str]) -> float | None:
    """The agreement of two raters beyond chance: 1 is perfect, 0 is what their habits alone would give.

    None where it is not defined: nothing rated, or both gave one and the same category always. Source: Cohen, "A
    Coefficient of Agreement for Nominal Scales" (1960).
    """
    same, by_chance, trials = _count_agreement(first, second)
    if by_chance == trials * trials:
        return None
    return (same * trials - by_chance) / (trials * trials - by_chance)


def kappa_interval(first: Sequence[str], second: Sequence[str]) -> Interval | None:
    """The 95 % interval of Cohen's kappa; None where kappa is not defined.

    It takes, as Cohen's own standard error (1960) does, what chance gives as known, and is Wilson's for the share of
    pairs that both rated alike. The usual error (Fleiss, Cohen and Everitt, "Large Sample Standard Errors of Kappa and
    Weighted Kappa", 1969) covers far too little where raters nearly always agree: docs/metrics.md has the figures.
    """
    same, by_chance, trials = _count_agreement(first, second)
    share = wilson_interval(same, trials)
    if share is None or by_chance == trials * trials:
        return None
    chance = by_chance / trials**2
    low, high = ((limit / 100 - chance) / (1 - chance) for limit in share)
    return max(-1.0, low), min(1.0, high)


def _count_agreement(first: Sequence[str], second: Sequence[str]) -> tuple[int, int, int]:
    """How often both rate alike, how often chance would have them (times the trials), and the trials."""
    same = sum(one == other for one, other in zip(first, second, strict=True))
    ours, theirs = Counter(first), Counter(second)
    # Times trials squared, so that all is exact until the end.
    return same, sum(ours[category] * theirs[category] for category in ours), len(first)

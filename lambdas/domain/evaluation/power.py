"""What a test set can show: the smallest true difference, and how many groups a difference needs.

A difference is shown in 80 % of cases where it lies so far beyond the smallest mean that the interval would take for a
difference, that the mean of a test set falls short of that in 20 % of cases. (Bloom, "Minimum Detectable Effects",
1995, with Student's t for the normal curve, and with the interval that decides.)
"""

import math
from collections.abc import Sequence
from statistics import NormalDist

from lambdas.domain.evaluation.betting import Bet, log_fortune

POWER = 0.80
# More groups than a run may have test records.
MOST_GROUPS = 10_000
_HALVINGS = 14


def t_quantile(probability: float, degrees: int) -> float:
    """Student's t by Abramowitz and Stegun, 26.7.5: to within 0.1 % from 10 degrees of freedom on, 5 % at one."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))


def detectable(least_mean: float, error: float, groups: int) -> float:
    """The true difference from which 80 % of test sets have at least the mean that shows a difference."""
    return least_mean + t_quantile(POWER, groups - 1) * error


def least_winning_mean(bets: Sequence[Bet], log_threshold: float) -> float | None:
    """The smallest mean (0 to 1) of outcomes that vary like these with which a mean of one half is refuted.

    The outcomes are shifted, within their range. None where even the best would not do.
    """

    def shifted(by: float) -> list[Bet]:
        return [bet._replace(outcome=min(1.0, max(0.0, bet.outcome + by))) for bet in bets]

    low, high = -1.0, 1.0
    if log_fortune(shifted(high), 0.5) < log_threshold:
        return None
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if log_fortune(shifted(middle), 0.5) >= log_threshold else (middle, high)
    wins = shifted(high)
    records = math.fsum(bet.size * bet.groups for bet in wins)
    return math.fsum(bet.outcome * bet.size * bet.groups for bet in wins) / records

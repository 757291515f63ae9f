"""Confidence limits for the mean of bounded differences that hold for any number of groups and any distribution.

Few groups often look alike because none of them is a rare blunder. A limit that learns from their spread is wrong then.
This one bets against each mean that could be true: nothing wins against the true one in expectation, so that a fortune
of 40 refutes a mean at the 2.5 % level (Markov's inequality). What may lie unseen at the range's end is counted in.

The fortune is the mean over a few shares of the capital, each bet on all groups alike: the limit is the same in any
order of the groups, and there is no chance in it. What is bet on a group is in proportion to its size, so that the mean
is that over records. Groups need not be alike, only independent: where their expected winnings sum to zero, the product
of `1 + e` is at most 1. A bet on a large group that could lose more than the capital follows the tangent to the
exponential function that loses no more.

Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting" (2024), section 5.6
(diversified bets). Sizes and the tangent are ours.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

# The smallest and the largest share of the capital that is bet on a group where all are of one size, and how many there
# are: bolder bets find consistent gains in few groups.
_SMALLEST_SHARE, _LARGEST_SHARE, _SHARES = 0.4, 1.0, 3
# A mean at the very end of the range cannot be divided by.
_LEAST_MEAN = 1e-4
_HALVINGS = 20


class Bet(NamedTuple):
    """The outcome of groups, 0 (the worst there can be) to 1, their size over the average, and how many they are."""

    outcome: float
    size: float
    groups: int = 1


def log_fortunes(bets: Sequence[Bet], claimed: float) -> list[float]:
    """What each share makes of a capital of 1, as a logarithm, where the mean is claimed to be `claimed` (0 to 1)."""
    return [
        math.fsum(bet.groups * _log_factor(share * bet.size, bet.outcome / max(claimed, _LEAST_MEAN)) for bet in bets)
        for share in _shares(max(bet.size for bet in bets))
    ]


def log_fortune(bets: Sequence[Bet], claimed: float) -> float:
    """The logarithm of the mean fortune. It falls as `claimed` rises."""
    fortunes = log_fortunes(bets, claimed)
    most = max(fortunes)
    if most == -math.inf:
        return most
    return most + math.log(math.fsum(math.exp(each - most) for each in fortunes) / len(fortunes))


def lower_limit(bets: Sequence[Bet], log_threshold: float) -> float:
    """The largest mean that a fortune above the threshold refutes, with all below it; 0 where there is none.

    It is above one half exactly where one half is refuted.
    """
    low, high = (0.5, 1.0) if log_fortune(bets, 0.5) >= log_threshold else (0.0, 0.5)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if log_fortune(bets, middle) >= log_threshold else (low, middle)
    return low


def mirror(bets: Sequence[Bet]) -> list[Bet]:
    """Bets on the opposite: one minus their lower limit is the upper limit."""
    return [bet._replace(outcome=1 - bet.outcome) for bet in bets]


def _shares(largest: float) -> list[float]:
    """Shares in even ratios, safe enough for the largest group."""
    smallest, count = _SMALLEST_SHARE / largest, _SHARES + round(math.log2(largest))
    return [smallest * (_LARGEST_SHARE / smallest) ** (place / (count - 1)) for place in range(count)]


def _log_factor(bet: float, odds: float) -> float:
    factor = 1 - bet + bet * odds if bet <= 1 else bet * odds * math.exp(1 - bet)
    return math.log(factor) if factor > 0 else -math.inf

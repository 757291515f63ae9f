"""What a test set could ever show: known before any answer, from its groups alone.

The best that can happen is that every group gains the same; whatever varies widens the interval.
"""

from collections.abc import Hashable, Sequence

from lambdas.domain.evaluation.significance import LARGEST, LEAST_FOR_BOOTSTRAP, compare

_HALVINGS = 10


def smallest_promotable_gain(groups: Sequence[Hashable], wanted: float) -> float | None:
    """The smallest gain, the same in every group, that a gate which asks for `wanted` points promotes.

    `groups` has each test record's. None where not even the largest gain would do.
    """
    if not promotes(groups, LARGEST, wanted):
        return None
    low, high = 0.0, LARGEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if promotes(groups, middle, wanted) else (middle, high)
    return high


def promotes(groups: Sequence[Hashable], gain: float, wanted: float) -> bool:
    """Whether the gate promotes where every group gains so much."""
    interval = compare([gain] * len(groups), [0.0] * len(groups), groups).interval
    return interval is not None and interval[0] > 0 and interval[0] >= wanted


def groups_for(gain: float, wanted: float, more_than: int) -> int:
    """How many groups of equal size promote such a gain; at most those from which on the bootstrap decides."""
    enough = (number for number in range(more_than + 1, LEAST_FOR_BOOTSTRAP) if promotes(range(number), gain, wanted))
    return next(enough, LEAST_FOR_BOOTSTRAP)

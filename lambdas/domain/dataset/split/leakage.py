"""What a plain random split would have leaked."""

from collections import Counter
from collections.abc import Sequence


def expected_leakage(groups: Sequence[int], test_records: int) -> float:
    """How many of `test_records` drawn at random would have a record of their group outside the test set, on average.

    Of a record of a group of g in N, drawn into a test set of n: all g - 1 others are drawn, too, with the probability
    C(N - g, n - g) / C(N - 1, n - 1) = (n - 1)…(n - g + 1) / ((N - 1)…(N - g + 1)).
    """
    total, leaked = len(groups), 0.0
    for size in Counter(groups).values():
        alone = 1.0
        for k in range(1, size):
            alone *= max(0, test_records - k) / (total - k)
        leaked += size / total * test_records * (1 - alone)
    return leaked

"""Which hashes several records have, counted in little memory: most hashes of most data sets are of one record."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise

_COUNTED_AT_A_TIME = 500_000
_SAMPLE = 64
_END = 1 << 32


def count_repeated(hashes: Sequence[Sequence[int]]) -> dict[int, int]:
    """The hashes that two records or more have, with how many; each record's are sorted and differ."""
    found: dict[int, int] = {}
    for low, high in pairwise(_bounds(hashes)):
        parts = (each[bisect_left(each, low) : bisect_left(each, high)] for each in hashes)
        found.update({value: n for value, n in Counter(chain.from_iterable(parts)).items() if n > 1})
    return found


def _bounds(hashes: Sequence[Sequence[int]]) -> list[int]:
    """Bounds of ranges of hashes, each with about as many as are counted at a time."""
    ranges = 1 + sum(map(len, hashes)) // _COUNTED_AT_A_TIME
    sample = sorted(chain.from_iterable(hashes[:: 1 + len(hashes) // _SAMPLE]))
    inner = {sample[place * len(sample) // ranges] for place in range(1, ranges)} - {0}
    return [0, *sorted(inner), _END]

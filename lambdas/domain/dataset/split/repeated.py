"""Which hashes several records have: most hashes of most data sets are of one record."""

from collections.abc import Mapping, Sequence

import numpy as np


class Repeated:
    """`counts` has the hashes that two records or more have, with how many; `of` has those of each record.

    The hashes are given as 4 bytes each, and those of a record all differ.
    """

    def __init__(self, hashes: Sequence[bytes]) -> None:
        every = np.frombuffer(b"".join(hashes), np.uint32)
        ordered = np.sort(every)
        found, times = np.unique(ordered[1:][ordered[1:] == ordered[:-1]], return_counts=True)
        self.counts: Mapping[int, int] = dict(zip(found.tolist(), (times + 1).tolist(), strict=True))
        # Most are sorted out by their first bits.
        may_be = np.zeros(1 << 16, np.bool_)
        may_be[found >> 16] = True
        places = np.flatnonzero(may_be[every >> 16])
        places = places[np.isin(every[places], found)]
        ends = np.searchsorted(places, np.cumsum([len(each) // every.itemsize for each in hashes]))
        self.of: Sequence[Sequence[int]] = [part.tolist() for part in np.split(every[places], ends[:-1])]

"""Parts of the training set, each in the next larger one, for a learning curve.

All parts are beginnings of one order of the groups, so that they are nested whatever sizes are asked for, and a part of
some size is the same whatever other sizes there are. Groups come in the order of their hashes, as for the split; where
the answers are labels, a group moves to where its labels are due: each beginning then has each label in its share.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import fsum
from operator import itemgetter
from typing import NamedTuple

from lambdas.domain.dataset.split.holdout import ordered

# More would look ahead further, and keep the shares hardly better.
_WINDOW = 8


class Parts(NamedTuple):
    """`sizes` are the parts' records, ascending, without the whole training set.

    `smallest` has a byte for each record of the training file: the place in `sizes` of the smallest part that has the
    record, and their number where no part has it. `found` says how many records there are for a number asked for.
    """

    sizes: tuple[int, ...]
    smallest: bytes
    found: dict[int, int]

    def having(self, index: int) -> range:
        """The places in `sizes` of the parts that have a record."""
        return range(self.smallest[index] if self.sizes else 0, len(self.sizes))


NO_PARTS = Parts((), b"", {})


def take_parts(
    keys: Sequence[bytes],
    trained: Sequence[int],
    asked: Iterable[int],
    *,
    seed: int,
    least: int,
    labels: Sequence[int] = (),
) -> Parts:
    """Parts of about as many records as `asked`, of at least `least` records, of whole groups.

    `keys` and `labels` are those of the training file's records, of which only those at the places `trained` train.
    A number below `least` or above the training set's has no part; a number may find the whole training set.
    """
    groups = _in_order([keys[index] for index in trained], seed, [labels[index] for index in trained] if labels else [])
    ends = [*accumulate(map(len, groups))]
    possible = [end for end in ends if end >= least]
    found = {number: _nearest(possible, number) for number in asked if least <= number <= len(trained)}
    sizes = tuple(sorted({size for size in found.values() if size < len(trained)}))
    smallest = bytearray([len(sizes)]) * len(keys)
    for members, end in zip(groups, ends, strict=True):
        place = bisect_left(sizes, end)
        for position in members:
            smallest[trained[position]] = place
    return Parts(sizes, bytes(smallest), found)


def _nearest(ends: Sequence[int], number: int) -> int:
    """Where groups end, as close to the number as can be; of two the smaller one."""
    return min(ends, key=lambda end: (abs(end - number), end))


def _in_order(keys: Sequence[bytes], seed: int, labels: Sequence[int]) -> list[list[int]]:
    """The records of each group, so that each beginning has each label in its share.

    First by when the group is due, which suffices where each group has one label. Then, since groups of several labels
    fit together or not, of the next few groups always the one whose labels are furthest behind.
    """
    groups = [*ordered(keys, seed).values()]
    if not labels:
        return groups
    totals = Counter(labels)
    waiting = deque(_by_due(groups, labels, totals))
    come, near, order = Counter[int](), list[_Labelled](), list[list[int]]()
    while waiting or near:
        while waiting and len(near) < _WINDOW:
            near.append(waiting.popleft())
        nearest = min(near, key=lambda group: _due(group.labels, come, totals))
        near.remove(nearest)
        order.append(nearest.members)
        come.update(nearest.labels)
    return order


class _Labelled(NamedTuple):
    """A group's records, and how many of them have each label."""

    members: list[int]
    labels: Counter[int]


def _by_due(groups: Iterable[list[int]], labels: Sequence[int], totals: Counter[int]) -> list[_Labelled]:
    """The groups by how much of their labels has come with them, counted in the order that they have."""
    come, due = Counter[int](), list[tuple[float, _Labelled]]()
    for members in groups:
        own = Counter(labels[position] for position in members)
        due.append((_due(own, come, totals), _Labelled(members, own)))
        come.update(own)
    return [group for _, group in sorted(due, key=itemgetter(0))]


def _due(own: Counter[int], come: Counter[int], totals: Counter[int]) -> float:
    """The mean over a group's records of the share of their label that has come by the middle of the group."""
    # The exact sum: it must not depend on the order of the records in the file.
    return fsum(n * (come[label] + n / 2) / totals[label] for label, n in own.items()) / own.total()

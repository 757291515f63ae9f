"""Which records train, validate and test: decided by a seed, and never the same group on two sides."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import Field

from lambdas.domain.core.counted import counted
from lambdas.domain.core.settings_model import SettingsModel
from lambdas.domain.dataset.set_limits import MIN_TEST_RECORDS
from lambdas.domain.models.catalogue import ModelLimits

# A part may exceed its share by this factor where the groups do not fit exactly.
_OVERSHOOT = 1.25
# A validation set takes records from training: it is worth it only where training keeps at least twice as many.
_TRAINING_PER_VALIDATION = 2


class Request(NamedTuple):
    """The shares to hold out; a share of 0 holds out nothing, such as where the user gave that set."""

    validation: float
    test: float
    seed: int


class Split(NamedTuple):
    """Indexes of the records in each part, ascending; `note` says why a wanted validation set is missing."""

    train: list[int]
    validation: list[int]
    test: list[int]
    note: str | None = None


class Shortage(NamedTuple):
    """Why the records cannot be split, with the numbers."""

    message: str


class _Groups:
    """The records of each group by its key, with the records' labels."""

    def __init__(self, members: Mapping[bytes, list[int]], labels: Sequence[int]) -> None:
        self.members, self._labels = members, labels
        self._totals = Counter(labels[index] for indexes in members.values() for index in indexes)

    def without(self, keys: Iterable[bytes]) -> "_Groups":
        """The groups beside some."""
        left_out = set(keys)
        return _Groups({key: each for key, each in self.members.items() if key not in left_out}, self._labels)

    def size(self) -> int:
        """How many records there are."""
        return self._totals.total()

    def indexes(self, keys: Iterable[bytes]) -> list[int]:
        """The records of some groups, ascending."""
        return sorted(index for key in keys for index in self.members[key])

    def take(self, target: int, least: int, most: int) -> list[bytes]:
        """Groups with together about `target`, at least `least` and at most `most` records; none where that fails.

        First so that each label has its share, then close to the target, then, for coarse groups, anything within the
        bounds, then the smallest groups first.
        """
        # Each label's share is rounded, which may fall short of the least number: further tries ask for more.
        labels = len(self._totals)
        for aim in (target, target + labels / 2, target * _OVERSHOOT) if labels > 1 else ():
            chosen = self._stratified(aim)
            if least <= sum(len(self.members[key]) for key in chosen) <= most:
                return chosen
        by_size = dict(sorted(self.members.items(), key=lambda group: len(group[1])))
        close = min(most, round(target * _OVERSHOOT))
        for order, bound in ((self.members, close), (self.members, most), (by_size, most)):
            chosen, size = _fill(order, target, bound)
            if size >= least:
                return chosen
        return []

    def _stratified(self, target: float) -> list[bytes]:
        """Groups taken where they bring each label closer to its share of the target, from the largest group down.

        The distance is the sum of squares over the labels (as in scikit-learn's StratifiedGroupKFold, which is greedy,
        too, but takes the standard deviation over all folds).
        """
        share = target / self.size()
        missing = {label: share * count for label, count in self._totals.items()}
        chosen = []
        for key, members in sorted(self.members.items(), key=lambda group: -len(group[1])):
            labels = Counter(self._labels[index] for index in members)
            if sum(n * (2 * missing[label] - n) for label, n in labels.items()) > 0:
                chosen.append(key)
                for label, n in labels.items():
                    missing[label] -= n
        return chosen


def split(
    keys: Sequence[bytes],
    request: Request,
    limits: ModelLimits,
    labels: Sequence[int] = (),
    to_train: Collection[bytes] = (),
) -> Split | Shortage:
    """Splits records by the keys of their groups, and so that each part has each label in its share, if there are any.

    Groups with a key in `to_train` are not held out, such as those of a validation set that the user gave.
    Each part takes groups until it has its share. Shares are raised to the least that makes sense: 10 test records, the
    model's least number of validation records. Returns Shortage where training would fall below its minimum, and a
    split without a validation set where only that does not fit.
    """
    total, least = len(keys), limits.train.min_records
    test_target = max(MIN_TEST_RECORDS, round(total * request.test)) if request.test else 0
    if total < least + (MIN_TEST_RECORDS if test_target else 0):
        there = f"There {'is' if total == 1 else 'are'} {counted(total, 'record')}"
        if not test_target:
            return Shortage(f"{there}; at least {least} are needed to train on.")
        needed = f"{least + MIN_TEST_RECORDS} are needed, {least} to train on and {MIN_TEST_RECORDS} to test on"
        return Shortage(f"{there}; at least {needed}.")
    groups = _Groups(ordered(keys, request.seed), labels or [0] * total)
    test: list[bytes] = []
    if test_target:
        test = groups.without(to_train).take(test_target, MIN_TEST_RECORDS, total - least)
        if not test:
            return _too_coarse(groups.members, total, least)
    rest = groups.without(test)
    validation, note = _validation(rest, to_train, total, request, limits)
    train = rest.without(validation).members
    return Split(groups.indexes(train), groups.indexes(validation), groups.indexes(test), note)


def ordered(keys: Sequence[bytes], seed: int) -> dict[bytes, list[int]]:
    """The records of each group, by a hash of seed and key: the order of the records in the file does not matter."""
    members: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        members[key].append(index)
    salt = f"{seed}:".encode()
    return {key: members[key] for key in sorted(members, key=lambda key: hashlib.sha256(salt + key).digest())}


def _validation(
    rest: _Groups, to_train: Collection[bytes], total: int, request: Request, limits: ModelLimits
) -> tuple[list[bytes], str | None]:
    taken = limits.validation
    if not request.validation or taken is None:
        return [], None
    remaining, least = rest.size(), taken.min_records
    target = min(max(least, round(total * request.validation)), taken.max_records)
    # as a part of what remains beside the test set: twice as many train as validate
    most = min(
        taken.max_records,
        remaining // (_TRAINING_PER_VALIDATION + 1),
        remaining - limits.train.min_records,
    )
    chosen = rest.without(to_train).take(target, least, most) if most >= least else []
    if chosen:
        return chosen, None
    return [], (
        f"No validation set: of {counted(remaining, 'record')} beside the test set, {least} would have to be held "
        "out by whole "
        f"contexts while at least {_TRAINING_PER_VALIDATION} times as many train. Early stopping is off."
    )


def _fill(groups: Mapping[bytes, list[int]], target: int, bound: int) -> tuple[list[bytes], int]:
    chosen, size = [], 0
    for key, members in groups.items():
        if size < target and size + len(members) <= bound:
            chosen.append(key)
            size += len(members)
    return chosen, size


def _too_coarse(groups: Mapping[bytes, list[int]], total: int, least: int) -> Shortage:
    largest = max(map(len, groups.values()))
    return Shortage(
        f"The data set has {counted(total, 'record')} of {counted(len(groups), 'context')}, the most frequent with "
        f"{largest}. "
        f"Records with the same context stay on one side, so {MIN_TEST_RECORDS} to test on and {least} to train on "
        "cannot be separated: add records with other contexts, or bring a test.jsonl."
    )


class SplitSettings(SettingsModel):
    """Shares of the records that are held out where the data set brings no file of its own, and the shuffle's seed."""

    validation: float = Field(default=0.15, ge=0, lt=1)
    test: float = Field(default=0.15, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)

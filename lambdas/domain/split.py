"""Which records train, validate and test: decided by a seed, and never the same context on two sides."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.dataset import MIN_TEST_RECORDS
from lambdas.domain.models import Limits

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


def split(keys: Sequence[bytes], request: Request, limits: Limits) -> Split | Shortage:
    """Splits records by their group keys (`context.group_keys`).

    Groups are ordered by a hash of seed and key, so the order of the records in the file does not matter; each part
    takes groups in that order until it has its share. Shares are raised to the least that makes sense: 10 test
    records, the model's least number of validation records. Returns Shortage where training would fall below its
    minimum, and a split without a validation set where only that does not fit.
    """
    total, least = len(keys), limits.train.min_records
    test_target = max(MIN_TEST_RECORDS, round(total * request.test)) if request.test else 0
    if total < least + (MIN_TEST_RECORDS if test_target else 0):
        if not test_target:
            return Shortage(f"There are {total} records; at least {least} are needed to train on.")
        needed = f"{least + MIN_TEST_RECORDS} are needed, {least} to train on and {MIN_TEST_RECORDS} to test on"
        return Shortage(f"There are {total} records; at least {needed}.")
    groups = _ordered_groups(keys, request.seed)
    test: list[bytes] = []
    if test_target:
        test = _take(groups, test_target, MIN_TEST_RECORDS, total - least)
        if not test:
            return _too_coarse(groups, total, least)
    held_out = set(test)
    rest = {key: members for key, members in groups.items() if key not in held_out}
    remaining = sum(map(len, rest.values()))
    validation, note = _validation(rest, remaining, total, request, limits)
    train = rest.keys() - set(validation)
    return Split(_members(groups, train), _members(groups, validation), _members(groups, test), note)


def _validation(
    rest: dict[bytes, list[int]], remaining: int, total: int, request: Request, limits: Limits
) -> tuple[list[bytes], str | None]:
    if not request.validation:
        return [], None
    least = limits.validation.min_records
    target = min(max(least, round(total * request.validation)), limits.validation.max_records)
    # as a part of what remains beside the test set: twice as many train as validate
    most = min(
        limits.validation.max_records,
        remaining // (_TRAINING_PER_VALIDATION + 1),
        remaining - limits.train.min_records,
    )
    chosen = _take(rest, target, least, most) if most >= least else []
    if chosen:
        return chosen, None
    return [], (
        f"No validation set: of {remaining} records beside the test set, {least} would have to be held out by whole "
        f"contexts while at least {_TRAINING_PER_VALIDATION} times as many train. Early stopping is off."
    )


def _ordered_groups(keys: Sequence[bytes], seed: int) -> dict[bytes, list[int]]:
    groups: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    salt = f"{seed}:".encode()
    return {key: groups[key] for key in sorted(groups, key=lambda key: hashlib.sha256(salt + key).digest())}


def _take(groups: dict[bytes, list[int]], target: int, least: int, most: int) -> list[bytes]:
    """Keys of groups with together about `target`, at least `least` and at most `most` records; none where that fails.

    First close to the target, then, for coarse groups, anything within the bounds, then the smallest groups first.
    """
    by_size = dict(sorted(groups.items(), key=lambda group: len(group[1])))
    close = min(most, round(target * _OVERSHOOT))
    for order, bound in ((groups, close), (groups, most), (by_size, most)):
        chosen, size = [], 0
        for key, members in order.items():
            if size < target and size + len(members) <= bound:
                chosen.append(key)
                size += len(members)
        if size >= least:
            return chosen
    return []


def _members(groups: dict[bytes, list[int]], chosen: Iterable[bytes]) -> list[int]:
    return sorted(index for key in chosen for index in groups[key])


def _too_coarse(groups: dict[bytes, list[int]], total: int, least: int) -> Shortage:
    largest = max(map(len, groups.values()))
    return Shortage(
        f"The {total} records have {len(groups)} different contexts, and the most frequent one has {largest} records. "
        f"Records with the same context stay on one side, so {MIN_TEST_RECORDS} to test on and {least} to train on "
        "cannot be separated: add records with other contexts, or bring a test.jsonl."
    )

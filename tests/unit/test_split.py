"""The split: deterministic, nothing lost, no context on two sides, sizes within the model's limits."""

import random
from collections import Counter
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.split.holdout import Request, Shortage, Split, split
from lambdas.domain.models.catalogue import ModelLimits, SetLimits, base_model

LIMITS = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k").limits
DEFAULT = Request(validation=0.15, test=0.15, seed=0)
# Sizes of groups: from one record each to a few large ones.
SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=80)
REQUESTS = st.builds(
    Request, st.sampled_from([0, 0.1, 0.15, 0.4]), st.sampled_from([0, 0.05, 0.15, 0.5]), st.integers(0, 9)
)


def keys_of(sizes: list[int]) -> list[bytes]:
    return list(chain.from_iterable([str(number).encode()] * size for number, size in enumerate(sizes)))


@given(SIZES, REQUESTS)
def test_split_keeps_its_promises(sizes: list[int], request: Request) -> None:
    """Promises that the verdict rests on: all records once, contexts on one side, sizes within the limits."""
    keys = keys_of(sizes)
    parts = split(keys, request, LIMITS)
    if isinstance(parts, Shortage):
        assert str(len(keys)) in parts.message
        return
    assert sorted([*parts.train, *parts.validation, *parts.test]) == list(range(len(keys)))
    sides = [{keys[index] for index in part} for part in parts[:3]]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert len(parts.train) >= 32
    assert not parts.validation or 32 <= len(parts.validation) <= 1000
    assert bool(request.test) == bool(parts.test)
    assert not request.test or len(parts.test) >= 10
    assert request.validation or not parts.validation
    assert (parts.note is None) == (bool(parts.validation) or not request.validation)


@given(SIZES, st.randoms(use_true_random=False))
def test_order_of_the_records_does_not_matter(sizes: list[int], shuffle: random.Random) -> None:
    """The same data exported twice in another order gives the same test set."""
    keys = keys_of(sizes)
    shuffled = keys[:]
    shuffle.shuffle(shuffled)
    first, second = split(keys, DEFAULT, LIMITS), split(shuffled, DEFAULT, LIMITS)
    if isinstance(first, Shortage) or isinstance(second, Shortage):
        assert first == second
        return
    for mine, theirs in zip(first[:3], second[:3], strict=True):
        assert Counter(keys[index] for index in mine) == Counter(shuffled[index] for index in theirs)


def test_same_seed_same_split_and_another_seed_another() -> None:
    """A run can be repeated, and its dependence on the split can be seen."""
    keys = keys_of([4] * 65)
    assert split(keys, DEFAULT, LIMITS) == split(keys, DEFAULT, LIMITS)
    assert split(keys, DEFAULT, LIMITS) != split(keys, DEFAULT._replace(seed=1), LIMITS)


@pytest.mark.parametrize(
    ("records", "sizes"),
    [
        (42, (32, 0, 10)),
        (100, (85, 0, 15)),
        (120, (70, 32, 18)),
        (200, (138, 32, 30)),
        (1000, (700, 150, 150)),
        (10_000, (7500, 1000, 1500)),
    ],
)
def test_shares_without_contexts_are_met_exactly(records: int, sizes: tuple[int, int, int]) -> None:
    """Without shared contexts the numbers are what run.json says, raised to what makes sense, within the limits."""
    parts = split(keys_of([1] * records), DEFAULT, LIMITS)
    assert isinstance(parts, Split)
    assert tuple(map(len, parts[:3])) == sizes


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([1] * 41, "There are 41 records; at least 42 are needed, 32 to train on and 10 to test on"),
        ([100], "The data set has 100 records of 1 context, the most frequent with 100"),
        ([9, 40], "The data set has 49 records of 2 contexts, the most frequent with 40"),
    ],
)
def test_shortage_says_what_is_missing_by_numbers(sizes: list[int], words: str) -> None:
    """A user reads how much data to add, and of which kind."""
    parts = split(keys_of(sizes), DEFAULT, LIMITS)
    assert isinstance(parts, Shortage)
    assert words in parts.message


def test_large_context_goes_where_it_fits() -> None:
    """One frequent context must not make a split impossible."""
    parts = split(keys_of([300, *[5] * 20]), DEFAULT, LIMITS)
    assert isinstance(parts, Split)
    assert Counter(len(part) for part in parts[:3]) == Counter([300, 40, 60])


def test_limits_are_the_models_own() -> None:
    """Other models have other least numbers."""
    limits = ModelLimits(
        train=SetLimits(min_records=100, max_records=200, max_bytes=1),
        validation=SetLimits(min_records=5, max_records=6, max_bytes=1),
        max_training_and_validation_records=200,
        max_record_tokens=1,
    )
    assert isinstance(split(keys_of([1] * 109), DEFAULT, limits), Shortage)
    parts = split(keys_of([1] * 130), DEFAULT, limits)
    assert isinstance(parts, Split)
    assert tuple(map(len, parts[:3])) == (104, 6, 20)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=200, max_size=400), st.integers(0, 5))
def test_labels_have_their_share_in_each_part(groups: list[tuple[int, int]], seed: int) -> None:
    """A rare label that is missing from the test set would go unmeasured."""
    keys = keys_of([size for size, _ in groups])
    labels = [label for size, label in groups for _ in range(size)]
    parts = split(keys, DEFAULT._replace(seed=seed), LIMITS, labels)
    assert isinstance(parts, Split)
    totals = Counter(labels)
    for part in (parts.validation, parts.test):
        found = Counter(labels[index] for index in part)
        for label, total in totals.items():
            assert abs(found[label] - len(part) / len(keys) * total) <= 3


@given(st.lists(st.integers(0, 2), min_size=60, max_size=150), st.randoms(use_true_random=False))
def test_order_does_not_matter_to_labels_either(labels: list[int], shuffle: random.Random) -> None:
    """The same data in another order, with labels, gives the same test set."""
    keys = keys_of([1] * len(labels))
    order = list(range(len(labels)))
    shuffle.shuffle(order)
    first = split(keys, DEFAULT, LIMITS, labels)
    second = split([keys[index] for index in order], DEFAULT, LIMITS, [labels[index] for index in order])
    assert isinstance(first, Split)
    assert isinstance(second, Split)
    assert set(first.test) == {order[index] for index in second.test}

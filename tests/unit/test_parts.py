"""Parts of the training set: nested, of whole groups, with the labels' shares, and the same ones each time."""

import random
from collections import Counter
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.split.parts import Parts, take_parts

LEAST = 8
# Sizes of groups: from one record each to a few large ones.
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=120).filter(lambda sizes: sum(sizes) >= LEAST)
ASKED = st.lists(st.integers(1, 2_000), min_size=1, max_size=12)


def keys_of(sizes: list[int]) -> list[bytes]:
    return list(chain.from_iterable([str(number).encode()] * size for number, size in enumerate(sizes)))


def take(keys: list[bytes], asked: list[int], seed: int = 0, labels: list[int] | None = None) -> Parts:
    return take_parts(keys, range(len(keys)), asked, seed=seed, least=LEAST, labels=labels or [])


def records(parts: Parts, place: int) -> list[int]:
    """The places of a part's records in the training file."""
    return [index for index in range(len(parts.smallest)) if place in parts.having(index)]


@given(SIZES, ASKED, st.integers(0, 9))
def test_parts_are_nested_have_whole_groups_and_as_many_records_as_they_say(
    sizes: list[int], asked: list[int], seed: int
) -> None:
    """A point of the curve differs from the next one by what was added, and by nothing else."""
    keys = keys_of(sizes)
    parts = take(keys, asked, seed)
    assert list(parts.sizes) == sorted(set(parts.sizes))
    assert all(LEAST <= size < len(keys) for size in parts.sizes)
    within: set[int] = set()
    for place, size in enumerate(parts.sizes):
        part = set(records(parts, place))
        assert within < part
        assert len(part) == size
        assert not {keys[index] for index in part} & {keys[index] for index in range(len(keys)) if index not in part}
        within = part


@given(SIZES, ASKED)
def test_each_number_that_there_can_be_is_found_as_close_as_whole_groups_allow(
    sizes: list[int], asked: list[int]
) -> None:
    """What is too small or too large has no part, and is told by whoever asked."""
    keys = keys_of(sizes)
    parts = take(keys, asked)
    assert set(parts.found) == {number for number in asked if LEAST <= number <= len(keys)}
    for number, size in parts.found.items():
        assert size == len(keys) or size in parts.sizes
        # The number lies within the next group, or in the first groups that are enough together.
        assert abs(size - number) <= max(sizes)


@given(SIZES, ASKED, st.integers(LEAST, 2_000))
def test_a_part_is_the_same_whatever_other_sizes_there_are(sizes: list[int], asked: list[int], number: int) -> None:
    """Curves of two runs on the same data can be laid over each other."""
    keys = keys_of(sizes)
    one, among = take(keys, [number]), take(keys, [*asked, number])
    if not one.sizes:
        return
    assert records(one, 0) == records(among, among.sizes.index(one.sizes[0]))


@given(SIZES, ASKED, st.integers(1, 5), st.randoms(use_true_random=False))
def test_order_of_the_records_does_not_matter(
    sizes: list[int], asked: list[int], labels: int, shuffle: random.Random
) -> None:
    """The same data exported twice in another order gives the same parts."""
    keys = keys_of(sizes)
    answers = [shuffle.randrange(labels) for _ in keys]
    order = list(range(len(keys)))
    shuffle.shuffle(order)
    first = take(keys, asked, labels=answers)
    second = take([keys[index] for index in order], asked, labels=[answers[index] for index in order])
    assert first.sizes == second.sizes
    assert [first.smallest[index] for index in order] == list(second.smallest)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 6)), min_size=20, max_size=200), ASKED)
def test_each_part_has_each_label_in_its_share(groups: list[tuple[int, int]], asked: list[int]) -> None:
    """Else a small part could lack a label, and the curve would show that instead of its size."""
    keys = keys_of([size for size, _ in groups])
    labels = list(chain.from_iterable([label] * size for size, label in groups))
    parts, totals = take(keys, asked, labels=labels), Counter(labels)
    largest = max(size for size, _ in groups)
    for place, size in enumerate(parts.sizes):
        own = Counter(labels[index] for index in records(parts, place))
        for label, total in totals.items():
            assert abs(own[label] - size * total / len(keys)) <= largest + 1


def test_groups_of_several_labels_keep_their_shares_nearly() -> None:
    """A table with two questions has two labels. Drawn at random, 60 records miss a share by up to 0.12."""
    draw = random.Random(3)  # noqa: S311 - no secret
    keys = keys_of([2] * 500)
    labels = [draw.choices(range(4), (8, 4, 2, 1))[0] for _ in keys]
    parts, totals = take(keys, [60, 125, 250, 500], labels=labels), Counter(labels)
    for place, size in enumerate(parts.sizes):
        own = Counter(labels[index] for index in records(parts, place))
        assert all(abs(own[label] / size - total / len(keys)) < 0.03 for label, total in totals.items())


def test_another_seed_gives_other_parts() -> None:
    """Who wants to know what the choice of the records does gives another seed."""
    keys = keys_of([1] * 100)
    assert take(keys, [50]) == take(keys, [50])
    assert take(keys, [50]).smallest != take(keys, [50], seed=1).smallest


def test_only_records_that_train_are_in_a_part() -> None:
    """Those held out of the same file would leak."""
    keys = keys_of([1] * 40)
    parts = take_parts(keys, range(0, 40, 2), [10], seed=0, least=LEAST)
    assert len(records(parts, 0)) == 10
    assert all(index % 2 == 0 for index in records(parts, 0))

"""How often the interval of a difference in macro-F1 holds the true one: simulated test sets of two classifiers.

Both have the same macro-F1 in the population, and make other errors: tuning folds rare labels into frequent ones. Test
sets that tell no interval are drawn anew, as a run without one promotes nothing.
"""

import random
from collections.abc import Sequence
from itertools import accumulate
from statistics import fmean
from typing import NamedTuple

from lambdas.domain.evaluation.macro_f1 import LabelAnswer, compare_macro_f1

LABEL_GROUPS = (60, 100, 200)
# Fewer than of means, for time.
LABEL_EXPERIMENTS, LABEL_RESAMPLES = 500, 199
_MOST_DRAWS = 20
_HALVINGS = 50

# By reference, the chance of each answer; the last is that of none of the labels.
Errors = list[list[float]]


class LabelPopulation(NamedTuple):
    """How frequent labels are, how each arm answers, how many records a group has, and whether these are alike."""

    name: str
    shares: Sequence[float]
    ours: Errors
    theirs: Errors
    most_records: int = 1
    alike: bool = False


def expected_macro_f1(shares: Sequence[float], errors: Errors) -> float:
    """The macro-F1 of a classifier over the whole population."""
    answered = [
        sum(share * row[place] for share, row in zip(shares, errors, strict=True)) for place in range(len(shares))
    ]
    return 100 * fmean(
        2 * share * errors[place][place] / (share + answered[place]) for place, share in enumerate(shares)
    )


def even_errors(labels: int, right: float) -> Errors:
    """The same share of each label right, and the rest spread over the other labels."""
    rest = (1 - right) / (labels - 1)
    return [[right if one == other else rest for other in range(labels)] + [0.0] for one in range(labels)]


def folded(labels: int, right: float) -> Errors:
    """The last label is always answered with the first."""
    return [*even_errors(labels, right)[:-1], [1.0] + [0.0] * labels]


def as_good_as(shares: Sequence[float], other: Errors) -> Errors:
    """Even errors with the same macro-F1."""
    low, high, wanted = 1 / len(shares), 1.0, expected_macro_f1(shares, other)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if expected_macro_f1(shares, even_errors(len(shares), middle)) < wanted else (low, middle)
        )
    return even_errors(len(shares), low)


def _populations() -> list[LabelPopulation]:
    found = []
    falling = [1 / (place + 1) for place in range(8)]
    for name, shares in (
        ("4 labels", [0.25] * 4),
        ("12 labels", [1 / 12] * 12),
        ("8 labels, the rarest 5 %", [share / sum(falling) for share in falling]),
    ):
        labels = len(shares)
        fold = folded(labels, 0.97)
        same = as_good_as(shares, fold)
        found += [
            LabelPopulation(f"{name}, tuning folds the rarest", shares, fold, same),
            LabelPopulation(f"{name}, so, 1 to 3 like records a group", shares, fold, same, 3, alike=True),
        ]
    found.append(LabelPopulation("4 labels, the base folds the rarest", [0.25] * 4, found[0].theirs, found[0].ours))
    return [*found, LabelPopulation("4 labels, both 80 % right", [0.25] * 4, even_errors(4, 0.8), even_errors(4, 0.8))]


LABEL_POPULATIONS = _populations()


def label_interval(
    population: LabelPopulation, groups: int, generator: random.Random, seed: int
) -> tuple[float, float] | None:
    """The interval of a test set that tells one; None where 20 test sets told none."""
    for _ in range(_MOST_DRAWS):
        ours, theirs, numbers = _draw(population, groups, generator)
        found = compare_macro_f1(ours, theirs, numbers, seed=seed, resamples=LABEL_RESAMPLES)
        if found is not None and found.interval is not None:
            return found.interval
    return None


def _draw(
    population: LabelPopulation, groups: int, generator: random.Random
) -> tuple[list[LabelAnswer], list[LabelAnswer], list[int]]:
    places = range(len(population.shares))
    cumulated = list(accumulate(population.shares))
    steps = [[list(accumulate(row)) for row in errors] for errors in (population.ours, population.theirs)]
    ours, theirs, numbers = list[LabelAnswer](), list[LabelAnswer](), list[int]()
    for group in range(groups):
        records = generator.randint(1, population.most_records)
        drawn: list[tuple[int, int, int]] = []
        for _ in range(records):
            if not drawn or not population.alike:
                [wanted] = generator.choices(places, cum_weights=cumulated)
                answers = [generator.choices(range(len(each[wanted])), cum_weights=each[wanted])[0] for each in steps]
                drawn.append((wanted, answers[0], answers[1]))
            else:
                drawn.append(drawn[0])
        for wanted, one, other in drawn:
            ours.append(LabelAnswer(str(wanted), str(one) if one in places else None))
            theirs.append(LabelAnswer(str(wanted), str(other) if other in places else None))
            numbers.append(group)
    return ours, theirs, numbers

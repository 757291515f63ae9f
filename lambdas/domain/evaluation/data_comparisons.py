"""The data sets that candidates trained on against each other, by their answers to the same test records."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations

from lambdas.domain.dataset.planned_set import TrainingData
from lambdas.domain.evaluation.comparisons import Comparison, ScoredArm, find_difference, state_comparison


def compare_data(scored: Mapping[TrainingData, ScoredArm], metric: str, groups: Sequence[Hashable]) -> list[Comparison]:
    """Each data set against each one before it, as far as both have answers; `arm` and `against` are data sets.

    The intervals hold together: in 95 % of cases all of them hold the true difference.
    """
    pairs = list(combinations(scored, 2))
    found = [
        (one, other, find_difference(scored[one], scored[other], metric, groups, len(pairs))) for other, one in pairs
    ]
    return [state_comparison(one, other, metric, each) for one, other, each in found if each is not None]

"""What the answers of several served candidates say beside their differences: intervals, the curve, the best of them.

The choice among candidates rests on validation losses. Whoever takes the best on the test set instead takes one that
was lucky there. By how much is estimated as Efron's bootstrap estimates optimism: groups are drawn anew, the best in
the draw is looked up, and its score there is compared with its score on the whole test set.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from lambdas.domain.evaluation.comparisons import ScoredArm, difference
from lambdas.domain.evaluation.curve_needs import LEAST_SIZES
from lambdas.domain.evaluation.curve_shapes import Array
from lambdas.domain.evaluation.doubling import Doubling, Withheld
from lambdas.domain.evaluation.learning_curve import Curve, find_doubling
from lambdas.domain.evaluation.macro_f1 import (
    LabelAnswer,
    answer_nothing,
    compare_macro_f1,
    macro_f1,
    macro_f1_pseudo_values,
)
from lambdas.domain.evaluation.significance import LARGEST

DRAWS = 2_000
# Sums of groups are drawn where there are more groups, as in `bootstrap_t`.
_MOST_DRAWN = 2_000

Interval = tuple[float, float]


class BestServed(NamedTuple):
    """The arm with the highest score of several, and by how many points the choice of the highest flatters it."""

    arm: str
    value: float
    flattered: float


class GroupScores(NamedTuple):
    """The scores of several arms on the records that all of them answered.

    `pseudo_values` has a row for each group and a column for each arm.
    """

    values: Array
    pseudo_values: Array

    @property
    def covariance(self) -> Array:
        """Of the values, over groups."""
        found: Array = np.atleast_2d(np.cov(self.pseudo_values.T)) / len(self.pseudo_values)
        return found


def find_interval(arm: ScoredArm, metric: str, groups: Sequence[Hashable]) -> Interval | None:
    """The 95 % interval of one arm's own score; None where there is none."""
    labels = arm.labels_of(metric)
    if labels is not None:
        nothing = [None if one is None else answer_nothing(one) for one in labels]
        found = compare_macro_f1(labels, nothing, groups)
        interval = found.interval if found else None
        return None if interval is None else (max(0.0, interval[0]), min(LARGEST, interval[1]))
    scores = arm.scores.get(metric, [])
    # A score less its distance to 100 has the range of differences.
    found = difference(scores, [None if score is None else LARGEST - score for score in scores], groups)
    if found is None or found.interval is None:
        return None
    low, high = ((end + LARGEST) / 2 for end in found.interval)
    return low, high


def score_groups(arms: Sequence[ScoredArm], metric: str, groups: Sequence[Hashable]) -> GroupScores | None:
    """None where the arms have fewer than two groups in common."""
    columns = [arm.labels_of(metric) or arm.scores.get(metric, []) for arm in arms]
    rows = [index for index, row in enumerate(zip(*columns, strict=True)) if None not in row]
    own_groups = [groups[index] for index in rows]
    if len(set(own_groups)) < 2:
        return None
    found = [_score_arm([column[index] for index in rows], own_groups) for column in columns]
    return GroupScores(np.array([value for value, _ in found], float), np.array([values for _, values in found]).T)


def _score_arm(column: Sequence[LabelAnswer | float | None], groups: Sequence[Hashable]) -> tuple[float | None, Array]:
    """An arm's score, and the groups' pseudo-values of it, in the order of their first records."""
    labels = [one for one in column if isinstance(one, LabelAnswer)]
    if labels:
        return macro_f1(labels), np.array(macro_f1_pseudo_values(labels, groups))
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    own = np.array([places[group] for group in groups])
    totals, sizes = np.bincount(own, np.array(column, float)), np.bincount(own).astype(float)
    mean = float(totals.sum() / sizes.sum())
    return mean, mean + (len(sizes) - 1) * (totals - mean * sizes) / (sizes.sum() - sizes)


def find_gain_of_data(
    scored: Mapping[str, ScoredArm], metric: str, groups: Sequence[Hashable], records: Mapping[str, int]
) -> Doubling:
    """What doubling the largest size would add; `records` has the size of each arm that the curve goes through."""
    arms = sorted((arm for arm in records if arm in scored), key=lambda arm: records[arm])
    if len(arms) < LEAST_SIZES:
        return Withheld(
            withheld=f"sizes tested: {len(arms)}, and a curve needs at least {LEAST_SIZES}; "
            'serve more of the candidates ("serve": "all" in run.json)'
        )
    found = score_groups([scored[arm] for arm in arms], metric, groups)
    if found is None:
        return Withheld(withheld=f"{metric} has no meaning for two groups of records that all candidates answered")
    sizes = [records[arm] for arm in arms]
    return find_doubling(Curve(sizes, found.values, found.covariance, len(found.pseudo_values)))


def find_best(
    scored: Mapping[str, ScoredArm], metric: str, groups: Sequence[Hashable], draws: int = DRAWS
) -> BestServed | None:
    """The best of several arms; None where there are no two, or where they have too few groups in common."""
    found = score_groups([*scored.values()], metric, groups) if len(scored) > 1 else None
    if found is None:
        return None
    # The mean of pseudo-values is the score: draws of them are draws of groups.
    merged = [found.pseudo_values[start::_MOST_DRAWN].mean(0) for start in range(min(_MOST_DRAWN, len(found[1])))]
    groups_drawn = np.random.default_rng(0).multinomial(len(merged), [1 / len(merged)] * len(merged), draws)
    drawn = groups_drawn @ np.array(merged) / len(merged)
    chosen = drawn.argmax(1)
    luck = drawn[np.arange(draws), chosen] - np.mean(merged, axis=0)[chosen]
    best = int(found.values.argmax())
    return BestServed([*scored][best], float(found.values[best]), float(luck.mean()))

"""The win rate as evidence for the gate: what the judges prefer, as the difference of two scores.

Of each pair the tuned model has 100 where the judges prefer its answer, 0 where they prefer its base's, and 50 where it
is a tie or depends on the order; its base has the rest. So the win rate of each is a mean of scores from 0 to 100, as
every other metric is, and its interval is the same kind. Pairs are of different groups.
"""

from collections.abc import Hashable, Iterator, Sequence
from statistics import fmean

from lambdas.domain.core.counted import counted
from lambdas.domain.evaluation.judging.pairwise import Preference
from lambdas.domain.evaluation.judging.summary import JudgedPair, Judging
from lambdas.domain.evaluation.lost_answers import Reservation
from lambdas.domain.evaluation.significance import Difference, compare

_SCORES: dict[Preference, float] = {"win": 100.0, "neither": 50.0, "loss": 0.0}
# Of the pairs without a verdict: more are told, and more leave the verdict open.
_TOLD, _TOO_MANY = 0.01, 0.05


def compare_win_rates(judging: Judging | None, groups: Sequence[Hashable]) -> Difference | None:
    """The tuned model's win rate less its base's; None where no judge has given a verdict.

    `groups` has each test record's. The judges' scores of a pair are averaged.
    """
    if judging is None or not any(pair.preferences for pair in judging.pairs):
        return None
    scores = {pair.index: score for pair in judging.pairs if (score := _score(pair)) is not None}
    return compare(
        list(scores.values()), [100.0 - score for score in scores.values()], [groups[index] for index in scores]
    )


def tell_unjudged(judging: Judging | None) -> Iterator[Reservation]:
    """Pairs without a verdict: they may be the long ones, or those of one kind."""
    pairs = judging.pairs if judging else []
    lost = sum(_score(pair) is None for pair in pairs)
    if lost > _TOLD * len(pairs):
        yield Reservation(
            f"{lost} of the {counted(len(pairs), 'pair')} {'has' if lost == 1 else 'have'} no verdict of any judge "
            "that could be read.",
            promotable=lost <= _TOO_MANY * len(pairs),
            meaning="They may be the long ones, or those of one kind.",
        )


def _score(pair: JudgedPair) -> float | None:
    if pair.identical:
        return _SCORES["neither"]
    return fmean(_SCORES[one] for one in pair.preferences.values()) if pair.preferences else None

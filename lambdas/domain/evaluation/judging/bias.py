"""What could make a judge's verdicts doubtful: an answer's place, its length, and a model of the judge's own family."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import StatisticsError, correlation

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.judging.agreement import Interval, wilson_interval
from lambdas.domain.evaluation.judging.pairwise import Judgements, Pair, Preference
from lambdas.domain.models.families import family

SIGNIFICANT = 0.05
_LEANS = {"first": 1, "second": -1, "tie": 0, "unparseable": 0}


class Position(Fact):
    """How often each place was preferred, over all single judgements.

    Each answer stands in each place once: without a bias the two are even. `pairs_to_first` and `pairs_to_second` are
    the pairs whose two judgements together lean to a place, `p_value` the exact sign test on them (Dixon and Mood, "The
    Statistical Sign Test", 1946; where both judgements are for a place it is McNemar's exact test). Single judgements
    are not tested: the two of a pair are not independent.
    """

    first: int
    second: int
    pairs_to_first: int = 0
    pairs_to_second: int = 0
    p_value: float | None = None

    @property
    def is_biased(self) -> bool:
        """Whether the judge surely prefers a place."""
        return self.p_value is not None and self.p_value <= SIGNIFICANT


class LengthRow(Fact):
    """The pairs in which the tuned model's answer is longer than its base's, shorter, or as long."""

    pairs: int
    wins: int
    losses: int
    ties: int
    win_rate: float | None


class LengthFigures(Fact):
    """How a judge's verdicts go with the answers' lengths in characters.

    `longer_won` of the `decided` pairs of different lengths went to the longer answer, `longer_win_rate` in per cent,
    with its 95 % Wilson interval. `correlation` is Spearman's, of the difference in length and the outcome (loss, tie,
    win).
    """

    longer: LengthRow
    shorter: LengthRow
    same: LengthRow
    longer_won: int
    decided: int
    longer_win_rate: float | None
    interval: Interval | None
    correlation: float | None

    @property
    def prefers(self) -> str | None:
        """The length that surely wins more often, "longer" or "shorter"; None where neither does."""
        if self.interval is None or self.interval[0] <= 50 <= self.interval[1]:
            return None
        return "longer" if self.interval[0] > 50 else "shorter"


def find_position(judgements: Iterable[Judgements]) -> Position:
    """The places that a judge prefers."""
    places, leans = Counter[str](), Counter[int]()
    for both in judgements:
        places.update(both)
        if "unparseable" not in both:
            lean = sum(_LEANS[judgement] for judgement in both)
            leans[(lean > 0) - (lean < 0)] += 1
    return Position(
        first=places["first"],
        second=places["second"],
        pairs_to_first=leans[1],
        pairs_to_second=leans[-1],
        p_value=sign_test(leans[1], leans[-1]),
    )


def sign_test(ups: int, downs: int) -> float | None:
    """The exact two-sided p-value of so many ups and downs where both are equally likely; None without any."""
    trials = ups + downs
    if not trials:
        return None
    tail = sum(math.comb(trials, count) for count in range(min(ups, downs) + 1))
    return min(1.0, tail / (1 << (trials - 1)))


def find_length_figures(pairs: Sequence[Pair], preferences: Mapping[int, Preference]) -> LengthFigures | None:
    """None where the judge has no preference on any of these pairs."""
    rated = [(_longer_by(pair), preferences[pair.index]) for pair in pairs if pair.index in preferences]
    if not rated:
        return None
    decided = [(extra > 0) == (outcome == "win") for extra, outcome in rated if extra and outcome != "neither"]
    won = sum(decided)
    outcomes = {"loss": 0, "neither": 1, "win": 2}
    return LengthFigures(
        longer=_row([outcome for extra, outcome in rated if extra > 0]),
        shorter=_row([outcome for extra, outcome in rated if extra < 0]),
        same=_row([outcome for extra, outcome in rated if not extra]),
        longer_won=won,
        decided=len(decided),
        longer_win_rate=100.0 * won / len(decided) if decided else None,
        interval=wilson_interval(won, len(decided)),
        correlation=rank_correlation([extra for extra, _ in rated], [outcomes[outcome] for _, outcome in rated]),
    )


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation, ties with their mean rank; None where one of both does not vary.

    Source: Spearman, "The Proof and Measurement of Association between Two Things" (1904).
    """
    try:
        return correlation(_ranks(first), _ranks(second))
    except StatisticsError:
        return None


def same_family(judge: str, models: Mapping[str, str]) -> list[str]:
    """The arms whose model is of the judge's family; `models` has each arm's model id."""
    return [arm for arm, model_id in models.items() if family(model_id) == family(judge)]


def _longer_by(pair: Pair) -> int:
    return len(pair.arm.strip()) - len(pair.against.strip())


def _row(outcomes: Sequence[Preference]) -> LengthRow:
    found = Counter(outcomes)
    wins, losses = found["win"], found["loss"]
    return LengthRow(
        pairs=len(outcomes),
        wins=wins,
        losses=losses,
        ties=found["neither"],
        win_rate=100.0 * wins / (wins + losses) if wins + losses else None,
    )


def _ranks(values: Sequence[float]) -> list[float]:
    places: dict[float, list[int]] = {}
    for place, value in enumerate(sorted(values)):
        places.setdefault(value, []).append(place)
    return [(places[value][0] + places[value][-1]) / 2 for value in values]

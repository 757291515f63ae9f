"""The interval of a difference: that it covers the truth as often as it says, and what it could have shown."""

import math
import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.evaluation import bootstrap_t
from lambdas.domain.evaluation.power import t_quantile
from lambdas.domain.evaluation.significance import LEAST_FOR_BOOTSTRAP, compare, groups_to_decide
from local.bench.coverage import POPULATIONS, Population, measure_coverage

EXPERIMENTS = 150
Group = list[tuple[float, float]]
SCORES = st.sampled_from([0.0, 0.0, 50.0, 66.7, 100.0, 100.0])


def seeded(seed: int) -> random.Random:
    """A generator for experiments."""
    return random.Random(seed)  # noqa: S311 - no secret is made with it


def population(generator: random.Random, groups: int = 2_000) -> list[Group]:
    """Groups of 1 to 25 records, few of them large, with F1-like scores of two arms: many 0 and 100, alike in a group.

    The groups' own difficulty moves both arms; larger groups are a little harder, so that size and score depend.
    """

    def score(level: float, right: float) -> float:
        if level < right:
            return 100.0
        return 0.0 if level > right + 0.25 else round(generator.uniform(10, 90), 1)

    made = []
    for _ in range(groups):
        size = min(25, 1 + int(generator.expovariate(0.4)) + (generator.random() < 0.1) * generator.randrange(4, 15))
        difficulty = generator.gauss(0.01 * size, 0.25)
        levels = [(generator.random() + difficulty, generator.random() + difficulty) for _ in range(size)]
        made.append([(score(one, 0.6), score(other, 0.35)) for one, other in levels])
    return made


def records(groups: Sequence[Group]) -> tuple[list[float], list[float], list[int]]:
    """The arguments of `compare`."""
    rows = [(*pair, number) for number, group in enumerate(groups) for pair in group]
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


@pytest.mark.parametrize(("groups", "resamples"), [(30, 199), (60, 199), (200, 199)])
def test_the_95_percent_interval_covers_the_truth_in_at_least_93_percent_of_experiments(
    groups: int, resamples: int
) -> None:
    """The verdict rests on it. The truth is known: the experiments draw their groups from a population that we made."""
    generator = seeded(2024)
    everyone = population(generator)
    scores, against, _ = records(everyone)
    truth = (math.fsum(scores) - math.fsum(against)) / len(scores)
    covered = 0
    for experiment in range(EXPERIMENTS):
        sample = records(generator.choices(everyone, k=groups))
        interval = compare(*sample, seed=experiment, resamples=resamples).interval
        assert interval is not None
        covered += interval[0] <= truth <= interval[1]
    assert covered / EXPERIMENTS >= 0.93


@pytest.mark.parametrize("drawn_from", POPULATIONS, ids=lambda one: one.name)
@pytest.mark.parametrize("groups", [10, 15, 20, 30])
def test_few_groups_that_nearly_all_gain_a_little_do_not_hide_that_a_few_lose_much(
    drawn_from: Population, groups: int
) -> None:
    """A bootstrap-t covers 53 to 89 % there: what tuning does to answers is terser wording and rare blunders."""
    found = measure_coverage(drawn_from, groups, experiments=100, resamples=199)
    assert found.covered >= 0.97
    assert found.false_gains <= 0.03


@pytest.mark.parametrize("drawn_from", [one for one in POPULATIONS if "lose" in one.name], ids=lambda one: one.name)
def test_sixty_groups_without_a_blunder_do_not_say_that_there_are_none(drawn_from: Population) -> None:
    """Of blunders in 2 % of groups 60 groups have none in a third of all test sets."""
    assert measure_coverage(drawn_from, LEAST_FOR_BOOTSTRAP, experiments=100, resamples=199).holds


def test_ten_groups_show_a_large_and_consistent_gain_and_no_small_one() -> None:
    """A true zero that one group in twenty hides looks like a small consistent gain."""
    for gain, shown in ((90.0, True), (30.0, False)):
        found = compare([gain] * 10, [0.0] * 10, range(10))
        assert found.interval is not None
        assert (found.interval[0] > 0) == shown


def test_the_difference_is_that_of_the_means_over_records() -> None:
    """Groups are what is resampled; each record counts once, whatever its group's size."""
    found = compare([100, 100, 100, 0], [0, 0, 0, 100], ["a", "a", "a", "b"])
    assert (found.difference, found.groups, found.records) == (50.0, 2, 4)


def test_identical_arms_do_not_differ() -> None:
    """No difference seen is not no difference, so that the interval has a width."""
    scores = [0.0, 50.0, 100.0] * 10
    found = compare(scores, scores, range(30))
    assert (found.difference, found.p_value) == (0.0, 1.0)
    assert found.interval is not None
    assert found.interval[0] == pytest.approx(-found.interval[1])
    assert found.interval[1] > 5


@pytest.mark.parametrize("groups", [1, 2, 9, 10, 59, 60, 200])
@pytest.mark.parametrize("gain", [0.0, 40.0, 97.0, 100.0])
def test_an_interval_is_never_of_zero_width_and_never_leaves_the_range(groups: int, gain: float) -> None:
    """Ten equal gains do not say that the eleventh is the same, and no gain is above 100 points."""
    found = compare([gain] * groups, [0.0] * groups, range(groups))
    assert found.interval is not None
    low, high = found.interval
    assert -100 <= low < high <= 100
    assert low <= gain <= high
    assert high - low > 0.5


def test_differences_without_a_bound_have_an_interval_of_their_own() -> None:
    """Token counts are no scores: nothing bounds them, and ten groups at least must say how they vary."""
    generator = seeded(2)
    tokens, fewer = ([float(generator.randrange(100, 900)) for _ in range(40)] for _ in range(2))
    assert compare(tokens, fewer, range(40), bounded=False).interval is not None
    assert compare(tokens[:9], fewer[:9], range(9), bounded=False).interval is None
    assert compare([300.0] * 40, [200.0] * 40, range(40), bounded=False).interval is None
    with pytest.raises(ValueError, match="differ by at most 100"):
        compare(tokens, fewer, range(40))


def test_copies_of_a_records_group_add_no_certainty() -> None:
    """Asking about one table ten times is not ten tables: the reason for groups at all."""
    generator = seeded(1)
    scores, against = ([generator.choice([0.0, 100.0]) for _ in range(40)] for _ in range(2))
    once = compare(scores, against, range(40), seed=1)
    copied = compare(scores * 10, against * 10, [*range(40)] * 10, seed=1)
    assert copied.interval == pytest.approx(once.interval)
    assert copied.detectable == pytest.approx(once.detectable)


def test_the_same_arguments_give_the_same_result() -> None:
    """A report that is written again must say the same."""
    generator = seeded(5)
    sample = records(population(generator, 90))
    assert compare(*sample, seed=3) == compare(*sample, seed=3)
    assert compare(*sample, seed=3) != compare(*sample, seed=4)


@settings(deadline=None)
@given(st.lists(st.tuples(SCORES, SCORES, st.integers(0, 30)), min_size=1, max_size=120))
def test_the_interval_excludes_zero_exactly_where_p_is_at_most_5_percent(rows: list[tuple[float, float, int]]) -> None:
    """Else the gate and the report could contradict each other; swapping the arms only turns the sign."""
    scores, against, groups = ([row[place] for row in rows] for place in range(3))
    found = compare(scores, against, groups, resamples=199)
    swapped = compare(against, scores, groups, resamples=199)
    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.p_value == pytest.approx(found.p_value)
    assert found.interval is not None
    assert found.p_value is not None
    low, high = found.interval
    assert low <= found.difference <= high
    assert (low > 0 or high < 0) == (found.p_value <= 0.05)


def gains(generator: random.Random, mean: float, spread: float, groups: int) -> list[float]:
    """Differences of groups, within the range."""
    return [max(-100.0, min(100.0, generator.gauss(mean, spread))) for _ in range(groups)]


def shown(differences: Sequence[float]) -> bool:
    """Whether the interval says that there is a gain."""
    found = compare(*_arms(differences), range(len(differences)), resamples=199)
    assert found.interval is not None
    return found.interval[0] > 0


def _arms(differences: Sequence[float]) -> tuple[list[float], list[float]]:
    return [max(each, 0.0) for each in differences], [max(-each, 0.0) for each in differences]


@pytest.mark.parametrize(("groups", "spread"), [(15, 20.0), (30, 40.0), (70, 40.0)])
def test_a_detectable_difference_is_shown_in_about_80_percent_of_test_sets(groups: int, spread: float) -> None:
    """A promise by the normal curve would be too good for few groups, and for the interval that decides."""
    generator = seeded(8)
    stated = [
        compare(*_arms(gains(generator, 5.0, spread, groups)), range(groups), resamples=199).detectable
        for _ in range(20)
    ]
    detectable = fmean(each for each in stated if each is not None)
    power = fmean(shown(gains(generator, detectable, spread, groups)) for _ in range(120))
    assert 0.7 <= power <= 0.92


def test_five_groups_can_show_no_gain_at_all() -> None:
    """Then there is no detectable difference, which is not a difference of zero."""
    found = compare([100.0] * 5, [0.0] * 5, range(5))
    assert found.interval is not None
    assert found.interval[0] < 0
    assert found.detectable is None


@pytest.mark.parametrize(("gain", "spread", "groups"), [(12.0, 40.0, 40), (25.0, 30.0, 12), (6.0, 30.0, 80)])
def test_so_many_groups_as_are_told_show_the_difference_in_about_80_percent_of_test_sets(
    gain: float, spread: float, groups: int
) -> None:
    """An inconclusive verdict names them, and somebody pays for them."""
    generator = seeded(4)
    differences = gains(generator, gain, spread, groups)
    found = compare(*_arms(differences), range(groups), resamples=199)
    more = groups_to_decide(found, 0)
    assert more is not None
    assert more > groups
    drawn = [generator.choices(differences, k=more) for _ in range(60)]
    assert 0.7 <= fmean(map(shown, drawn)) <= 1


def test_no_number_of_groups_decides_on_a_difference_that_is_the_wanted_one() -> None:
    """Half of all test sets would say that it is less."""
    generator = seeded(6)
    found = compare(*_arms(gains(generator, 3.0, 30.0, 40)), range(40))
    assert groups_to_decide(found, found.difference) is None
    assert groups_to_decide(found, found.difference - 0.01) is None
    near, far = groups_to_decide(found, found.difference - 5), groups_to_decide(found, found.difference - 10)
    assert near is not None
    assert far is not None
    assert far < near


@pytest.mark.parametrize(
    ("probability", "degrees", "expected"),
    [(0.8, 1, 1.376), (0.8, 9, 0.883), (0.8, 59, 0.848), (0.975, 59, 2.001), (0.975, 200, 1.972)],
)
def test_students_t_is_that_of_the_tables(probability: float, degrees: int, expected: float) -> None:
    """Printed tables of the t distribution have these."""
    assert t_quantile(probability, degrees) == pytest.approx(expected, rel=0.05 if degrees == 1 else 0.001)


@pytest.mark.parametrize(("scores", "against", "groups"), [([1.0], [], [1]), ([1.0], [1.0], []), ([], [], [])])
def test_what_does_not_belong_together_is_refused(scores: list[float], against: list[float], groups: list[int]) -> None:
    """A silent truncation would compare different records."""
    with pytest.raises(ValueError, match=r"shorter|longer|no records"):
        compare(scores, against, groups)


def test_twenty_thousand_groups_draw_no_more_than_two_thousand_and_say_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A report of many arms has 90 comparisons; drawing from all groups for each takes longer than a Lambda has."""
    generator = seeded(3)
    scores = [float(generator.choice((0, 0, 0, 100))) for _ in range(6_000)]
    against = [float(generator.choice((0, 0, 0, 0, 100))) for _ in range(6_000)]
    drawn = set[int]()

    class Counted(random.Random):
        def choices(self, population: Any, *arguments: Any, **named: Any) -> list[Any]:
            drawn.add(named["k"])
            return super().choices(population, *arguments, **named)

    monkeypatch.setattr(random, "Random", Counted)
    few = compare(scores, against, range(6_000), resamples=399)
    assert drawn == {bootstrap_t.MOST_DRAWN}
    monkeypatch.setattr(bootstrap_t, "MOST_DRAWN", 7_000)
    every = compare(scores, against, range(6_000), resamples=399)
    assert drawn == {2_000, 6_002}
    assert (few.difference, few.error, few.groups) == (every.difference, every.error, 6_000)
    assert few.interval is not None
    assert every.interval is not None
    assert few.interval == pytest.approx(every.interval, abs=0.1 * (every.interval[1] - every.interval[0]))

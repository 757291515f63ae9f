"""The interval of a difference: that it covers the truth as often as it says, and agrees with its p-value."""

import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.evaluation import significance
from lambdas.domain.evaluation.significance import Difference, compare, detectable_difference

EXPERIMENTS = 1_000
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


@pytest.mark.parametrize(("groups", "resamples"), [(30, 399), (60, 399), (200, 199)])
def test_the_95_percent_interval_covers_the_truth_in_93_to_97_percent_of_1000_experiments(
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
    assert 0.93 <= covered / EXPERIMENTS <= 0.97


def test_where_hardly_any_record_differs_the_interval_is_not_too_narrow() -> None:
    """There a percentile interval misses the truth far too often: most resamples have seen hardly any difference."""
    generator = seeded(7)
    everyone: list[Group] = [[(100.0, 100.0 if generator.random() > 0.04 else 0.0)] * 2 for _ in range(2_000)]
    truth = sum(group[0][0] - group[0][1] for group in everyone) / len(everyone)
    found = [
        compare(*records(generator.choices(everyone, k=60)), seed=experiment, resamples=199)
        for experiment in range(400)
    ]
    # Samples without any difference (one in twelve) cannot know that there is one: they give no interval.
    intervals = [one.interval for one in found if one.interval is not None]
    assert len(found) * 0.85 <= len(intervals) < len(found)
    assert sum(low <= truth <= high for low, high in intervals) / len(intervals) >= 0.93


def test_the_difference_is_that_of_the_means_over_records() -> None:
    """Groups are what is resampled; each record counts once, whatever its group's size."""
    found = compare([100, 100, 100, 0], [0, 0, 0, 100], ["a", "a", "a", "b"])
    assert found == Difference(50.0, None, None, None, groups=2, records=4)


def test_identical_arms_do_not_differ() -> None:
    """The base model compared with itself must not come out better than itself."""
    scores = [0.0, 50.0, 100.0] * 10
    found = compare(scores, scores, range(30))
    assert (found.difference, found.interval, found.p_value, found.detectable) == (0.0, None, 1.0, None)


def test_a_difference_that_all_groups_show_alike_is_as_sure_as_a_sign_test() -> None:
    """Without any variation a bootstrap has nothing to say: ten equal gains are ten coins that fell the same way."""
    found = compare([100.0] * 10, [0.0] * 10, range(10), resamples=399)
    assert (found.difference, found.interval, found.p_value) == (100.0, (100.0, 100.0), 2 / 2**10)


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
    sample = records(population(generator, 30))
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
    assert swapped.p_value == found.p_value
    if found.interval is None:
        assert found.groups < 10 or (found.difference, found.p_value) == (0.0, 1.0)
        return
    assert found.p_value is not None
    low, high = found.interval
    assert low <= found.difference <= high
    assert (low > 0 or high < 0) == (found.p_value <= 0.05)


def test_the_detectable_difference_has_blooms_factor() -> None:
    """Bloom (1995): 2.80 standard errors for 80 % power in a two-sided test at the 5 % level."""
    assert detectable_difference(1.0) == pytest.approx(2.80, abs=0.005)


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
    assert drawn == {significance.MOST_DRAWN}
    monkeypatch.setattr(significance, "MOST_DRAWN", 6_000)
    every = compare(scores, against, range(6_000), resamples=399)
    assert drawn == {2_000, 6_000}
    assert (few.difference, few.detectable, few.groups) == (every.difference, every.detectable, 6_000)
    assert few.interval is not None
    assert every.interval is not None
    assert few.interval == pytest.approx(every.interval, abs=0.1 * (every.interval[1] - every.interval[0]))

"""Wilson's interval and Cohen's kappa against published figures."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.judging.agreement import cohens_kappa, wilson_interval

REFERENCE = json.loads((Path(__file__).parent / "references" / "classification.json").read_text())


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_the_intervals_are_newcombes(successes: int, trials: int, low: float, high: float) -> None:
    """Newcombe (1998), table I, method 3."""
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=0.005)


@given(st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_an_interval_holds_its_share_within_0_to_100_and_mirrors(counts: tuple[int, int]) -> None:
    """Wins and losses are two names for one count."""
    successes, trials = counts
    interval, mirrored = wilson_interval(successes, trials), wilson_interval(trials - successes, trials)
    assert interval is not None
    assert mirrored is not None
    assert 0 <= interval[0] <= 100 * successes / trials <= interval[1] <= 100
    assert mirrored == pytest.approx((100 - interval[1], 100 - interval[0]))


def test_no_trials_have_no_interval() -> None:
    """All ties say nothing of who is better."""
    assert wilson_interval(0, 0) is None


def test_kappa_is_that_of_the_textbook_example() -> None:
    """50 proposals, read by two people: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no; observed 0.7, by chance 0.5."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohens_kappa(first, second) == pytest.approx(0.4)


def test_kappa_is_scikit_learns() -> None:
    """Three categories, computed elsewhere."""
    assert cohens_kappa(*map(list, REFERENCE["raters"])) == pytest.approx(REFERENCE["kappa"])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=50))
def test_kappa_is_symmetric_at_most_1_and_1_only_for_equal_raters(pairs: list[tuple[str, str]]) -> None:
    """Undefined where chance alone explains all, as scikit-learn's NaN."""
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    kappa = cohens_kappa(first, second)
    assert kappa == cohens_kappa(second, first)
    if kappa is None:
        assert len({*first, *second}) <= 1
    else:
        assert -1 <= kappa <= 1
        assert (kappa == 1) == (first == second)

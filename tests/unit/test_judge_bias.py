"""What could make a judge's verdicts doubtful: place, length, family; and kappa's interval."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.evaluation.arms import plan_arms
from lambdas.domain.evaluation.judging.agreement import cohens_kappa, kappa_interval
from lambdas.domain.evaluation.judging.bias import (
    find_length_figures,
    find_position,
    rank_correlation,
    same_family,
    sign_test,
)
from lambdas.domain.evaluation.judging.lines import JudgedLine
from lambdas.domain.evaluation.judging.pairwise import Judgements, Pair
from lambdas.domain.evaluation.judging.summary import summarise_judging
from lambdas.domain.models.families import family
from lambdas.domain.preflight.judges import unrelated_judges
from lambdas.domain.preflight.subject import RunNeeds
from tests.answer_lines import make_judgements

CLAUDE, NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.amazon.nova-pro-v1:0"


def pair(index: int, ours: int, theirs: int) -> Pair:
    return Pair(index, "task", "reference", "a" * ours, "b" * theirs)


@pytest.mark.parametrize(
    ("ups", "downs", "expected"), [(8, 2, 0.109375), (9, 1, 0.021484375), (5, 5, 1.0), (0, 6, 0.03125)]
)
def test_the_sign_test_is_the_exact_binomial_one(ups: int, downs: int, expected: float) -> None:
    """R's binom.test(8, 10) gives 0.1094, binom.test(9, 10) 0.02148."""
    assert sign_test(ups, downs) == pytest.approx(expected)
    assert sign_test(0, 0) is None


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_a_probability_and_knows_no_side(ups: int, downs: int) -> None:
    """It says that there is a bias, not which."""
    p = sign_test(ups, downs)
    assert p == sign_test(downs, ups)
    assert p is None or 0 < p <= 1


def test_pairs_count_for_a_place_and_not_single_judgements() -> None:
    """A judge that is the same in both orders names each place once: that says nothing of a bias."""
    consistent: list[Judgements] = [("first", "second")] * 50
    assert find_position(consistent).p_value is None
    to_first: list[Judgements] = [("first", "first")] * 7
    biased: list[Judgements] = [*consistent, *to_first, ("first", "tie"), ("tie", "second")]
    found = find_position(biased)
    assert (found.first, found.second, found.pairs_to_first, found.pairs_to_second) == (65, 51, 8, 1)
    assert found.p_value == pytest.approx(0.0390625)
    assert found.is_biased


def warnings(judgements: list[Judgements], judge: str = CLAUDE, tuned: str = "meta.llama3-1-8b-instruct-v1:0") -> str:
    pairs = [pair(index, 3, 5) for index in range(len(judgements))]
    lines: list[JudgedLine] = [line for index, both in enumerate(judgements) for line in make_judgements(index, both)]
    return "\n".join(summarise_judging(pairs, {judge: lines}, {"tuned": tuned, "base": tuned}).warnings)


def test_a_significant_bias_for_a_place_is_warned_of_and_chance_is_not() -> None:
    """A judge that decides by the place decides nothing."""
    biased: list[Judgements] = [("second", "second")] * 8
    assert "prefers the second answer" in warnings(biased)
    assert warnings([*biased[:4], ("first", "first"), ("first", "second")]) == ""


def test_a_judge_of_an_arm_s_family_is_warned_of() -> None:
    """Models prefer what is like their own."""
    assert "Claude model, as those of tuned, base are" in warnings([("tie", "tie")], tuned="anthropic.claude-3-haiku")
    assert warnings([("tie", "tie")], tuned=NOVA) == ""


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        (CLAUDE, "Claude"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "Claude"),
        (NOVA, "Nova"),
        ("global.amazon.nova-2-lite-v1:0", "Nova"),
        ("amazon.titan-text-premier-v1:0", "Titan"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "Llama"),
        ("us-gov.meta.llama3-3-70b-instruct-v1:0", "Llama"),
        ("mistral.mixtral-8x7b-instruct-v0:1", "Mistral"),
        ("openai.gpt-oss-120b-1:0", "GPT"),
        ("newmaker.model-v1", "newmaker"),
        ("judge", "judge"),
    ],
)
def test_a_model_s_family_follows_from_its_id(model_id: str, expected: str) -> None:
    assert family(model_id) == expected


def test_arms_of_another_family_are_not_named() -> None:
    assert same_family(NOVA, {"tuned": "amazon.nova-lite-v1:0:300k", "base": "amazon.nova-lite-v1:0", "x": CLAUDE}) == [
        "tuned",
        "base",
    ]


def test_a_judge_that_takes_the_longer_answer_is_seen() -> None:
    """Length is the best known bias of judges; whether it is a merit here, a person must say."""
    pairs = [pair(index, 90 + index, 10) for index in range(12)] + [pair(index, 5, 50) for index in range(12, 24)]
    pairs += [pair(24, 8, 8)]
    preferences = {index: "win" if index < 12 else "loss" for index in range(23)}
    found = find_length_figures(pairs, {**preferences, 23: "neither", 24: "win"})  # type: ignore[dict-item]
    assert found is not None
    assert (found.longer.pairs, found.longer.wins, found.longer.win_rate) == (12, 12, 100)
    assert (found.shorter.pairs, found.shorter.losses, found.shorter.ties, found.shorter.win_rate) == (12, 11, 1, 0)
    assert (found.same.pairs, found.same.wins) == (1, 1)
    assert (found.longer_won, found.decided, found.longer_win_rate) == (23, 23, 100)
    assert found.correlation is not None
    assert found.correlation > 0.7
    assert found.prefers == "longer"
    assert find_length_figures(pairs, {}) is None


def test_the_rank_correlation_is_spearman_s() -> None:
    """Pearson's correlation of the ranks 1, 2.5, 2.5, 4, 5 and 2, 1, 3.5, 3.5, 5: 7.25 / 9.5."""
    assert rank_correlation([1, 2, 2, 4, 5], [2, 1, 3, 3, 5]) == pytest.approx(7.25 / 9.5)
    assert rank_correlation([1, 1], [1, 2]) is None
    assert rank_correlation([1], [1]) is None


def needs(judges: list[str], base: str, **others: str) -> RunNeeds:
    return RunNeeds(
        base_model=base,
        serving="on_demand",
        model_units=1,
        jobs=1,
        arms=plan_arms({"base": base, **others}, 0),
        judges=judges,
        max_cost_usd=None,
        settings_findings=[],
        needs_approval=False,
    )


def test_a_judge_of_an_arm_s_family_is_told_before_anything_is_spent() -> None:
    """Afterwards its verdicts are paid for."""
    found = unrelated_judges(needs([CLAUDE, NOVA], "amazon.nova-lite-v1:0"))
    [finding] = found.findings
    assert (found.status, NOVA in finding.message, CLAUDE in finding.message) == ("warning", True, False)
    assert unrelated_judges(needs([CLAUDE], "amazon.nova-lite-v1:0")).status == "passed"
    assert unrelated_judges(needs([CLAUDE], "amazon.nova-lite-v1:0", other=CLAUDE)).status == "warning"
    assert unrelated_judges(needs([], CLAUDE)).status == "passed"


RATINGS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), max_size=60)


@given(RATINGS)
def test_kappa_s_interval_holds_kappa_stays_in_its_range_and_has_a_width(pairs: list[tuple[str, str]]) -> None:
    """Five pairs that two raters rate alike do not say that they always will."""
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    kappa, interval = cohens_kappa(first, second), kappa_interval(first, second)
    if kappa is None:
        assert interval is None
        return
    assert interval is not None
    low, high = interval
    assert -1 <= low <= kappa + 1e-9
    assert kappa - 1e-9 <= high <= 1
    assert low < high


def test_kappa_s_interval_narrows_with_more_pairs() -> None:
    """It is why people are asked for 50 pairs and not for 20: of a kappa of 0.4, 20 pairs tell hardly anything."""
    first, second = list("yyyynnyynn"), list("yyyynnnnyy")
    widths = [
        math.dist(*([limit] for limit in kappa_interval(first * times, second * times) or ())) for times in (2, 5)
    ]
    assert widths[0] > 0.7
    assert widths[1] < 0.55


@pytest.mark.parametrize("kappa", [0.95, 0.7, 0.3])
@pytest.mark.parametrize("pairs", [20, 50])
def test_kappa_s_interval_covers_raters_that_nearly_always_say_the_same(kappa: float, pairs: int) -> None:
    """docs/metrics.md has the figures: the usual error covers as little as 22 % here.

    Two raters give the same category with probability `kappa`, and else each its own.
    """
    draw, studies = random.Random(7), 600  # noqa: S311 - a simulation
    categories, weights = "abc", (0.85, 0.05, 0.10)
    covered = defined = 0
    for _ in range(studies):
        first = draw.choices(categories, weights, k=pairs)
        own = draw.choices(categories, weights, k=pairs)
        second = [same if draw.random() < kappa else other for same, other in zip(first, own, strict=True)]
        interval = kappa_interval(first, second)
        if interval is not None:
            defined += 1
            covered += interval[0] <= kappa <= interval[1]
    assert covered / defined >= 0.91

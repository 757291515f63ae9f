"""Several candidates on one test set: intervals, what they share, the best of them, and no part in the verdict."""

import random
from collections.abc import Sequence
from statistics import fmean

import numpy as np
import pytest

from lambdas.domain.evaluation.answers import StoredLine, UnansweredLine
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.comparisons import ScoredArm, Scoring
from lambdas.domain.evaluation.doubling import Gain, Withheld
from lambdas.domain.evaluation.evaluate import Evaluation, evaluate
from lambdas.domain.evaluation.macro_f1 import MACRO_F1, LabelAnswer
from lambdas.domain.evaluation.served_scores import find_best, find_gain_of_data, find_interval, score_groups
from lambdas.domain.evaluation.settings import EvaluationSettings
from tests.answer_lines import make_answer

RECORDS = 240
ARMS = {"tuned": Arm(model_id=None), "base": Arm(model_id="base-model")}
SIZES = {"candidate-3": 500, "candidate-2": 1_000, "tuned": 2_000}
GROUPS = [index // 2 for index in range(RECORDS)]


def scored(scores: Sequence[float | None]) -> ScoredArm:
    """An arm with these scores on the metric."""
    return ScoredArm(Scoring("text", "f1"), {"f1": [*scores]})


def right(share: float, seed: int = 0) -> list[float | None]:
    """So many right answers; who is right more often is right wherever the others are."""
    draws = random.Random(seed)  # noqa: S311 - no secret
    return [100.0 * (draws.random() < share) for _ in range(RECORDS)]


def lines(share: float) -> list[StoredLine]:
    """So many right answers, as stored."""
    return [
        make_answer(index, "net sales rose" if score else "unknown", "net sales rose", latency_ms=100)
        for index, score in enumerate(right(share))
    ]


def judged(shares: dict[str, float], curve: dict[str, int] | None = None) -> Evaluation:
    """The evaluation of a run with these arms."""
    answers = {arm: lines(share) for arm, share in shares.items()}
    return evaluate(answers, ARMS, GROUPS, EvaluationSettings(), None, curve=curve)


def test_the_interval_of_a_score_is_within_its_range_and_holds_it() -> None:
    for share in (0.02, 0.5, 0.98):
        arm = scored(right(share))
        interval, mean = find_interval(arm, "f1", GROUPS), arm.mean("f1")
        assert interval is not None
        assert mean is not None
        assert 0 <= interval[0] < mean < interval[1] <= 100


def test_the_interval_of_macro_f1_is_within_its_range_and_withheld_where_labels_are_rare() -> None:
    labels: list[LabelAnswer | None] = [
        LabelAnswer(wanted, wanted if score else None)
        for wanted, score in zip("abc" * (RECORDS // 3), right(0.8), strict=True)
    ]
    arm = ScoredArm(Scoring("labels", MACRO_F1), labels={MACRO_F1: labels})
    interval = find_interval(arm, MACRO_F1, range(RECORDS))
    assert interval is not None
    assert 0 <= interval[0] < (arm.mean(MACRO_F1) or 0) < interval[1] <= 100
    few = ScoredArm(Scoring("labels", MACRO_F1), labels={MACRO_F1: labels[:30]})
    assert find_interval(few, MACRO_F1, range(30)) is None


def test_the_covariance_of_groups_is_that_of_means_over_independent_groups() -> None:
    own, other = right(0.6, seed=1), right(0.7, seed=1)
    found = score_groups([scored(own), scored(other)], "f1", range(RECORDS))
    assert found is not None
    expected = np.cov(np.array([own, other], float)) / RECORDS
    assert found.values == pytest.approx(list(np.array([own, other], float).mean(1)))
    assert found.covariance == pytest.approx(expected, rel=0.01)
    assert found.covariance[0, 1] > 0


def test_records_that_one_arm_did_not_answer_are_left_out_of_all() -> None:
    whole, broken = right(0.6), [None, *right(0.6)[1:]]
    found = score_groups([scored(whole), scored(broken)], "f1", range(RECORDS))
    assert found is not None
    assert found.values[0] == found.values[1]


def test_the_best_of_equal_candidates_is_flattered_and_a_clear_best_is_not() -> None:
    equal = {f"candidate-{number}": scored(right(0.6, seed=number)) for number in range(1, 5)}
    clear = {"candidate-1": scored(right(0.95)), "candidate-2": scored(right(0.3))}
    lucky, sure = find_best(equal, "f1", GROUPS), find_best(clear, "f1", GROUPS)
    assert lucky is not None
    assert sure is not None
    assert lucky.flattered > 1
    assert sure.arm == "candidate-1"
    assert abs(sure.flattered) < 0.3


def test_the_estimate_of_what_flatters_the_best_is_what_luck_is_on_average() -> None:
    """Of four candidates that are right in 60 % of cases the best seems better by as much."""
    tests = [
        find_best({str(arm): scored(right(0.6, seed=10 * test + arm)) for arm in range(4)}, "f1", range(RECORDS))
        for test in range(30)
    ]
    found = [one for one in tests if one is not None]
    luck = fmean(one.value - 60 for one in found)
    assert fmean(one.flattered for one in found) == pytest.approx(luck, rel=0.4)


def test_a_single_candidate_is_not_the_best_of_several() -> None:
    assert find_best({"tuned": scored(right(0.6))}, "f1", GROUPS) is None


def test_the_gain_of_data_follows_from_the_arms_by_size() -> None:
    arms = {arm: scored(right(share)) for arm, share in zip(SIZES, (0.4, 0.55, 0.7), strict=True)}
    found = find_gain_of_data(arms, "f1", GROUPS, SIZES)
    assert isinstance(found, Gain)
    assert found.gain > 0


def test_a_size_that_was_not_tested_is_not_in_the_curve() -> None:
    arms = {"tuned": scored(right(0.7)), "candidate-2": scored(right(0.6))}
    found = find_gain_of_data(arms, "f1", GROUPS, SIZES)
    assert isinstance(found, Withheld)
    assert "sizes tested: 2" in found.withheld
    assert '"serve": "all"' in found.withheld


def test_a_metric_without_a_meaning_withholds_the_gain() -> None:
    arms = {arm: scored([None] * RECORDS) for arm in SIZES}
    assert isinstance(find_gain_of_data(arms, "f1", GROUPS, SIZES), Withheld)


def test_other_candidates_change_no_verdict() -> None:
    """The one that is better on the test set was not chosen, and must not be beaten."""
    alone = judged({"tuned": 0.7, "base": 0.3})
    beside = judged({"tuned": 0.7, "base": 0.3, "candidate-2": 0.95, "candidate-3": 0.1}, SIZES)
    assert alone.decision.verdict == "promote"
    assert beside.decision == alone.decision
    assert beside.extremes == alone.extremes


def test_a_candidate_without_answers_changes_no_verdict() -> None:
    alone = judged({"tuned": 0.7, "base": 0.3})
    answers: dict[str, list[StoredLine]] = {
        "tuned": lines(0.7),
        "base": lines(0.3),
        "candidate-2": [UnansweredLine(index, "not answered") for index in range(RECORDS)],
    }
    missing = {"candidate-2": "ThroughputNotInService: it failed."}
    found = evaluate(answers, ARMS, GROUPS, EvaluationSettings(), None, missing=missing, curve=SIZES)
    assert found.decision == alone.decision
    assert found.missing == missing
    assert found.candidates is not None
    assert [*found.candidates.intervals] == ["tuned"]


def test_the_chosen_candidate_is_compared_with_each_other_one_by_paired_intervals() -> None:
    found = judged({"tuned": 0.7, "base": 0.3, "candidate-2": 0.55, "candidate-3": 0.4}, SIZES)
    compared = {one.against: one for one in found.comparisons if one.metric == "f1" and one.arm == "tuned"}
    assert compared["candidate-2"].interval is not None
    assert compared["candidate-3"].difference > compared["candidate-2"].difference > 0
    assert {one.metric for one in found.comparisons if one.against == "candidate-2"} == {
        "f1",
        "content",
        "output_tokens",
        "latency_ms",
    }
    assert found.candidates is not None
    assert isinstance(found.candidates.doubling, Gain)


def test_a_run_of_one_candidate_has_no_scores_of_candidates() -> None:
    assert judged({"tuned": 0.7, "base": 0.3}).candidates is None

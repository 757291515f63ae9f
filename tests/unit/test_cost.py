"""What a run is estimated to cost, and when that stands in its way."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.cost.cost_findings import cost_findings
from lambdas.domain.cost.estimate import (
    Estimate,
    environment_prices,
    estimate,
    reported_prices,
    unconfirmed_text,
)
from lambdas.domain.cost.price_file import Prices, SourcedTokenPrice, UnitPrice, default_prices
from lambdas.domain.dataset.planned_set import TrainingSet
from lambdas.domain.dataset.tokens import TokenCounts
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import Plan, PlannedSets, PlannedTestSet, ShardLists
from lambdas.domain.training.candidates import Candidate

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
MODEL = f"{HAIKU}:200k"
PRICES = default_prices().model_copy(
    update={
        "base_models": {
            MODEL: default_prices()
            .base_models[MODEL]
            .model_copy(
                update={
                    "training_per_1000_tokens": UnitPrice(usd=0.01),
                    "storage_per_month": UnitPrice(usd=2.0),
                    "model_unit_per_hour": UnitPrice(usd=40.0),
                    "on_demand": SourcedTokenPrice(input=0.001, output=0.002),
                }
            )
        },
        "foundation_models": {
            HAIKU: SourcedTokenPrice(input=0.1, output=0.2),
            "judge": SourcedTokenPrice(input=1, output=2),
        },
    }
)


TRAINING_SET = TrainingSet(uri="s3://out/train.jsonl", records=400, tokens=50_000)
TUNED, BASE = Arm(model_id=None), Arm(model_id=HAIKU)
TOKENS = TokenCounts(test_prompts=20_000, test_references=3_000, examples=700)


def sets(test: int) -> PlannedSets:
    """Stored sets with so many test records."""
    return PlannedSets(
        train=TRAINING_SET,
        validation=None,
        test=PlannedTestSet(uri="s3://out/test.jsonl", records=test),
    )


def plan(*, epochs: int = 2, jobs: int = 1, units: int = 1, **changes: Any) -> Plan:
    """A run's plan with 100 test records and the base as the only further arm."""
    values: dict[str, Any] = {
        "output_bucket": "out",
        "base_model": MODEL,
        "recommended": [],
        "candidates": [
            Candidate(number=n + 1, hyperparameters={"epochCount": str(epochs)}, training_set=TRAINING_SET)
            for n in range(jobs)
        ],
        "candidates_note": "",
        "keep_models": False,
        "serving": "provisioned_throughput",
        "model_units": units,
        "max_cost_usd": None,
        "needs_approval": False,
        "keep_job": False,
        "dataset": sets(test=100),
        "evaluation": evaluation(),
        "arms": {"tuned": TUNED, "base": BASE},
        "settings_findings": [],
        "tokens": TOKENS,
        "shards": ShardLists(baselines="", tuned="", judges=""),
        "tags": {},
    }
    return Plan(**values | changes)


def uneven_plan() -> Plan:
    """Two candidates of two epochs, the second on a training set of a fifth of the tokens."""
    first, second = plan(jobs=2).candidates
    smaller = second.training_set.model_copy(update={"tokens": 10_000})
    return plan(candidates=[first, second.model_copy(update={"training_set": smaller})])


def evaluation(**settings: Any) -> EvaluationSettings:
    """How the run is evaluated."""
    return EvaluationSettings.model_validate({"max_tokens": 512, "judged_pairs": 50, **settings})


def usd(found: Estimate) -> dict[str, float | None]:
    """Each line's USD."""
    return {line.id: line.usd for line in found.lines}


def total(found: Estimate) -> float:
    """The total, known."""
    assert found.total_usd is not None
    return found.total_usd


def test_each_line_follows_from_its_formula() -> None:
    """The figures of docs/cost.md's example."""
    found = estimate(plan(), PRICES)
    assert usd(found) == pytest.approx(
        {
            "training": 50 * 2 * 0.01,
            "throughput": 40.0,
            "answers/base/input": 20 * 0.1,
            "answers/base/output": 6 * 0.2,
            "storage": 2.0,
        }
    )
    assert total(found) == pytest.approx(46.2) == found.known_usd
    assert found.prices.as_of == default_prices().as_of.isoformat()


def test_each_candidate_trains_on_its_own_set() -> None:
    """A candidate with fewer tokens costs less: they are added up by candidate."""
    (training, *_) = estimate(uneven_plan(), PRICES).lines
    assert training.usd == pytest.approx((50 + 10) * 2 * 0.01)
    assert training.note.startswith("Training tokens x epochs: 50,000 x 2 + 10,000 x 2;")


def test_each_line_has_one_id_and_a_text_for_people() -> None:
    """Programs find a line by its id, so that its text can change."""
    judged = plan(evaluation=evaluation(judges=["judge"]), arms={"tuned": TUNED, "base": BASE})
    assert {line.id: line.item for line in estimate(judged, PRICES).lines} == {
        "training": "training",
        "throughput": "throughput",
        "answers/base/input": "answers of base, input",
        "answers/base/output": "answers of base, output",
        "judging/judge/input": "judging by judge, input",
        "judging/judge/output": "judging by judge, output",
        "storage": "custom model storage, first month",
    }


@pytest.mark.assumption("billing-deployment-by-tokens")
def test_on_demand_run_pays_for_tokens_and_for_no_time() -> None:
    """A run without a throughput must not be refused for the price of one."""
    found = usd(estimate(plan(serving="on_demand"), PRICES))
    assert "throughput" not in found
    assert found["answers/tuned/input"] == pytest.approx(20 * 0.001)
    assert found["answers/tuned/output"] == pytest.approx(3 * 0.002)


def test_few_shot_arms_pay_for_their_examples_with_each_question() -> None:
    """Examples are often the larger part of a question."""
    arms = {"tuned": TUNED, "base-few-shot-3": Arm(model_id=HAIKU, few_shot=3)}
    found = usd(estimate(plan(arms=arms), PRICES))
    assert found["answers/base-few-shot-3/input"] == pytest.approx((20_000 + 100 * 700) / 1000 * 0.1)


def test_answers_are_bounded_by_max_tokens() -> None:
    """Long references do not make answers longer than they may be."""
    found = usd(estimate(plan(evaluation=evaluation(max_tokens=10)), PRICES))
    assert found["answers/base/output"] == pytest.approx(100 * 10 / 1000 * 0.2)


def test_judges_are_paid_for_both_orders_of_each_pair() -> None:
    """Two calls a pair and a judge."""
    judged = evaluation(judges=["judge"], judged_pairs=500)
    found = {line.id: line for line in estimate(plan(evaluation=judged), PRICES).lines}
    assert found["judging/judge/output"].quantity == 100 * 2 * 150 / 1000
    assert found["judging/judge/input"].quantity > 2 * (20_000 + 3_000) / 1000


def test_begun_hour_of_a_throughput_counts_whole() -> None:
    """AWS bills throughput by the hour."""
    half = estimate(plan(), PRICES.model_copy(update={"throughput_billing_seconds": 60}))
    assert usd(half)["throughput"] == pytest.approx(40 * 37 / 60)
    longer = plan(dataset=sets(test=801))
    assert usd(estimate(longer, PRICES))["throughput"] == 80


@pytest.mark.parametrize(("max_concurrency", "hours"), [(1, 11), (4, 3), (10, 2), (1000, 1)])
def test_throughput_bills_for_as_long_as_the_environment_takes_to_answer(max_concurrency: int, hours: int) -> None:
    """3,600 answers are 180 shards of 200 seconds: cap and approver see what fewer at a time cost."""
    found = estimate(plan(dataset=sets(test=3600), max_concurrency=max_concurrency), PRICES)
    assert usd(found)["throughput"] == 40 * hours


@given(st.integers(1, 9), st.integers(1, 11), st.integers(1, 9))
def test_more_epochs_jobs_or_units_never_cost_less(epochs: int, jobs: int, units: int) -> None:
    """A cap is worth something only if it cannot be passed by asking for more."""
    least = total(estimate(plan(epochs=epochs, jobs=jobs, units=units), PRICES))
    for more in ({"epochs": epochs + 1}, {"jobs": jobs + 1}, {"units": units + 1}):
        asked = {"epochs": epochs, "jobs": jobs, "units": units, **more}
        assert total(estimate(plan(**asked), PRICES)) > least


_HOLES = ("training_per_1000_tokens", "storage_per_month", "model_unit_per_hour")


def without(names: set[str], asked: bool) -> Prices:
    """The prices with some unknown."""
    model = PRICES.base_models[MODEL].model_copy(update=dict.fromkeys(names))
    foundation = {HAIKU: None} if asked else PRICES.foundation_models
    return PRICES.model_copy(update={"base_models": {MODEL: model}, "foundation_models": foundation})


@given(st.sets(st.sampled_from(_HOLES)), st.booleans())
def test_unknown_price_is_never_counted_as_nothing(names: set[str], asked: bool) -> None:
    """A total that leaves something out would look like a cheap run."""
    found = estimate(plan(), without(names, asked))
    unknown = bool(names) or asked
    assert (found.total_usd is None) == unknown == bool(found.unknown)
    assert {line.item for line in found.lines if line.usd is None} == set(found.unknown)
    assert all((line.unit_price_usd is None) == (line.usd is None) for line in found.lines)
    assert found.known_usd == pytest.approx(sum(line.usd or 0 for line in found.lines))


def test_run_above_its_cap_is_refused_with_its_dearest_line() -> None:
    """The remedy depends on what costs most."""
    assert cost_findings(estimate(plan(), PRICES), 46.3, accept_unknown=False) == []
    assert cost_findings(estimate(plan(), PRICES), None, accept_unknown=False) == []
    (finding,) = cost_findings(estimate(plan(), PRICES), 46.1, accept_unknown=False)
    assert (finding.check, finding.severity) == ("cost-cap", "error")
    assert "46.20 USD" in finding.message
    assert "throughput" in finding.message
    assert "max_cost_usd" in finding.remedy


@pytest.mark.parametrize("cap", [None, 1000.0])
def test_unknown_price_refuses_the_run_unless_it_is_accepted(cap: float | None) -> None:
    """What nobody knows the price of may cost anything, with a cap and without one."""
    found = estimate(plan(), without({"model_unit_per_hour"}, asked=False))
    (error,) = cost_findings(found, cap, accept_unknown=False)
    assert (error.check, error.severity) == ("prices", "error")
    assert "accept_unknown_prices" in error.remedy
    (warning,) = cost_findings(found, cap, accept_unknown=True)
    assert (warning.check, warning.severity) == ("prices", "warning")
    for finding in (warning, error):
        assert "throughput" in finding.message
        assert f"/base_models/{MODEL}/model_unit_per_hour" in finding.remedy
        assert "fine-tune prices" in finding.remedy


def test_known_prices_above_the_cap_refuse_whatever_is_accepted() -> None:
    """What is known is already too dear, whatever the rest costs."""
    found = estimate(plan(), without({"model_unit_per_hour"}, asked=False))
    assert [each.severity for each in cost_findings(found, 1.0, accept_unknown=True)] == ["error", "warning"]


def test_prices_that_are_not_confirmed_are_named() -> None:
    """A price from a copy of a page may be old: whoever counts with it knows which one it is."""
    assert unconfirmed_text(estimate(plan(), PRICES)) == ""
    doubtful = PRICES.base_models[MODEL].model_copy(update={"storage_per_month": UnitPrice(usd=2.0, confirmed=False)})
    found = estimate(plan(), PRICES.model_copy(update={"base_models": {MODEL: doubtful}}))
    assert found.unconfirmed == ["custom model storage, first month"]
    assert "custom model storage" in unconfirmed_text(found)
    assert Estimate.parse(found.dump()) == found


def test_prices_of_run_and_deployment_fill_holes() -> None:
    """Both settings existed before the file, and go on to work: the run's in its report."""
    own = plan(evaluation=evaluation(prices={HAIKU: {"input": 0.5, "output": 0.5}}))
    found = estimate(own, reported_prices(without({"model_unit_per_hour"}, asked=True), own, 10.0))
    assert found.unknown == []
    assert usd(found)["throughput"] == 10
    assert usd(found)["answers/base/output"] == pytest.approx(6 * 0.5)


@pytest.mark.parametrize("price", [0, 1000])
def test_prices_of_a_run_change_nothing_that_a_cap_counts_with(price: float) -> None:
    """Whoever uploads run.json must not make a dear run look cheap to the cap, or to who approves it."""
    own = plan(evaluation=evaluation(prices={HAIKU: {"input": price, "output": price}}))
    assert estimate(own, environment_prices(PRICES, own, None)) == estimate(plan(), PRICES)
    unknown = estimate(own, environment_prices(without(set(), asked=True), own, None))
    assert unknown.total_usd is None
    assert [each.severity for each in cost_findings(unknown, 1000.0, accept_unknown=False)] == ["error"]

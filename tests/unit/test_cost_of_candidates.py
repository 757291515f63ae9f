"""What a run with several candidates costs: each one's training, and all that is served."""

from typing import Any

import pytest

from lambdas.domain.cost.actual import cost_sentence
from lambdas.domain.cost.answer_prices import answer_prices
from lambdas.domain.cost.by_candidate import CandidateCost
from lambdas.domain.cost.cost_findings import cost_findings
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.lines import training_factor_text
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidates import Candidate
from tests.unit.test_actual_cost import answers, cost
from tests.unit.test_actual_cost import usd as actual_usd
from tests.unit.test_cost import BASE, PRICES, TRAINING_SET, TUNED, plan, total, uneven_plan, usd, without
from tests.unit.test_failed_cost import used

FRACTIONS = (1, 0.5, 0.25, 0.125)
FEW_SHOT = {"tuned": TUNED, "tuned-few-shot-3": Arm(model_id=None, few_shot=3), "base": BASE}


def curve(**changes: Any) -> Plan:
    """Four candidates of two epochs on 400, 200, 100 and 50 records, all served."""
    sizes = [
        TRAINING_SET.model_copy(update={"records": int(400 * part), "tokens": int(50_000 * part)}) for part in FRACTIONS
    ]
    candidates = [
        Candidate(number=number, hyperparameters={"epochCount": "2"}, training_set=size)
        for number, size in enumerate(sizes, start=1)
    ]
    return plan(**{"candidates": candidates, "serve": "all", **changes})


def test_fractions_cost_1_875_times_one_runs_training_at_equal_epochs() -> None:
    """An eighth, a quarter, a half and the whole."""
    one, four = estimate(plan(), PRICES), estimate(curve(), PRICES)
    assert usd(four)["training"] == pytest.approx(1.875 * (usd(one)["training"] or 0))
    assert four.training_factor == 1.875
    sentence = "The candidates train on 1.875 times the tokens of one run."
    assert training_factor_text(four.training_factor) == sentence
    assert four.lines[0].note.endswith(sentence)


def test_factor_is_computed_from_each_candidates_own_epochs_and_not_told_of_one_candidate() -> None:
    """A small set that trains for longer is not an eighth of the cost."""
    first, *smaller = curve().candidates
    longer = [one.model_copy(update={"hyperparameters": {"epochCount": "8"}}) for one in smaller]
    assert estimate(curve(candidates=[first, *longer]), PRICES).training_factor == 1 + 4 * 0.875
    single = estimate(plan(), PRICES)
    assert (single.training_factor, training_factor_text(single.training_factor)) == (1, "")


@pytest.mark.parametrize(
    ("serve", "leases"),
    [("best", 1), ("all", 4), ([2, 3], 3), ([1, 2, 3, 4], 4), ([1, 9], 2), ([9], 1)],
)
def test_each_served_candidate_pays_for_a_throughput_of_its_own(serve: str | list[int], leases: int) -> None:
    """The chosen one may be none of those that are named: it is counted, too."""
    found = estimate(curve(serve=serve), PRICES)
    assert usd(found)["throughput"] == leases * 40
    (line,) = [line for line in found.lines if line.id == "throughput"]
    assert line.note.startswith(f"{leases} candidates are served" if leases > 1 else "30 minutes of creation")


def test_begun_hours_of_each_throughput_count_whole() -> None:
    """Two of 34 minutes are two hours, not one and a bit."""
    assert usd(estimate(curve(serve=[1]), PRICES))["throughput"] == 80
    quarters = PRICES.model_copy(update={"throughput_billing_seconds": 900})
    assert usd(estimate(curve(), quarters))["throughput"] == 4 * 40 * 0.75


def test_only_the_chosen_candidate_answers_with_examples() -> None:
    """Four rounds of ten shards take 43 minutes; five shards alone take 37."""
    minutes = PRICES.model_copy(update={"throughput_billing_seconds": 60})
    found = estimate(curve(arms=FEW_SHOT), minutes)
    assert usd(found)["throughput"] == pytest.approx(40 * (40 + 3 * 37) / 60)
    (line,) = [line for line in found.lines if line.id == "throughput"]
    assert "10 of answers for the chosen one, 7 for each other one" in line.note


def test_on_demand_the_other_candidates_pay_for_their_plain_answers() -> None:
    """Three of them, whose names nobody knows before the training."""
    found = estimate(curve(serving="on_demand", arms=FEW_SHOT), PRICES)
    assert usd(found)["answers/candidates/input"] == pytest.approx(3 * 20 * 0.001)
    assert usd(found)["answers/candidates/output"] == pytest.approx(3 * 3 * 0.002)
    assert not [line for line in estimate(curve(), PRICES).lines if line.id.startswith("answers/candidates")]
    assert not [line for line in estimate(plan(serving="on_demand"), PRICES).lines if "candidates" in line.id]


def test_cap_counts_all_that_is_served() -> None:
    """A run of one candidate stays below it."""
    assert cost_findings(estimate(plan(), PRICES), 100, accept_unknown=False) == []
    (above,) = cost_findings(estimate(curve(), PRICES), 100, accept_unknown=False)
    assert "most of it is throughput" in above.message
    assert "candidates to serve" in above.remedy


@pytest.mark.parametrize("serve", ["best", "all", [2], [1, 2, 3, 4]])
@pytest.mark.parametrize("serving", ["provisioned_throughput", "on_demand"])
@pytest.mark.parametrize("arms", [{"tuned": TUNED}, FEW_SHOT])
def test_parts_of_the_candidates_add_up_to_training_and_serving(
    serve: str | list[int], serving: str, arms: dict[str, Arm]
) -> None:
    """What is left of the total are the baselines, the judges and the storage."""
    run_plan = curve(serve=serve, serving=serving, arms=arms)
    found = estimate(run_plan, PRICES)
    parts = sum((row.training_usd or 0) + (row.serving_usd or 0) for row in found.candidates)
    others = [line.usd or 0 for line in found.lines if line.id == "storage" or line.id.startswith("answers/base")]
    assert parts == pytest.approx(total(found) - sum(others))


def test_each_candidate_is_told_with_its_records_and_values() -> None:
    """The chosen one is a line of its own where it need not be one of the named ones."""
    first, second, *_, chosen = estimate(curve(serve=[2]), PRICES).candidates
    values = {"epochCount": "2"}
    assert first == CandidateCost(
        candidate=1, records=400, hyperparameters=values, training_usd=1.0, served=False, serving_usd=0.0
    )
    assert second == CandidateCost(
        candidate=2, records=200, hyperparameters=values, training_usd=0.5, served=True, serving_usd=40.0
    )
    assert chosen == CandidateCost(candidate=None, training_usd=0.0, served=True, serving_usd=40.0)
    assert [row.candidate for row in estimate(curve(), PRICES).candidates] == [1, 2, 3, 4]
    assert [row.candidate for row in estimate(plan(arms=FEW_SHOT), PRICES).candidates] == [1]


def test_unknown_price_leaves_a_candidates_part_unknown() -> None:
    """Never nothing."""
    found = estimate(curve(), without({"training_per_1000_tokens", "model_unit_per_hour"}, asked=False)).candidates
    assert {(row.training_usd, row.serving_usd) for row in found} == {(None, None)}
    assert found[0].records == 400


def test_actual_cost_has_the_hours_of_every_throughput() -> None:
    """Each begun hour is one of its own."""
    found = cost(curve(), leases=[330.5, 3700, 20], started=(1, 2, 3, 4))
    assert actual_usd(found)["throughput"] == (1 + 2 + 1) * 40
    (line,) = [line for line in found.actual.lines if line.id == "throughput"]
    assert line.note.startswith("In service for 330 + 3,700 + 20 s,")
    assert [row.candidate for row in found.candidates] == [1, 2, 3, 4]


def test_actual_answers_of_the_other_candidates_stand_on_the_estimates_line() -> None:
    """So that a reader sees the difference."""
    found = cost(curve(serving="on_demand"), leases=(), others=("candidate-2", "candidate-3"))
    assert actual_usd(found)["answers/candidates/input"] == pytest.approx(2 * 1.0 * 0.001)
    assert not [line.id for line in found.actual.lines if "candidate-" in line.id]
    assert "answers/candidates/output" in {line.id for line in found.difference.lines}


def test_failed_run_is_billed_for_each_throughput_that_it_had() -> None:
    """An unknown one leaves the line unknown."""
    assert used(run_plan=curve(), leases=[61 * 60, 60])["throughput"] == 120
    assert used(run_plan=curve(), leases=[61 * 60, None])["throughput"] is None
    on_demand = curve(serving="on_demand")
    assert "answers/candidates/input" not in used(run_plan=on_demand)
    assert "answers/candidates/input" in used(run_plan=on_demand, leases=[60])


def test_price_of_a_candidates_answers_is_that_of_its_own_throughput() -> None:
    """The time of the chosen one's throughput is not shared with it."""
    figures = {"tuned": answers(), "base": answers(), "candidate-2": answers()}
    by_time = answer_prices(curve(), figures, PRICES)
    assert by_time["candidate-2"] == by_time["tuned"]
    by_tokens = answer_prices(curve(serving="on_demand"), figures, PRICES)
    assert by_tokens["candidate-2"] == by_tokens["tuned"] == pytest.approx(0.1 + 0.02)


def test_sizes_of_one_run_are_no_fork_of_one_candidate() -> None:
    """Two candidates of which one is served cost what they train more."""
    extra = total(estimate(uneven_plan(), PRICES)) - total(estimate(plan(), PRICES))
    assert extra == pytest.approx(10 * 2 * 0.01)


def test_a_throughput_that_never_was_in_service_makes_the_actual_cost_unknown() -> None:
    """Whether AWS bills its creation is not documented: that is never nothing, and no missing price."""
    found = cost(curve(), leases=[330.5, None], started=(1, 2, 3, 4))
    assert actual_usd(found)["throughput"] == 40
    assert actual_usd(found)["throughput/unknown"] is None
    assert found.actual.total_usd is None
    assert found.actual.known_usd == sum(each or 0 for each in actual_usd(found).values())
    said = cost_sentence(found, simulated=False)
    assert said.startswith("What the run cost is unknown: nobody knows what bills of throughput without a known time. ")
    assert "no price" not in said

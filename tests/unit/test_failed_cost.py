"""What a run that failed has used: never nothing where something was billed, never a guess where nobody counted."""

from collections.abc import Sequence

import pytest

from lambdas.domain.cost.actual import RunCost
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.failed_run import FailedUsage, failed_cost
from lambdas.domain.cost.price_file import Prices
from lambdas.domain.evaluation.arms import Arm
from lambdas.domain.plan.plan import Plan
from tests.unit.test_cost import BASE, PRICES, TUNED, evaluation, plan, uneven_plan


def cost(usage: FailedUsage, run_plan: Plan | None = None, prices: Prices = PRICES) -> RunCost:
    """The cost of a run that failed."""
    run_plan = run_plan or plan()
    return failed_cost(run_plan, estimate(run_plan, prices), usage)


def used(
    *,
    started: Sequence[int] = (1,),
    completed: bool = True,
    leases: Sequence[float | None] = (),
    models_left: int = 0,
    jobs_unknown: bool = False,
    run_plan: Plan | None = None,
    prices: Prices = PRICES,
) -> dict[str, float | None]:
    """Each line's USD of a failed run's actual cost."""
    usage = FailedUsage(started, completed, leases, models_left, jobs_unknown)
    found = cost(usage, run_plan, prices)
    return {line.id: line.usd for line in found.actual.lines}


def test_run_that_preflight_refused_has_its_estimate_and_cost_nothing() -> None:
    """The estimate is why it was refused."""
    found = cost(FailedUsage())
    assert found.estimate.total_usd == pytest.approx(46.2)
    assert (found.actual.lines, found.actual.total_usd) == ([], 0)
    assert found.difference.total_usd == pytest.approx(-46.2)


def test_rejected_purchase_leaves_training_and_storage_to_pay() -> None:
    """Nothing was bought, but something was trained and is kept."""
    found = used(models_left=1)
    assert found["training"] == pytest.approx(50 * 2 * 0.01)
    assert found["storage"] == 2
    assert found["answers/base/input"] is None
    assert "throughput" not in found


def test_answers_after_the_purchase_cost_nothing_before_it() -> None:
    """Tuned arms and judges are asked once something serves the model."""
    arms = {"tuned": TUNED, "tuned-few-shot-3": Arm(model_id=None, few_shot=3), "base": BASE}
    on_demand = plan(serving="on_demand", arms=arms, evaluation=evaluation(judges=["judge"]))
    assert set(used(run_plan=on_demand)) == {"training", "answers/base/input", "answers/base/output"}
    assert {"answers/tuned-few-shot-3/input", "judging/judge/output"} <= set(used(run_plan=on_demand, leases=[None]))


@pytest.mark.assumption("billing-stopped-job")
def test_job_that_was_stopped_is_billed_for_an_unknown_part() -> None:
    """Zero and all of it would both be guesses."""
    assert used(completed=False)["training"] is None
    assert used()["training"] == pytest.approx(1)


def test_training_that_nobody_could_ask_for_is_unknown() -> None:
    """Where the stop got no answer, jobs may have trained: nothing of them in the state does not mean nothing."""
    found = used(started=(), jobs_unknown=True)
    assert found["training"] is None
    assert found["answers/base/input"] is None


def test_only_jobs_that_were_started_are_counted() -> None:
    """A job that waited for room until the end is not billed."""
    assert used(run_plan=plan(jobs=3), started=(1, 2))["training"] == pytest.approx(50 * 4 * 0.01)


@pytest.mark.assumption("billing-throughput-by-begun-hour", "billing-throughput-by-unit-and-hour")
def test_throughput_is_billed_by_begun_hours_and_unknown_without_its_times() -> None:
    """61 minutes are two hours; what never was in service may be billed all the same."""
    assert used(leases=[61 * 60])["throughput"] == 80
    assert used(leases=[None])["throughput"] is None


def test_throughput_of_a_failed_run_is_billed_in_the_steps_of_the_price_file() -> None:
    """A run that succeeds is, and the failed one has the same bill: 61 minutes in steps of a minute."""
    prices = PRICES.model_copy(update={"throughput_billing_seconds": 60})
    assert used(leases=[61 * 60], prices=prices)["throughput"] == pytest.approx(40 * 61 / 60)


def test_each_started_job_is_billed_for_its_own_training_set() -> None:
    """Candidates may train on different sets."""
    assert used(run_plan=uneven_plan(), started=(2,))["training"] == pytest.approx(10 * 2 * 0.01)

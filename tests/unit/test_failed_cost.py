"""What a run that failed has used: never nothing where something was billed, never a guess where nobody counted."""

from typing import Any

import pytest

from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.failed_run import failed_cost
from tests.unit.test_cost import PRICES, plan

STORED = {"preflight": {"estimate": estimate(plan(), PRICES).model_dump()}}
TRAINED = {"candidates": [{"number": 1, "arn": "arn:job", "status": "Completed"}]}
SERVED = {
    "arn": "arn:throughput",
    "in_service_at": "2026-11-22T10:00:00.000Z",
    "deleted_at": "2026-11-22T11:01:00.000Z",
}


def used(models_left: int = 0, **state: Any) -> dict[str, float | None]:
    """Each line's USD of a failed run's actual cost."""
    cost = failed_cost({**STORED, "plan": plan(), **state}, models_left)
    assert cost is not None
    return {line["item"]: line["usd"] for line in cost["actual"]["lines"]}


def test_run_without_an_estimate_has_no_cost() -> None:
    """A run may fail before its preflight, or because of its price file."""
    assert failed_cost({}, 0) is None
    assert failed_cost({"preflight": {"estimate": None}}, 0) is None


def test_run_that_preflight_refused_has_its_estimate_and_cost_nothing() -> None:
    """The estimate is why it was refused."""
    cost = failed_cost({**STORED, "plan": plan()}, 0)
    assert cost is not None
    assert cost["estimate"]["total_usd"] == pytest.approx(46.2)
    assert (cost["actual"]["lines"], cost["actual"]["total_usd"]) == ([], 0)
    assert cost["difference"]["total_usd"] == pytest.approx(-46.2)


def test_rejected_purchase_leaves_training_and_storage_to_pay() -> None:
    """Nothing was bought, but something was trained and is kept."""
    found = used(models_left=1, jobs=TRAINED)
    assert found["training"] == pytest.approx(50 * 2 * 0.01)
    assert found["custom model storage, first month"] == 2
    assert found["answers of base, input"] is None
    assert "throughput" not in found


def test_job_that_was_stopped_is_billed_for_an_unknown_part() -> None:
    """Zero and all of it would both be guesses."""
    stopped = {"candidates": [{"number": 1, "arn": "arn:job", "status": "Stopped"}]}
    assert used(jobs=stopped)["training"] is None
    assert used(jobs=TRAINED)["training"] == pytest.approx(1)


def test_training_that_nobody_could_ask_for_is_unknown() -> None:
    """Where the stop got no answer, jobs may have trained: nothing of them in the state does not mean nothing."""
    found = used(stop_failure={"Error": "ServiceBusy", "Cause": ""})
    assert found["training"] is None
    assert found["answers of base, input"] is None


def test_sweep_counts_the_jobs_that_were_started() -> None:
    """A job that waited for room until the end is not billed."""
    jobs = [
        {"number": 1, "arn": "a", "status": "Completed"},
        {"number": 2, "arn": "b", "status": "Completed"},
        {"number": 3, "arn": None, "status": "Failed"},
    ]
    found = used(plan=plan(jobs=3), jobs={"candidates": jobs})
    assert found["training"] == pytest.approx(50 * 4 * 0.01)


def test_throughput_is_billed_by_begun_hours_and_unknown_without_its_times() -> None:
    """61 minutes are two hours; what never was in service may be billed all the same."""
    assert used(jobs=TRAINED, serving=SERVED)["throughput"] == 80
    assert used(jobs=TRAINED, serving={**SERVED, "in_service_at": None})["throughput"] is None
    assert used(jobs=TRAINED, serving={**SERVED, "deleted_at": None})["throughput"] is None

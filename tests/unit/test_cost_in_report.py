"""The cost in a report, from the facts in the run's state."""

from typing import Any

import pytest

from lambdas.domain.cost.actual import RunCost
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.preflight.checks import PreflightDocument
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.serving.leases import EndedLease, Servings
from lambdas.domain.serving.serving import Serving
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs
from tests.unit.run_states import make_serving
from tests.unit.test_cost import PRICES, plan

JOB = CandidateJob(number=1, name="c1", hyperparameters={}, arn="a", status="Completed")
TRAINED = Jobs(status="Completed", candidates=[JOB])
IN_SERVICE, DELETED = "2026-11-22T10:00:00.000Z", "2026-11-22T11:01:00.000Z"


def failed_cost(candidates: int = 1, *, estimated: bool = True, **facts: Any) -> RunCost | None:
    """The `cost` of a failed run's report."""
    made = estimate(plan(), PRICES) if estimated else None
    document = PreflightDocument(status="passed", checked_at="now", checks=[], findings=[], estimate=made)
    known = RunFacts(**{"run_id": "run", "plan": plan(jobs=candidates), "preflight": document, **facts})
    return assemble_failure(known, "Error", "Cause.").cost


def used(candidates: int = 1, **facts: Any) -> dict[str, float | None]:
    """Each line's USD of a failed run's actual cost."""
    cost = failed_cost(candidates, **facts)
    assert cost is not None
    return {line.id: line.usd for line in cost.actual.lines}


def test_run_without_an_estimate_has_no_cost() -> None:
    """A run may fail before its preflight, or because of its price file."""
    assert failed_cost(preflight=None) is None
    assert failed_cost(estimated=False) is None


def test_stopped_job_is_billed_as_planned_only_where_it_ran_to_its_end() -> None:
    """A job may complete while it is being stopped."""
    for status, usd in (("Stopped", None), ("Completed", pytest.approx(1))):
        jobs = TRAINED.model_copy(update={"candidates": [JOB.model_copy(update={"status": status})]})
        assert used(jobs=jobs)["training"] == usd


def test_stop_that_failed_leaves_the_training_unknown() -> None:
    """Jobs may have trained, although none is in the state."""
    assert used(jobs_unknown=True)["training"] is None


def test_jobs_without_an_arn_were_not_started() -> None:
    """A job that waited for room until the end is not billed."""
    jobs = [JOB.model_copy(update={"number": n, "arn": arn}) for n, arn in ((1, "a"), (2, "b"), (3, None))]
    assert used(3, jobs=TRAINED.model_copy(update={"candidates": jobs}))["training"] == pytest.approx(50 * 4 * 0.01)


def test_throughput_needs_both_of_its_times_to_be_known() -> None:
    """What never was in service may be billed all the same."""
    for times, usd in (((IN_SERVICE, DELETED), 80), ((None, DELETED), None), ((IN_SERVICE, None), None)):
        in_service_at, deleted_at = times
        serving = Serving.parse(make_serving(in_service_at=in_service_at, deleted_at=deleted_at))
        assert (
            used(jobs=TRAINED, servings=serving and Servings(leases=[EndedLease(number=1, serving=serving)]))[
                "throughput"
            ]
            == usd
        )

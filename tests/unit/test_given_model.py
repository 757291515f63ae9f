"""A run whose model exists already: it trains nothing, deletes nothing of it, and says so."""

from typing import Any

import pytest
from pydantic import ValidationError

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.cost.actual import Costs, Usage, report_cost
from lambdas.domain.cost.estimate import estimate
from lambdas.domain.cost.price_file import default_prices
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.training.candidate_jobs import Jobs, record_checks
from lambdas.domain.training.choice import choose
from lambdas.domain.training.given_model import GivenModel, complete_jobs, go_on_with
from tests.unit.run_states import make_plan

ARN = "arn:aws:bedrock:us-west-2:123456789012:custom-model/haiku/abcdefghijkl"
FOUND = GivenModel(
    ARN, "earlier-c1", "haiku", "Active", "2026-11-22T09:50:00.000Z", {"epochCount": "2"}, 0.5, 0.4, True
)


def plan(**changes: Any) -> Plan:
    """The plan of a run that names the model."""
    return Plan.parse(make_plan(candidates=[], custom_model=ARN, **changes))


def test_its_jobs_are_complete_at_once_and_stay_so() -> None:
    """The state machine has one path: there is nothing to wait for on it."""
    jobs = complete_jobs(ARN, FOUND)
    assert (jobs.status, jobs.wait_seconds, jobs.may_start) == ("Completed", 0, False)
    checked = record_checks(jobs, jobs.candidates)
    assert (checked.status, checked.wait_seconds, checked.may_start) == ("Completed", 0, False)


def test_it_is_the_model_that_is_served() -> None:
    """With the hyperparameters and the loss that it was made with, and no job of this run."""
    model = choose(complete_jobs(ARN, FOUND))
    assert (model.model_arn, model.job_arn, model.validation_loss) == (ARN, "", 0.4)
    assert model.hyperparameters == {"epochCount": "2"}
    assert "custom_model" in model.reason


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "does not exist"),
        (GivenModel(ARN, "n", "b", "Creating", "t", {}, None, None, simulated=False), "is Creating"),
    ],
)
def test_one_that_is_gone_since_the_preflight_ends_the_run(found: GivenModel | None, said: str) -> None:
    """Nothing is trained in its place: that would cost what nobody has asked for."""
    with pytest.raises(CustomizationFailed, match=rf"{said}.*take custom_model out of run\.json"):
        complete_jobs(ARN, found)


def test_its_estimate_and_its_cost_have_no_training_and_no_new_storage() -> None:
    """Both were paid for by the run that trained it."""
    prices = default_prices()
    made = estimate(plan(), prices)
    trained = estimate(Plan.parse(make_plan()), prices)
    assert {line.id for line in trained.lines} - {line.id for line in made.lines} == {"training", "storage"}
    usage = Usage(started_jobs=[], kept_models=1, leases=(), answers={}, judges=[])
    cost = report_cost(plan(), usage, Costs(prices, made, {}))
    assert {line.id for line in cost.actual.lines}.isdisjoint({"training", "storage"})


def test_its_report_says_that_the_run_did_not_train_it() -> None:
    """Also where the run failed before it was served."""
    for jobs in (None, complete_jobs(ARN, FOUND)):
        report = assemble_failure(RunFacts("run", plan=plan(), jobs=jobs), "EvaluationFailed", "No answers.")
        assert (report.custom_model_given, report.custom_model_arn) == (True, ARN)
        [left] = report.left_on_purpose
        assert "the run did not train it" in left.note
        assert report.training.job_arn is None


def test_a_plan_has_models_to_train_or_names_one() -> None:
    """A run with neither would end where nobody looks."""
    with pytest.raises(ValidationError, match="a candidate or a custom model"):
        Plan.model_validate(make_plan(candidates=[]))
    assert Jobs.parse(complete_jobs(ARN, FOUND).dump()).candidates[0].model_arn == ARN


def test_a_failure_names_the_command_that_goes_on() -> None:
    """Nobody has to know which files the run has read."""
    assert f'use `fine-tune retry sales-0123456789ab`, or put "custom_model": "{ARN}"' in go_on_with(
        [ARN], "sales-0123456789ab"
    )
    assert f'without training again, put "custom_model": "{ARN}"' in go_on_with([ARN], None)

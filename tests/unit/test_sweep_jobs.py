"""What becomes of a sweep's jobs in report and message, and which loss counts."""

from typing import Any

import pytest

from lambdas.domain.dataset.planned_set import PlannedSet
from lambdas.domain.report.assemble import assemble_failure, known_facts
from lambdas.domain.report.failure import explain
from lambdas.domain.training.candidate_jobs import pending
from lambdas.domain.training.candidates import Candidate
from lambdas.domain.training.choice import is_discarded, keeps_models, kept_validation_loss
from lambdas.domain.training.losses import Loss, Losses
from lambdas.domain.training.summary import summarise, values_explained

LOSSES = Losses(tuple(Loss(step, step, loss) for step, loss in enumerate((0.9, 0.7, 0.5, 0.6), 1)), 0)


def candidate(number: int, model: str | None = None, **facts: Any) -> dict[str, Any]:
    made = {"status": "Completed", "model_arn": f"arn:model-{number}", "validation_loss": 0.5}
    training_set = PlannedSet(uri="s3://bucket/train.jsonl", records=40)
    planned = Candidate(number=number, hyperparameters={"batchSize": str(4 * number)}, training_set=training_set)
    known = pending(planned, f"ft-run-c{number}")
    return {**known.dump(), **made, "model": model, **facts}


def state(*candidates: dict[str, Any], chosen: int | None = None) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = [{"number": number, "hyperparameters": {}} for number in (1, 2)]
    plan = {"candidates": jobs, "candidates_note": "Neighbours were tried."}
    served: dict[str, Any] = {"number": chosen, "model_arn": f"arn:model-{chosen}", "hyperparameters": {}}
    model = {"model": served} if chosen else {}
    return {
        "run": {"id": "run", "execution_arn": "arn:e"},
        "plan": plan,
        "jobs": {"candidates": [*candidates]},
        **model,
    }


def test_with_early_stopping_the_lowest_loss_is_the_models_and_else_the_last() -> None:
    """Bedrock keeps the best epoch only where it stops early."""
    assert kept_validation_loss(LOSSES, {"earlyStoppingPatience": "2"}) == 0.5
    assert kept_validation_loss(LOSSES, {}) == 0.6
    assert kept_validation_loss(Losses((), 3), {}) is None


@pytest.mark.parametrize(
    ("chosen", "keep_models", "keep_job", "discarded"),
    [
        (1, False, False, False),
        (2, False, False, True),
        (2, True, False, False),
        (2, False, True, True),
        (None, False, False, True),
        (None, False, True, False),
        (None, True, False, False),
    ],
)
def test_what_goes_and_what_stays(chosen: int | None, keep_models: bool, keep_job: bool, discarded: bool) -> None:
    """The rule that the run and the reconciler share, for job 1."""
    assert is_discarded(1, chosen, keep_models=keep_models, keep_job=keep_job) is discarded


def test_a_run_with_one_job_has_no_sweep() -> None:
    """Nothing was compared."""
    assert summarise({"candidates": [{"number": 1}]}, {}, {}) is None


@pytest.mark.parametrize(("candidates", "wanted", "kept"), [(1, False, True), (2, False, False), (2, True, True)])
def test_the_only_model_of_a_run_is_kept(candidates: int, wanted: bool, kept: bool) -> None:
    """What was trained is worth more than a month of its storage, also where the run fails before the choice."""
    assert keeps_models(candidates, keep_models=wanted) is kept


def test_report_explains_the_values_of_the_chosen_job() -> None:
    """The values that were recommended are not those of the model that was measured."""
    size = {"source": "size", "reason": "180 training records."}
    recommended = [{"name": "batchSize", "value": "4", **size}, {"name": "epochCount", "value": "4", **size}]
    plan = {"recommended": recommended}
    chosen = {"number": 2, "hyperparameters": {"batchSize": "8", "epochCount": "4"}}
    assert values_explained(plan, chosen) == [
        {
            "name": "batchSize",
            "value": "8",
            "source": "sweep",
            "reason": "Job 2 has the lowest validation loss with it. Recommended: 4. 180 training records.",
        },
        recommended[1],
    ]
    state = {"run": {"id": "run"}, "plan": plan}
    assert known_facts({**state, "model": chosen}).dump()["recommended"] == values_explained(plan, chosen)
    first = {"number": 1, "hyperparameters": {}}
    assert known_facts({**state, "model": first}).dump()["recommended"] == recommended
    assert known_facts({"run": {"id": "run"}}).recommended is None


def test_a_failed_run_tells_its_jobs_and_what_it_leaves() -> None:
    """A kept model costs storage each month: whoever reads of the failure must find it there."""
    failed = state(
        candidate(1, "kept"), candidate(2, "deleted", status="Failed", model_arn=None, failure="Line 7."), chosen=1
    )
    written = assemble_failure(failed, "ThroughputFailed", "No quota.")
    assert written.sweep is not None
    assert [job.status for job in written.sweep.jobs] == ["Completed", "Failed"]
    assert [job.kept for job in written.sweep.jobs] == [True, False]
    assert written.sweep.jobs[1].failure == "Line 7."
    assert [left.arn for left in written.left_on_purpose] == ["arn:model-1"]


def test_the_message_says_what_became_of_jobs_and_models() -> None:
    """One model of three is left, and only the reader can know what for."""
    stopped = [candidate(4, status="Stopping", model_arn=None), candidate(5, status="Stopped", model_arn=None)]
    failed = state(candidate(1, "kept"), candidate(2, "deleted"), candidate(3, "left"), *stopped)
    failed |= {
        "failure": {"Error": "EvaluationFailed", "Cause": "No answers."},
    }
    cause = explain(failed).cause
    assert "The customization jobs ft-run-c4, ft-run-c5 were stopped." in cause
    assert "The custom model arn:model-2 was deleted" in cause
    assert "The custom model arn:model-3 is not deleted yet, which the reconciler does." in cause
    assert "The custom model arn:model-1 is kept." in cause

"""What becomes of a sweep's jobs in report and message, and which loss counts."""

import pytest

from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.assemble import assemble_failure, known_facts
from lambdas.domain.report.failure import explain
from lambdas.domain.report.run_facts import RunFacts
from lambdas.domain.report.sweep import explain_values, summarise_sweep
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel, is_discarded, kept_validation_loss
from lambdas.domain.training.losses import Loss, Losses
from tests.unit.run_states import RUN_ID, make_job, make_jobs, make_model, make_plan, state_at

LOSSES = Losses(tuple(Loss(step, step, loss) for step, loss in enumerate((0.9, 0.7, 0.5, 0.6), 1)), 0)


def test_with_early_stopping_the_lowest_loss_is_the_models_and_else_the_last() -> None:
    """Bedrock keeps the best epoch only where it stops early."""
    assert kept_validation_loss(LOSSES, {"earlyStoppingPatience": "2"}) == 0.5
    assert kept_validation_loss(LOSSES, {}) == 0.6
    assert kept_validation_loss(Losses((), 3), {}) is None


@pytest.mark.parametrize(
    ("chosen", "keep_models", "discarded"),
    [(1, False, False), (2, False, True), (2, True, False), (None, False, False), (None, True, False)],
)
def test_what_goes_and_what_stays(chosen: int | None, keep_models: bool, discarded: bool) -> None:
    """The rule that the run and the reconciler share, for job 1: without a choice nothing goes."""
    assert is_discarded(1, chosen, keep_models=keep_models) is discarded


def test_a_run_with_one_job_has_no_sweep() -> None:
    """Nothing was compared."""
    assert summarise_sweep(Plan.parse(make_plan()), Jobs.parse(make_jobs(make_job())), None) is None


def test_report_explains_the_values_of_the_chosen_job() -> None:
    """The values that were recommended are not those of the model that was measured."""
    size = {"source": "size", "reason": "180 training records."}
    recommended = [{"name": "batchSize", "value": "4", **size}, {"name": "epochCount", "value": "4", **size}]
    plan = Plan.parse(make_plan(2, recommended=recommended))
    chosen = TunedModel.parse(make_model(2, hyperparameters={"batchSize": "8", "epochCount": "4"}))
    changed = {
        "name": "batchSize",
        "value": "8",
        "source": "sweep",
        "reason": "Job 2 has the lowest validation loss with it. Recommended: 4. 180 training records.",
    }
    assert [one.dump() for one in explain_values(plan, chosen)] == [changed, recommended[1]]
    without_loss = chosen.model_copy(update={"validation_loss": None, "reason": "Bedrock gave no validation loss."})
    assert "Job 2 was taken. Recommended: 4." in explain_values(plan, without_loss)[0].reason
    assert known_facts(RunFacts("run", plan, model=chosen)).recommended == explain_values(plan, chosen)
    assert known_facts(RunFacts("run", plan)).recommended == plan.recommended
    assert known_facts(RunFacts("run")).recommended is None


def test_report_says_that_the_chosen_model_was_trained_on_a_part() -> None:
    """What is recommended for all records is not what is recommended for some of them."""
    recommended = [{"name": "batchSize", "value": "4", "source": "size", "reason": "40 training records."}]
    planned = make_plan(2, recommended=recommended)
    planned["candidates"][1]["training_set"] = {"uri": "s3://out/train-20.jsonl", "records": 20, "tokens": 4500}
    [value] = explain_values(Plan.parse(planned), TunedModel.parse(make_model(2, hyperparameters={"batchSize": "8"})))
    assert value.reason == (
        "Job 2, which trains on 20 records, has the lowest validation loss with it. "
        "Recommended for the whole training set: 4. 40 training records."
    )


def test_a_failed_run_tells_its_jobs_and_what_it_leaves() -> None:
    """A kept model costs storage each month: whoever reads of the failure must find it there."""
    jobs = make_jobs(make_job(model="kept"), make_job(2, "Failed", failure="Line 7."))
    facts = RunFacts("run", Plan.parse(make_plan(2)), Jobs.parse(jobs), TunedModel.parse(make_model()))
    written = assemble_failure(facts, "ThroughputFailed", "No quota.")
    assert written.sweep is not None
    assert [job.status for job in written.sweep.jobs] == ["Completed", "Failed"]
    assert [job.kept for job in written.sweep.jobs] == [True, False]
    assert written.sweep.jobs[1].failure == "Line 7."
    assert [left.arn for left in written.left_on_purpose] == ["arn:model-1"]


def test_the_message_says_what_became_of_jobs_and_models() -> None:
    """One model of three is left, and only the reader can know what for."""
    made = [make_job(number, model=model) for number, model in enumerate(("kept", "deleted", "left"), 1)]
    jobs = make_jobs(*made, make_job(4, "Stopping"), make_job(5, "Stopped"))
    failure = {"Error": "EvaluationFailed", "Cause": "No answers."}
    cause = explain(state_at("evaluation", plan=make_plan(5), jobs=jobs, failure=failure)).cause
    assert f"The customization jobs ft-{RUN_ID}-c4, ft-{RUN_ID}-c5 were stopped." in cause
    assert "The custom model arn:model-2 was deleted, since another one was chosen." in cause
    assert "The custom model arn:model-3 is not deleted yet; the reconciler deletes what is left." in cause
    assert "The custom model arn:model-1 is kept." in cause

"""StopJobs."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.aws.service_errors import Refused
from lambdas.handlers.stop_jobs import handler
from tests.handlers.bedrock.conftest import Describe, Script

GET, STOP = "GetModelCustomizationJob", "StopModelCustomizationJob"


def test_a_job_whose_start_was_never_recorded_is_stopped(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The state has no `job` where the start's answer was lost, and yet the job bills for its training."""
    bedrock.answer(GET, job_description())
    bedrock.answer(GET, job_description(status="Stopping"))
    bedrock.answer(STOP)
    stopped = handler({"run": run, "plan": plan}, lambda_context)
    [job] = stopped["candidates"]
    assert (job["name"], job["arn"], job["status"]) == (expect["job_name"], expect["job_arn"], "Stopping")
    assert bedrock.requests(STOP) == [{"jobIdentifier": expect["job_arn"]}]


def test_a_complete_job_keeps_its_model(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """A failed baseline must not cost a trained model."""
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    assert handler({"run": run, "plan": plan}, lambda_context)["candidates"][0]["model_arn"] == expect["model_arn"]
    assert bedrock.requests(STOP) == []


def test_no_job_is_nothing_to_stop(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The lane also serves runs whose start was refused."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    assert handler({"run": run, "plan": plan}, lambda_context)["candidates"][0]["arn"] is None


def test_a_job_that_ends_meanwhile_is_left_alone(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], job_description: Describe, lambda_context: LambdaContext
) -> None:
    """Between the question and the stop the job may end: that is no failure of the clean-up."""
    bedrock.answer(GET, job_description())
    bedrock.answer(GET, job_description(status="Failed"))
    bedrock.refuse(STOP, "ConflictException", "already ended", status=409)
    assert handler({"run": run, "plan": plan}, lambda_context)["candidates"][0]["status"] == "Failed"


def test_a_refused_stop_is_told(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], job_description: Describe, lambda_context: LambdaContext
) -> None:
    """The explanation must not say that the job was stopped."""
    bedrock.answer(GET, job_description())
    bedrock.refuse(STOP, "AccessDeniedException", "not authorized")
    with pytest.raises(Refused, match="not authorized"):
        handler({"run": run, "plan": plan}, lambda_context)


def test_a_job_that_the_settings_keep_trains_on(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """The training may be worth more than the run that failed."""
    bedrock.answer(GET, job_description())
    stopped = handler({"run": run, "plan": {**plan, "keep_job": True}}, lambda_context)
    assert stopped["candidates"][0]["status"] == "InProgress"
    assert bedrock.requests(STOP) == []


LIST_BATCH, STOP_BATCH = "ListModelInvocationJobs", "StopModelInvocationJob"
CURATION = {"clean": {"judges": ["amazon.nova-pro-v1:0"], "mode": "report"}}


def batch_job(name: str, number: int = 1) -> dict[str, Any]:
    """As Bedrock's list has it."""
    return {
        "jobArn": f"arn:aws:bedrock:us-west-2:123456789012:model-invocation-job/abcdefghijk{number}",
        "jobName": name,
        "modelId": "amazon.nova-pro-v1:0",
        "roleArn": "arn:aws:iam::123456789012:role/batch",
        "submitTime": "2026-11-29T00:00:00Z",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://output-bucket/asks.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://output-bucket/output/"}},
    }


def test_batch_jobs_of_a_curation_are_stopped_by_their_names(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """The answer that told a job's ARN may have been lost."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    jobs = [batch_job(f"fine-tuning-{run['id']}-b{number}", number) for number in (1, 2)]
    bedrock.answer(LIST_BATCH, {"invocationJobSummaries": jobs})
    bedrock.refuse(STOP_BATCH, "ConflictException", "It has ended.", status=409)
    bedrock.answer(STOP_BATCH)
    handler({"run": run, "plan": {**plan, "curation": CURATION}}, lambda_context)
    assert bedrock.requests(STOP_BATCH) == [{"jobIdentifier": job["jobArn"]} for job in jobs]
    assert {asked["nameContains"] for asked in bedrock.requests(LIST_BATCH)} == {f"fine-tuning-{run['id']}-b"}


def test_batch_jobs_of_baselines_are_stopped_though_no_fact_of_the_state_tells_of_them(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """A branch that fails takes the facts of the other one with it."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    job = batch_job(f"fine-tuning-{run['id']}-b51")
    bedrock.answer(LIST_BATCH, {"invocationJobSummaries": [job]})
    bedrock.answer(STOP_BATCH)
    handler({"run": run, "plan": {**plan, "batches": {"baselines": ["base"]}}}, lambda_context)
    assert bedrock.requests(STOP_BATCH) == [{"jobIdentifier": job["jobArn"]}]


def test_a_batch_job_that_cannot_be_stopped_keeps_no_other_from_it(
    bedrock: Script,
    run: dict[str, Any],
    plan: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    bedrock.answer(GET, job_description())
    bedrock.answer(STOP)
    jobs = [batch_job(f"fine-tuning-{run['id']}-b{number}", number) for number in (1, 2)]
    bedrock.answer(LIST_BATCH, {"invocationJobSummaries": jobs})
    bedrock.refuse(STOP_BATCH, "AccessDeniedException", "not authorized")
    bedrock.answer(STOP_BATCH)
    with pytest.raises(Refused, match="not authorized"):
        handler({"run": run, "plan": {**plan, "curation": CURATION}}, lambda_context)
    assert len(bedrock.requests(STOP_BATCH)) == 2
    assert len(bedrock.requests(STOP)) == 1


def test_a_run_without_batch_jobs_looks_for_none(
    bedrock: Script, run: dict[str, Any], plan: dict[str, Any], lambda_context: LambdaContext
) -> None:
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    handler({"run": run, "plan": plan}, lambda_context)
    assert bedrock.requests(LIST_BATCH) == []

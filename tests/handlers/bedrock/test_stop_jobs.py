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

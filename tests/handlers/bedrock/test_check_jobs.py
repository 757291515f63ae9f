"""CheckJobs."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import CustomizationFailed, ServiceBusy
from lambdas.handlers.check_jobs import handler
from tests.handlers.bedrock.conftest import Describe, Script

GET = "GetModelCustomizationJob"


def test_a_job_in_progress_is_asked_for_later_and_later(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Equal waits would use up the execution's history in a job of days."""
    bedrock.answer(GET, job_description())
    first = handler({"run": run, "jobs": jobs}, lambda_context)
    second = handler({"run": run, "jobs": first}, lambda_context)
    assert jobs["wait_seconds"] < first["wait_seconds"] < second["wait_seconds"]


def test_a_complete_job_brings_its_model_and_times(
    bedrock: Script,
    s3: Any,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """The purchase needs the model's ARN; the report needs the times."""
    done = job_description(status="Completed", outputModelArn=expect["model_arn"], endTime="2026-01-21T22:00:00.5Z")
    bedrock.answer(GET, done, x_simulated_service="bedrock")
    checked = handler({"run": run, "jobs": jobs}, lambda_context)
    [job] = checked["candidates"]
    assert (checked["status"], job["model_arn"]) == ("Completed", expect["model_arn"])
    assert (job["started_at"], job["ended_at"]) == ("2026-01-21T21:01:00.000Z", "2026-01-21T22:00:00.500Z")
    assert job["simulated"] is True


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_without_a_model_ends_the_run_with_bedrocks_words(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
    status: str,
) -> None:
    """Bedrock's message names the line of the data that it could not read."""
    bedrock.answer(GET, job_description(status=status, failureMessage="Line 7 is malformed"))
    with pytest.raises(CustomizationFailed, match=rf"ended as {status} .*Line 7 is malformed"):
        handler({"run": run, "jobs": jobs}, lambda_context)


def test_a_complete_job_without_a_model_is_no_success(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Buying throughput for nothing would be the alternative."""
    bedrock.answer(GET, job_description(status="Completed"))
    with pytest.raises(CustomizationFailed, match="names no custom model"):
        handler({"run": run, "jobs": jobs}, lambda_context)


def test_a_job_that_vanished_ends_the_run(
    bedrock: Script, run: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Waiting for it would never end."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    with pytest.raises(CustomizationFailed, match="no longer knows"):
        handler({"run": run, "jobs": jobs}, lambda_context)


def test_a_refusal_and_a_busy_service_differ(
    bedrock: Script, run: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Only what time heals is repeated."""
    bedrock.refuse(GET, "AccessDeniedException", "not authorized")
    bedrock.refuse(GET, "ThrottlingException", status=429)
    with pytest.raises(CustomizationFailed, match="AccessDeniedException: not authorized"):
        handler({"run": run, "jobs": jobs}, lambda_context)
    with pytest.raises(ServiceBusy):
        handler({"run": run, "jobs": jobs}, lambda_context)

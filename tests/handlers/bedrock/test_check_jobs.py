"""CheckJobs."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import CustomizationFailed
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


def test_a_refusal_ends_the_run(
    bedrock: Script, run: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """Only what time heals is waited for."""
    bedrock.refuse(GET, "AccessDeniedException", "not authorized")
    with pytest.raises(CustomizationFailed, match="AccessDeniedException: not authorized"):
        handler({"run": run, "jobs": jobs}, lambda_context)


@pytest.mark.parametrize(("code", "status"), [("ThrottlingException", 429), ("ServiceUnavailableException", 503)])
def test_a_busy_service_is_waited_for_a_day(
    bedrock: Script,
    s3: Any,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
    code: str,
    status: int,
) -> None:
    """A job of hours, and its money, must not be lost to a service that has no time to tell of it."""
    bedrock.refuse(GET, code, status=status)
    before = jobs
    for _ in range(150):
        checked = handler({"run": run, "jobs": before}, lambda_context)
        assert checked["candidates"] == jobs["candidates"]
        assert checked["wait_seconds"] >= before["wait_seconds"]
        before = checked
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    # The script repeats its last answer: the refusal is used up.
    handler({"run": run, "jobs": before}, lambda_context)
    assert handler({"run": run, "jobs": before}, lambda_context)["status"] == "Completed"


def test_one_busy_answer_does_not_hide_what_the_other_jobs_have_come_to(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Each candidate is asked for by itself."""
    first = jobs["candidates"][0]
    jobs["candidates"] = [first, {**first, "number": 2, "name": f"{first['name'][:-1]}2"}]
    bedrock.refuse(GET, "ThrottlingException", status=429)
    bedrock.answer(GET, job_description(status="Failed", failureMessage="Line 7 is malformed"))
    checked = handler({"run": run, "jobs": jobs}, lambda_context)
    assert [one["status"] for one in checked["candidates"]] == ["InProgress", "Failed"]

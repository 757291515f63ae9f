"""CheckJobs."""

from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.errors import CustomizationFailed, CustomizationStalled
from lambdas.handlers.check_jobs import handler
from tests.handlers.bedrock.conftest import Describe, Script, messages

GET, STOP = "GetModelCustomizationJob", "StopModelCustomizationJob"
TOPIC = "arn:aws:sns:us-west-2:123456789012:results"


def check(run: dict[str, Any], jobs: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """CheckJobs."""
    return handler({"run": run, "jobs": jobs, "topic_arn": TOPIC}, context)


def test_a_job_in_progress_is_asked_for_later_and_later(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Equal waits would use up the execution's history in a job of days."""
    bedrock.answer(GET, job_description())
    first = check(run, jobs, lambda_context)
    second = check(run, first, lambda_context)
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
    checked = check(run, jobs, lambda_context)
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
        check(run, jobs, lambda_context)


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
        check(run, jobs, lambda_context)


def test_a_job_that_bedrock_does_not_find_for_a_day_ends_the_run(
    bedrock: Script, topic: str, run: dict[str, Any], jobs: dict[str, Any], lambda_context: LambdaContext
) -> None:
    """One answer of NotFound may be wrong, and must not stop hours of training; waiting for ever would help nobody."""
    bedrock.refuse(GET, "ResourceNotFoundException", status=404)
    waited = 0
    with pytest.raises(CustomizationFailed, match="no longer knows it, for 24 hours"):
        for _ in range(1000):
            waited += jobs["wait_seconds"]
            jobs = handler({"run": run, "jobs": jobs, "topic_arn": topic}, lambda_context)
            assert jobs["candidates"][0]["status"] == "InProgress"
    assert waited >= 24 * 3600
    assert bedrock.requests(STOP) == []
    assert len(messages(topic)) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("AccessDeniedException", 403), ("ExpiredTokenException", 403), ("ValidationException", 400)]
)
def test_a_refusal_is_waited_for_and_told_once(
    bedrock: Script,
    s3: Any,
    topic: str,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
    code: str,
    status: int,
) -> None:
    """The job trains whatever IAM says for a while: only its own end, the run's deadline or a person ends it."""
    bedrock.refuse(GET, code, "not authorized", status=status)
    waited = 0
    for _ in range(300):
        waited += jobs["wait_seconds"]
        jobs = handler({"run": run, "jobs": jobs, "topic_arn": topic}, lambda_context)
        assert (jobs["status"], jobs["candidates"][0]["status"]) == ("InProgress", "InProgress")
        assert bool(messages(topic)) == (waited >= 3600)
    [(subject, message)] = messages(topic)
    assert "nothing is known of the job" in subject
    assert f"{code}: not authorized" in message
    assert "stop its execution" in message
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    # The script repeats its last answer: the refusal is used up.
    check(run, jobs, lambda_context)
    [job] = check(run, jobs, lambda_context)["candidates"]
    assert (job["status"], job["failure"], job["unknown_seconds"]) == ("Completed", None, 0)


def test_losses_that_may_not_be_read_cost_no_run_its_model(
    bedrock: Script,
    s3: Any,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """A model without a loss can be served; a run that ends here has trained for nothing."""
    s3.delete_bucket(Bucket="output-bucket")
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    [job] = check(run, jobs, lambda_context)["candidates"]
    assert (job["status"], job["validation_loss"]) == ("Completed", None)


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
        checked = check(run, before, lambda_context)
        assert checked["candidates"] == jobs["candidates"]
        assert checked["wait_seconds"] >= before["wait_seconds"]
        before = checked
    bedrock.answer(GET, job_description(status="Completed", outputModelArn=expect["model_arn"]))
    # The script repeats its last answer: the refusal is used up.
    check(run, before, lambda_context)
    assert check(run, before, lambda_context)["status"] == "Completed"


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
    checked = check(run, jobs, lambda_context)
    assert [one["status"] for one in checked["candidates"]] == ["InProgress", "Failed"]


NOT_BEGUN = {
    "validationDetails": {"status": "Completed"},
    "dataProcessingDetails": {"status": "InProgress"},
    "trainingDetails": {"status": "NotStarted"},
}


@pytest.mark.parametrize(
    ("changed", "phase"),
    [
        ({"trainingDetails": {"status": "InProgress"}}, "training"),
        ({}, "data processing"),
        ({"dataProcessingDetails": {"status": "NotStarted"}}, "validation"),
        ({"trainingDetails": {}}, "data processing"),
        ({name: {"status": "NotStarted"} for name in NOT_BEGUN}, "queued"),
    ],
)
def test_the_state_says_what_a_job_is_doing(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
    changed: dict[str, Any],
    phase: str,
) -> None:
    """InProgress alone does not tell a queue from a training."""
    bedrock.answer(GET, job_description(statusDetails={**NOT_BEGUN, **changed}))
    checked = check(run, jobs, lambda_context)
    assert checked["candidates"][0]["phase"] == phase
    assert bool(checked["candidates"][0]["idle_seconds"]) == (phase != "training")


def test_a_job_that_does_not_begin_to_train_is_told_once_and_ended_in_the_end(
    bedrock: Script,
    topic: str,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
) -> None:
    """Jobs were seen to stay so for days, without a message: nobody would look, and the run would wait for a week."""
    bedrock.answer(GET, job_description(statusDetails=NOT_BEGUN))
    bedrock.answer(STOP)
    waited = 0
    with pytest.raises(CustomizationStalled, match=r"within 48 hours and was stopped; .* data processing") as ended:
        for _ in range(1000):
            waited += jobs["wait_seconds"]
            jobs = handler({"run": run, "jobs": jobs, "topic_arn": topic}, lambda_context)
            assert (jobs["candidates"][0]["stall"] == "told") == (waited >= 6 * 3600) == bool(messages(topic))
    assert waited >= 48 * 3600
    assert "upload the data set again" in str(ended.value)
    assert bedrock.requests(STOP) == [{"jobIdentifier": expect["job_arn"]}]
    [(subject, message)] = messages(topic)
    assert "does not start to train" in subject
    assert "has not started to train for 6 hours" in message
    assert "for up to 48 hours in all" in message


def test_a_stall_that_could_not_be_told_is_told_with_the_next_check(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """A topic that is gone must neither end the run nor let it be silent."""
    bedrock.answer(GET, job_description(statusDetails=NOT_BEGUN))
    jobs["candidates"][0]["idle_seconds"] = 7 * 3600
    assert check(run, jobs, lambda_context)["candidates"][0]["stall"] is None


def test_a_job_that_begins_to_train_or_tells_no_phase_is_not_stalled(
    bedrock: Script,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    lambda_context: LambdaContext,
) -> None:
    """Only what Bedrock says to be not started is ended."""
    jobs["candidates"][0]["idle_seconds"] = 47.9 * 3600
    processed = {"validationDetails": {"status": "Completed"}, "dataProcessingDetails": {"status": "Completed"}}
    untold = {**processed, "trainingDetails": {}}
    validated = {"validationDetails": {"status": "Completed"}}
    for details in ({**NOT_BEGUN, "trainingDetails": {"status": "InProgress"}}, {}, processed, untold, validated):
        bedrock.answer(GET, job_description(statusDetails=details))
        assert check(run, jobs, lambda_context)["candidates"][0]["idle_seconds"] == 0


@pytest.mark.parametrize("status", ["Completed", "Failed"])
def test_records_that_bedrock_rejected_are_told(
    bedrock: Script,
    s3: Any,
    run: dict[str, Any],
    jobs: dict[str, Any],
    job_description: Describe,
    expect: dict[str, str],
    lambda_context: LambdaContext,
    status: str,
) -> None:
    """A model of half of the data looks like one of all of it."""
    folder = f"{expect['prefix']}customization/c1/model-customization-job-x/input_status"
    table = b"totalProcessedRecordCount,acceptedRecordCount,rejectedRecordCount\n40,37,3\n"
    s3.put_object(Bucket="output-bucket", Key=f"{folder}/training/manifest.report.csv", Body=table)
    s3.put_object(Bucket="output-bucket", Key=f"{folder}/validation/manifest.report.csv", Body=b"some,other\n1,2\n")
    second = {**jobs["candidates"][0], "number": 2, "status": "Completed", "model_arn": "arn:other"}
    jobs["candidates"].append(second)
    ended = {"model_arn": expect["model_arn"]} if status == "Completed" else {}
    model = {"outputModelArn": ended["model_arn"]} if ended else {"failureMessage": "Too few records."}
    bedrock.answer(GET, job_description(status=status, **model))
    job = check(run, jobs, lambda_context)["candidates"][0]
    assert (job["records"], job["rejected_records"]) == (40, 3)
    if status == "Failed":
        assert job["failure"] == "Too few records. Bedrock rejected 3 of 40 records"

"""A customization job's facts in the run (`$.job`), and what to do where Bedrock refuses or fails one."""

from typing import TypedDict

from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.training.polling import FIRST_JOB_WAIT_SECONDS, next_job_wait

IN_PROGRESS = "InProgress"
COMPLETED = "Completed"

_ADVICE = {
    "AccessDeniedException": "Check that the base model's access is granted in this Region and that the "
    "StartCustomization function may pass the customization role.",
    "ResourceNotFoundException": "Check that the base model can be fine-tuned in this Region and has not reached its "
    "end of life.",
    "ServiceQuotaExceededException": "Wait until another customization job ends, or ask for a higher quota in Service "
    "Quotas (Amazon Bedrock, customization jobs).",
    "ValidationException": "Check the base model, its life cycle and the hyperparameters against Bedrock's "
    "documentation.",
    "TooManyTagsException": "Give fewer tags in run.json.",
}


class Job(TypedDict):
    """`$.job`; times are timestamps, `model_arn` and `ended_at` are null until there is one."""

    name: str
    arn: str
    status: str
    model_arn: str | None
    started_at: str
    ended_at: str | None
    simulated: bool
    wait_seconds: int


def started(name: str, arn: str, started_at: str, simulated: bool) -> Job:
    """A job that Bedrock has just accepted."""
    return {
        "name": name,
        "arn": arn,
        "status": IN_PROGRESS,
        "model_arn": None,
        "started_at": started_at,
        "ended_at": None,
        "simulated": simulated,
        "wait_seconds": FIRST_JOB_WAIT_SECONDS,
    }


def checked(job: Job, previous_wait_seconds: int, failure_message: str | None) -> Job:
    """The job as Bedrock describes it now, with the next wait.

    Raises CustomizationFailed where it ended without a model, or where Bedrock calls it complete and names no model.
    """
    if job["status"] in (IN_PROGRESS, "Stopping"):
        return {**job, "wait_seconds": next_job_wait(previous_wait_seconds)}
    if job["status"] != COMPLETED:
        raise CustomizationFailed(
            f"Customization job {job['name']} ended as {job['status']}. "
            f"Bedrock's message: {failure_message or 'none'} (job {job['arn']}). "
            "The job made no model. Correct the cause, then upload the data set again."
        )
    if job["model_arn"] is None:
        raise CustomizationFailed(
            f"Customization job {job['name']} is complete, but Bedrock names no custom model (job {job['arn']}). "
            "Look at the job in the Bedrock console before running it again."
        )
    return job


def refused(name: str, operation: str, code: str, message: str) -> CustomizationFailed:
    """The error for a job that Bedrock would not start or describe."""
    advice = _ADVICE.get(code, "Look the error code up in Bedrock's API reference.")
    return CustomizationFailed(f"Bedrock refused {operation} for job {name}: {code}: {message} {advice}")

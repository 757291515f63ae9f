"""CheckCustomization: asks how the customization job, or each job of a sweep, is doing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.bedrock import JobDescription
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.training import candidate_jobs, customization
from lambdas.domain.training.candidate_jobs import TRAINING, CandidateJob
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "job"}` and returns `$.job` with the next wait. Raises CustomizationFailed and ServiceBusy."""
    job = event["job"]
    if "candidates" in job:
        checked = [_checked(one) if one["status"] in TRAINING else one for one in job["candidates"]]
        return {**candidate_jobs.checked(job, checked)}
    found = _found(job["name"], job["arn"])
    if found is None:
        raise CustomizationFailed(_unknown(job["arn"]))
    return {**customization.checked(found.job, job["wait_seconds"], found.failure_message)}


def _checked(candidate: CandidateJob) -> CandidateJob:
    """The candidate as Bedrock describes it now: one that failed or was stopped does not end the run."""
    found = _found(candidate["name"], candidate["arn"] or candidate["name"])
    if found is None:
        return candidate_jobs.failed(candidate, _unknown(candidate["arn"]))
    return candidate_jobs.described(
        candidate,
        found.job,
        training_loss=found.training_loss,
        validation_loss=found.validation_loss,
        failure=found.failure_message,
    )


def _found(name: str, identifier: str) -> JobDescription | None:
    try:
        found = current().bedrock.find_customization_job(identifier)
    except Refused as refusal:
        raise customization.refused(name, refusal.operation, refusal.code, refusal.message) from refusal
    if found is not None:
        logger.info("Job checked", extra={"job_arn": found.job["arn"], "status": found.job["status"]})
    return found


def _unknown(arn: str | None) -> str:
    return (
        f"Bedrock no longer knows the customization job {arn}: look for it in the Bedrock console, "
        "then upload the data set again."
    )

"""CheckCustomization: asks how the customization job is doing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import bedrock
from lambdas.adapters.service_errors import Refused
from lambdas.domain import customization
from lambdas.domain.errors import CustomizationFailed
from lambdas.handlers.observability import logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "job"}` and returns `$.job` with the next wait. Raises CustomizationFailed and ServiceBusy."""
    job = event["job"]
    try:
        found = bedrock.find_customization_job(job["arn"])
    except Refused as refusal:
        raise customization.refused(job["name"], refusal.operation, refusal.code, refusal.message) from refusal
    if found is None:
        raise CustomizationFailed(
            f"Bedrock no longer knows the customization job {job['arn']}: look for it in the Bedrock console, "
            "then upload the data set again."
        )
    logger.info("Job checked", extra={"job_arn": job["arn"], "status": found.job["status"]})
    return {**customization.checked(found.job, job["wait_seconds"], found.failure_message)}

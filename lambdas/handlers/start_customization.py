"""StartCustomization: starts the run's customization job, once."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import bedrock, object_store
from lambdas.adapters.service_errors import Refused
from lambdas.domain import customization, run
from lambdas.domain.customization import Job
from lambdas.domain.errors import CustomizationFailed
from lambdas.domain.polling import FIRST_JOB_WAIT_SECONDS
from lambdas.domain.timestamps import now
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import logger, metrics, observed

# Bedrock's errors where the name may be taken: by this run's own job, whose answer was lost.
_NAME_MAY_BE_TAKEN = {"ConflictException", "ValidationException"}


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}` and returns `$.job`. Raises CustomizationFailed and ServiceBusy."""
    return {**start(event["run"], event["plan"])}


def start(run_facts: dict[str, Any], plan: dict[str, Any]) -> Job:
    """The run's job: a new one, or the one that an earlier attempt started."""
    settings, run_id = environment(), run_facts["id"]
    validation = plan["dataset"]["validation"]
    request = bedrock.JobRequest(
        name=run.bedrock_name(settings.deployment, run_id),
        token=run.client_request_token(run_id, "customization"),
        role_arn=settings.customization_role_arn,
        base_model=plan["base_model"],
        hyperparameters=plan["hyperparameters"],
        training_uri=plan["dataset"]["train"]["uri"],
        validation_uri=validation["uri"] if validation else None,
        output_uri=object_store.uri(run_facts["output_bucket"], f"{run_facts['prefix']}customization/"),
        kms_key_arn=settings.custom_model_kms_key_arn,
        tags=plan["tags"],
    )
    started_at = now()
    try:
        arn, simulated = bedrock.start_customization_job(request)
    except Refused as refusal:
        job = _adopt(request, refusal)
        logger.info("Job of an earlier attempt adopted", extra={"job_arn": job["arn"]})
        return job
    logger.info("Job started", extra={"job_arn": arn})
    metrics.add_metric("JobsStarted", MetricUnit.Count, 1)
    return customization.started(request.name, arn, started_at, simulated)


def _adopt(request: bedrock.JobRequest, refusal: Refused) -> Job:
    """The job of this name where it trains on this run's data; otherwise the refusal as CustomizationFailed."""
    refused = customization.refused(request.name, refusal.operation, refusal.code, refusal.message)
    if refusal.code not in _NAME_MAY_BE_TAKEN:
        raise refused from refusal
    try:
        found = bedrock.find_customization_job(request.name)
    except Refused:
        raise refused from refusal
    if found is None:
        raise refused from refusal
    if found.training_uri != request.training_uri:
        raise CustomizationFailed(
            f"Another job already has the name {request.name} and trains on {found.training_uri} ({found.job['arn']}). "
            "Job names cannot be used twice: upload the data set again, which gives the run a new name."
        ) from refusal
    return {**found.job, "wait_seconds": FIRST_JOB_WAIT_SECONDS}

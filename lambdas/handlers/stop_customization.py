"""StopCustomization: the clean-up lane's first step, stops the run's job where it still trains."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import bedrock
from lambdas.adapters.service_errors import Conflict
from lambdas.domain import run
from lambdas.domain.customization import IN_PROGRESS
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import logger, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `{"name", "status", "model_arn"}`; `status` is null where no job was started.

    The job is found by its name, whether or not its start was recorded. A job that has ended stays as it is, and so
    does one that the run's settings keep (`keep_job`). Raises ServiceBusy and Refused.
    """
    name = run.bedrock_name(environment().deployment, event["run"]["id"])
    found = bedrock.find_customization_job(name)
    kept = bool((event.get("plan") or {}).get("keep_job"))
    if found is not None and found.job["status"] == IN_PROGRESS and not kept:
        try:
            bedrock.stop_customization_job(found.job["arn"])
        except Conflict as conflict:
            # It has ended, or stops already.
            logger.info("Job not stopped", extra={"reason": conflict.message})
        found = bedrock.find_customization_job(name)
    if found is None:
        return {"name": name, "status": None, "model_arn": None}
    logger.info("Job left as it is" if kept else "Job stopped", extra={"job_arn": found.job["arn"]})
    return {"name": name, "status": found.job["status"], "model_arn": found.job["model_arn"], "kept": kept}

"""StopCustomization: the clean-up lane's first step, stops the run's jobs where they still train."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.bedrock import JobDescription
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.core import run
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.training.customization import IN_PROGRESS
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `{"name", "status", "model_arn", "kept"}`; `status` is null without a job.

    The job is found by its name, whether or not its start was recorded. A job that has ended stays as it is, and so
    does one that the run's settings keep (`keep_job`). Of a sweep every job is stopped, and the answer is that of the
    one that is furthest from its end. Raises ServiceBusy and Refused, once every job was tried.
    """
    plan = event.get("plan") or {}
    numbers = [one["number"] for one in plan.get("candidates") or ()]
    stopped, trouble = [], None
    for number in numbers if len(numbers) > 1 else [None]:
        try:
            stopped.append(_stopped(event["run"]["id"], number, kept=bool(plan.get("keep_job"))))
        except (Refused, ServiceBusy) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    outcome = min(stopped, key=_rank)
    # Which models of a sweep stay is said by its candidates.
    return {**outcome, "model_arn": None} if len(numbers) > 1 else outcome


def _stopped(run_id: str, number: int | None, *, kept: bool) -> dict[str, Any]:
    name = run.bedrock_name(environment().deployment, run_id, number)
    found = current().bedrock.find_customization_job(name)
    if found is not None and found.job["status"] == IN_PROGRESS and not kept:
        found = _stop(found)
    if found is None:
        return {"name": name, "status": None, "model_arn": None}
    logger.info("Job left as it is" if kept else "Job stopped", extra={"job_arn": found.job["arn"]})
    return {"name": name, "status": found.job["status"], "model_arn": found.job["model_arn"], "kept": kept}


def _stop(found: JobDescription) -> JobDescription | None:
    try:
        current().bedrock.stop_customization_job(found.job["arn"])
    except Conflict as conflict:
        # It has ended, or stops already.
        logger.info("Job not stopped", extra={"reason": conflict.message})
    return current().bedrock.find_customization_job(found.job["name"])


def _rank(stopped: dict[str, Any]) -> int:
    order = (IN_PROGRESS, "Stopping", "Stopped", "Failed", "Completed")
    return order.index(stopped["status"]) if stopped["status"] in order else len(order)

"""DiscardModels: deletes the models of a sweep that were not chosen, once nothing of the run bills by the hour."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import run
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import DELETED, KEPT, LEFT, CandidateJob
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `$.job`, whose candidates say what became of their models.

    The models are found by their names, whether or not their jobs were recorded. What cannot be deleted stays to the
    reconciler. Raises ServiceBusy.
    """
    run_id, plan, job = event["run"]["id"], event["plan"], event.get("job") or {}
    choice = current().model_choice.read_choice(environment().output_bucket, run_id)
    number = choice.chosen if choice else None
    candidates: list[CandidateJob] = job.get("candidates") or [
        candidate_jobs.pending(one, run.bedrock_name(environment().deployment, run_id, one["number"]))
        for one in plan["candidates"]
    ]
    discarded = [
        _discarded(one, run_id)
        if candidate_jobs.is_discarded(
            one["number"], number, keep_models=plan["sweep"]["keep_models"], keep_job=plan["keep_job"]
        )
        else {**one, "model": KEPT}
        for one in candidates
    ]
    return {**job, "candidates": discarded}


def _discarded(candidate: CandidateJob, run_id: str) -> CandidateJob:
    """The candidate after the deletion of its model, which is deleted only where its tags prove whose it is."""
    try:
        arn = current().bedrock.find_custom_model(candidate["name"])
        if arn is None:
            return {**candidate, "model": DELETED if candidate["model_arn"] else None}
        if not candidate_jobs.is_candidate_of(
            current().bedrock.tags_of(arn), environment().deployment, run_id, candidate["number"]
        ):
            logger.warning("Model left: its tags do not say that it is the sweep's", extra={"model_arn": arn})
            return {**candidate, "model_arn": arn, "model": LEFT}
        current().bedrock.delete_custom_model(arn)
    except Refused as refusal:
        logger.warning("Model not deleted", extra={"model": candidate["name"], "reason": str(refusal)})
        return {**candidate, "model": LEFT}
    logger.info("Model deleted", extra={"model_arn": arn})
    return {**candidate, "model_arn": arn, "model": DELETED}

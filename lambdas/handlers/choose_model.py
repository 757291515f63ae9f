"""ChooseModel: takes the model of a sweep with the lowest validation loss, and stores the choice."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.domain.core import run
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import CandidateJob
from lambdas.domain.training.customization import COMPLETED
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "job"}` and returns `$.job` with the chosen one's facts. Raises CustomizationFailed, ServiceBusy.

    The choice is stored before anything follows from it: whoever deletes models later reads it there.
    """
    run_facts, job = event["run"], event["job"]
    candidates = [_with_loss(run_facts, one) for one in job["candidates"]]
    chosen = candidate_jobs.choose(job, candidates)
    current().model_choice.write_choice(run_facts["output_bucket"], run_facts["id"], chosen)
    logger.info("Model chosen", extra={"model_arn": chosen["model_arn"], "reason": chosen["reason"]})
    return {**chosen}


def _with_loss(run_facts: dict[str, Any], candidate: CandidateJob) -> CandidateJob:
    """The candidate with the loss from its metrics file where Bedrock did not give it with the job."""
    if candidate["status"] != COMPLETED or candidate["validation_loss"] is not None:
        return candidate
    prefix = run.candidate_output(run_facts["prefix"], candidate["number"])
    _, validation = current().customization_output.read_training_metrics(run_facts["output_bucket"], prefix)
    loss = candidate_jobs.kept_validation_loss(validation, candidate["hyperparameters"])
    return {**candidate, "validation_loss": loss}

"""ChooseModel: takes the model with the lowest validation loss, or the only one, and stores the choice."""

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run
from lambdas.domain.training import choice
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.steps.observability import logger


def choose_model(run: Run, jobs: Jobs, *, adapters: Adapters) -> TunedModel:
    """The chosen model. Raises CustomizationFailed and ServiceBusy.

    The choice is stored before anything follows from it: whoever deletes models later reads it there.
    """
    chosen = choice.choose(jobs)
    adapters.model_choice.write_choice(run.output_bucket, run.id, chosen, jobs.candidates)
    logger.info("Model chosen", extra={"model_arn": chosen.model_arn, "reason": chosen.reason})
    return chosen

"""ChooseModel: takes the model with the lowest validation loss, or the only one, and stores the choice."""

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served_candidates import served_candidates
from lambdas.domain.training import choice
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.steps.observability import logger


def choose_model(run: Run, plan: Plan, jobs: Jobs, *, adapters: Adapters) -> TunedModel:
    """The chosen model, with the candidates to serve. Raises CustomizationFailed and ServiceBusy.

    The choice is stored before anything follows from it: whoever deletes models later reads it there.
    """
    chosen = choice.choose(jobs)
    adapters.model_choice.write_choice(run.output_bucket, run.id, chosen, jobs.candidates)
    served = served_candidates(chosen.number, jobs, plan)
    numbers = [one.number for one in served]
    logger.info("Model chosen", extra={"model_arn": chosen.model_arn, "reason": chosen.reason, "served": numbers})
    return chosen.model_copy(update={"served": served})

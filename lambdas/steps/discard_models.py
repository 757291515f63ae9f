"""DiscardModels: deletes the models that were not chosen, once nothing of the run bills by the hour."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training import choice
from lambdas.domain.training.candidate_jobs import DELETED, KEPT, LEFT, CandidateJob, Jobs, plan_jobs, sum_up
from lambdas.steps.observability import logger


def discard_models(run: Run, plan: Plan, jobs: Jobs | None, *, adapters: Adapters, environment: str) -> Jobs:
    """The jobs, whose candidates say what became of their models.

    A model that the run did not train is never deleted, and none where no choice is stored. Models are found by their
    names: `jobs` is None if nothing of them was recorded. What cannot be deleted is left to the reconciler. Raises
    ServiceBusy.
    """
    if plan.custom_model is not None:
        kept = [one.model_copy(update={"model": KEPT}) for one in (jobs.candidates if jobs else [])]
        return sum_up(kept)
    stored = adapters.model_choice.read_choice(run.output_bucket, run.id)
    chosen = stored.chosen if stored else None
    before = jobs or sum_up(plan_jobs(plan.candidates, run.id, environment))
    candidates = [
        _discard(one, run.id, adapters, environment)
        if choice.is_discarded(one.number, chosen, keep_models=plan.keep_models)
        else one.model_copy(update={"model": KEPT})
        for one in before.candidates
    ]
    return before.model_copy(update={"candidates": candidates})


def _discard(candidate: CandidateJob, run_id: str, adapters: Adapters, environment: str) -> CandidateJob:
    """The candidate after the deletion of its model, which is deleted only if its tags prove whose it is."""
    try:
        arn = adapters.bedrock.find_custom_model(candidate.name)
        if arn is None:
            return candidate.model_copy(update={"model": DELETED if candidate.model_arn else None})
        if not choice.is_candidate_of(adapters.bedrock.tags_of(arn), environment, run_id, candidate.number):
            logger.warning("Model left: its tags do not say that it is the run's", extra={"model_arn": arn})
            return candidate.model_copy(update={"model_arn": arn, "model": LEFT})
        adapters.bedrock.delete_custom_model(arn)
    except Refused as refusal:
        logger.warning("Model not deleted", extra={"model": candidate.name, "reason": str(refusal)})
        return candidate.model_copy(update={"model": LEFT})
    logger.info("Model deleted", extra={"model_arn": arn})
    return candidate.model_copy(update={"model_arn": arn, "model": DELETED})

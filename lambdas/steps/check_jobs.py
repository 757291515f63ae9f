"""CheckJobs: asks how each customization job is doing."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run, candidate_output
from lambdas.domain.training import candidate_jobs, choice
from lambdas.domain.training.candidate_jobs import TRAINING, CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED, JobDescription, explain_refusal
from lambdas.steps.observability import logger, metrics


def check_jobs(run: Run, jobs: Jobs, *, adapters: Adapters) -> Jobs:
    """The jobs as Bedrock describes them now, with the next wait. Raises CustomizationFailed.

    A job that AWS has no time to tell of is asked for again after the next wait: no silence ends hours of training.
    """
    candidates = [_check_patiently(run, one, adapters) for one in jobs.candidates]
    return candidate_jobs.record_checks(jobs, candidates)


def _check_patiently(run: Run, candidate: CandidateJob, adapters: Adapters) -> CandidateJob:
    """The candidate as it is now, or as it was where it does not train, or where AWS is busy."""
    if candidate.status not in TRAINING:
        return candidate
    try:
        return _check(run, candidate, adapters)
    except ServiceBusy as busy:
        logger.warning("Job not checked", extra={"job": candidate.name, "trouble": str(busy)})
        metrics.add_metric("BusyChecks", MetricUnit.Count, 1)
        return candidate


def _check(run: Run, candidate: CandidateJob, adapters: Adapters) -> CandidateJob:
    """The candidate as it is now: one that failed or was stopped does not end the run."""
    found = _find(candidate, adapters)
    if found is None:
        return candidate_jobs.give_up(
            candidate,
            f"Bedrock no longer knows the customization job {candidate.arn}: look for it in the Bedrock console, "
            "then upload the data set again.",
        )
    described = candidate_jobs.describe_job(candidate, found)
    if described.status != COMPLETED or described.validation_loss is not None:
        return described
    # Bedrock does not always give the loss with the job; its metrics file may have it.
    prefix = candidate_output(run.prefix, candidate.number)
    _, validation = adapters.customization_output.read_training_metrics(run.output_bucket, prefix)
    loss = choice.kept_validation_loss(validation, candidate.hyperparameters)
    return described.model_copy(update={"validation_loss": loss})


def _find(candidate: CandidateJob, adapters: Adapters) -> JobDescription | None:
    try:
        found = adapters.bedrock.find_customization_job(candidate.arn or candidate.name)
    except Refused as refusal:
        raise explain_refusal(candidate.name, refusal.operation, refusal.code, refusal.message) from refusal
    if found is not None:
        logger.info("Job checked", extra={"job_arn": found.arn, "status": found.status})
    return found

"""CheckJobs: asks how each customization job is doing."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.counted import counted
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.notification import Notification
from lambdas.domain.core.run import Run, candidate_output
from lambdas.domain.training import candidate_jobs, choice
from lambdas.domain.training.candidate_jobs import TRAINING, CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED, JobDescription
from lambdas.domain.training.manifest import InputStatus
from lambdas.domain.training.stall import (
    LONGEST_MISSING_SECONDS,
    StallBounds,
    is_lost,
    stall_message,
    to_tell,
    unknown_message,
    unknown_to_tell,
)
from lambdas.steps.observability import logger, metrics


def check_jobs(run: Run, jobs: Jobs, *, adapters: Adapters, topic_arn: str, bounds: StallBounds) -> Jobs:
    """The jobs as Bedrock describes them now, with the next wait. Raises CustomizationFailed and CustomizationStalled.

    A job that AWS has no time to tell of, or refuses to, is asked for again after the next wait: no silence ends hours
    of training. Of one that is not known for long, or does not begin to train, people are told, once.
    """
    candidates = [_check_patiently(run, one, adapters, jobs.wait_seconds) for one in jobs.candidates]
    candidates = [_end(one, adapters) if is_lost(one, bounds) else one for one in candidates]
    if stalled := to_tell(candidates, bounds):
        message = stall_message(run.id, run.execution_arn, stalled, bounds)
        if _tell(message, "JobsStalled", len(stalled), adapters, topic_arn):
            candidates = [one.model_copy(update={"stall": "told"}) if one in stalled else one for one in candidates]
    if unknown := unknown_to_tell(candidates):
        message = unknown_message(run.id, run.execution_arn, unknown)
        if _tell(message, "JobsUnknown", len(unknown), adapters, topic_arn):
            candidates = [
                one.model_copy(update={"unknown_told": True}) if one in unknown else one for one in candidates
            ]
    return candidate_jobs.record_checks(jobs, candidates)


def _end(candidate: CandidateJob, adapters: Adapters) -> CandidateJob:
    """The candidate after its job was asked to stop; what cannot be stopped now, the clean-up and the reconciler do."""
    try:
        adapters.bedrock.stop_customization_job(candidate.arn or candidate.name)
    except (Refused, ServiceBusy) as trouble:
        logger.warning("Job not stopped", extra={"job": candidate.name, "trouble": str(trouble)})
    return candidate_jobs.end_stalled(candidate)


def _tell(message: Notification, metric: str, jobs: int, adapters: Adapters, topic_arn: str) -> bool:
    """Whether the topic was told; else the next check tries again."""
    try:
        adapters.topic.publish(topic_arn, message)
    except (Refused, ServiceBusy) as trouble:
        logger.warning("Jobs not told", extra={"trouble": str(trouble)})
        return False
    metrics.add_metric(metric, MetricUnit.Count, jobs)
    return True


def _check_patiently(run: Run, candidate: CandidateJob, adapters: Adapters, waited_seconds: int) -> CandidateJob:
    """The candidate as it is now, or as it was where it does not train, or where nothing is known of it now."""
    if candidate.status not in TRAINING:
        return candidate
    try:
        found = adapters.bedrock.find_customization_job(candidate.arn or candidate.name)
        if found is not None:
            logger.info("Job checked", extra={"job_arn": found.arn, "status": found.status})
            return candidate_jobs.count_idle(_describe(run, candidate, found, adapters), waited_seconds)
    except ServiceBusy as busy:
        logger.warning("Job not checked", extra={"job": candidate.name, "trouble": str(busy)})
        metrics.add_metric("BusyChecks", MetricUnit.Count, 1)
        return candidate
    except Refused as refusal:
        logger.warning("Job not checked", extra={"job": candidate.name, "trouble": str(refusal)})
        return candidate_jobs.count_unknown(candidate, str(refusal), waited_seconds)
    return _miss(candidate, waited_seconds)


def _miss(candidate: CandidateJob, waited_seconds: int) -> CandidateJob:
    """The candidate whose job Bedrock does not find: given up after a day of that."""
    reason = f"Bedrock does not find the customization job {candidate.arn or candidate.name}"
    logger.warning("Job not found", extra={"job": candidate.name})
    missing = candidate_jobs.count_unknown(candidate, reason, waited_seconds)
    if missing.unknown_seconds < LONGEST_MISSING_SECONDS:
        return missing
    hours = missing.unknown_seconds / 3600
    return candidate_jobs.give_up(
        missing, f"Bedrock no longer knows it, for {counted(round(hours), 'hour')}: look for it in the Bedrock console."
    )


def _describe(run: Run, candidate: CandidateJob, found: JobDescription, adapters: Adapters) -> CandidateJob:
    """The candidate as Bedrock describes it: one that failed or was stopped does not end the run."""
    described = candidate_jobs.describe_job(candidate, found)
    if described.status in TRAINING:
        return described
    prefix = candidate_output(run.prefix, candidate.number)
    described = candidate_jobs.note_input(described, _read_input_status(run, prefix, adapters))
    if described.status != COMPLETED or described.validation_loss is not None:
        return described
    return described.model_copy(update={"validation_loss": _read_loss(run, candidate, prefix, adapters)})


def _read_input_status(run: Run, prefix: str, adapters: Adapters) -> InputStatus | None:
    """What Bedrock says of the job's records; not being allowed to read it costs no run its model."""
    try:
        return adapters.customization_output.read_input_status(run.output_bucket, prefix)
    except Refused as refusal:
        logger.warning("Input status not read", extra={"reason": str(refusal)})
        return None


def _read_loss(run: Run, candidate: CandidateJob, prefix: str, adapters: Adapters) -> float | None:
    """The loss in the job's metrics file, since Bedrock does not always give it with the job; None if unreadable."""
    try:
        _, validation = adapters.customization_output.read_training_metrics(run.output_bucket, prefix)
    except Refused as refusal:
        logger.warning("Losses not read", extra={"reason": str(refusal)})
        return None
    return choice.kept_validation_loss(validation, candidate.hyperparameters)

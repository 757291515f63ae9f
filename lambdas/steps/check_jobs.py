"""CheckJobs: asks how each customization job is doing."""

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run, candidate_output
from lambdas.domain.training import candidate_jobs, choice
from lambdas.domain.training.candidate_jobs import TRAINING, CandidateJob, Jobs
from lambdas.domain.training.customization import COMPLETED, JobDescription, explain_refusal
from lambdas.domain.training.manifest import InputStatus
from lambdas.domain.training.stall import StallBounds, is_lost, stall_message, to_tell
from lambdas.steps.observability import logger, metrics


def check_jobs(run: Run, jobs: Jobs, *, adapters: Adapters, topic_arn: str, bounds: StallBounds) -> Jobs:
    """The jobs as Bedrock describes them now, with the next wait. Raises CustomizationFailed and CustomizationStalled.

    A job that AWS has no time to tell of is asked for again after the next wait: no silence ends hours of training. Of
    one that does not begin to train people are told, once; it is ended in the end.
    """
    candidates = [_check_patiently(run, one, adapters, jobs.wait_seconds) for one in jobs.candidates]
    candidates = [_end(one, adapters) if is_lost(one, bounds) else one for one in candidates]
    if stalled := to_tell(candidates, bounds):
        told = _tell(run, stalled, adapters, topic_arn, bounds)
        candidates = [
            one.model_copy(update={"stall": "told"}) if told and one in stalled else one for one in candidates
        ]
    return candidate_jobs.record_checks(jobs, candidates)


def _end(candidate: CandidateJob, adapters: Adapters) -> CandidateJob:
    """The candidate after its job was asked to stop; what cannot be stopped now, the clean-up and the reconciler do."""
    try:
        adapters.bedrock.stop_customization_job(candidate.arn or candidate.name)
    except (Refused, ServiceBusy) as trouble:
        logger.warning("Job not stopped", extra={"job": candidate.name, "trouble": str(trouble)})
    return candidate_jobs.end_stalled(candidate)


def _tell(run: Run, stalled: list[CandidateJob], adapters: Adapters, topic_arn: str, bounds: StallBounds) -> bool:
    """Whether the topic was told; else the next check tries again."""
    try:
        adapters.topic.publish(topic_arn, stall_message(run.id, run.execution_arn, stalled, bounds))
    except (Refused, ServiceBusy) as trouble:
        logger.warning("Stall not told", extra={"trouble": str(trouble)})
        return False
    metrics.add_metric("JobsStalled", MetricUnit.Count, len(stalled))
    return True


def _check_patiently(run: Run, candidate: CandidateJob, adapters: Adapters, waited_seconds: int) -> CandidateJob:
    """The candidate as it is now, or as it was where it does not train, or where AWS is busy."""
    if candidate.status not in TRAINING:
        return candidate
    try:
        return candidate_jobs.count_idle(_check(run, candidate, adapters), waited_seconds)
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
    if described.status in TRAINING:
        return described
    prefix = candidate_output(run.prefix, candidate.number)
    described = candidate_jobs.note_input(described, _read_input_status(run, prefix, adapters))
    if described.status != COMPLETED or described.validation_loss is not None:
        return described
    # Bedrock does not always give the loss with the job; its metrics file may have it.
    _, validation = adapters.customization_output.read_training_metrics(run.output_bucket, prefix)
    loss = choice.kept_validation_loss(validation, candidate.hyperparameters)
    return described.model_copy(update={"validation_loss": loss})


def _read_input_status(run: Run, prefix: str, adapters: Adapters) -> InputStatus | None:
    """What Bedrock says of the job's records; not being allowed to read it costs no run its model."""
    try:
        return adapters.customization_output.read_input_status(run.output_bucket, prefix)
    except Refused as refusal:
        logger.warning("Input status not read", extra={"reason": str(refusal)})
        return None


def _find(candidate: CandidateJob, adapters: Adapters) -> JobDescription | None:
    try:
        found = adapters.bedrock.find_customization_job(candidate.arn or candidate.name)
    except Refused as refusal:
        raise explain_refusal(candidate.name, refusal.operation, refusal.code, refusal.message) from refusal
    if found is not None:
        logger.info("Job checked", extra={"job_arn": found.arn, "status": found.status})
    return found

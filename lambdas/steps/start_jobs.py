"""StartJobs: starts the customization jobs of the run's candidates, each once, as far as Bedrock has room for them."""

from dataclasses import dataclass

from aws_lambda_powertools.metrics import MetricUnit

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.bedrock import JobRequest
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import run as runs
from lambdas.domain.core.errors import CustomizationFailed, ServiceBusy
from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_MODEL_TAG, Run
from lambdas.domain.core.timestamps import now
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training import candidate_jobs, customization
from lambdas.domain.training.candidate_jobs import PENDING, CandidateJob, Jobs, plan_jobs
from lambdas.domain.training.customization import IN_PROGRESS, JobDescription
from lambdas.domain.training.given_model import complete_jobs
from lambdas.domain.training.network import JobNetwork
from lambdas.steps.observability import logger, metrics

_NO_ROOM = "ServiceQuotaExceededException"
# Bedrock's errors if this run's own job may exist, whose answer was lost: its name is taken, or it fills the quota.
_MAY_BE_OURS = {"ConflictException", "ValidationException", _NO_ROOM}


@dataclass(frozen=True)
class JobSettings:
    """What the environment gives each job; `kms_key_arn` is None without a customer's key."""

    environment: str
    role_arn: str
    kms_key_arn: str | None
    network: JobNetwork | None = None


def start_jobs(run: Run, plan: Plan, jobs: Jobs | None, *, adapters: Adapters, settings: JobSettings) -> Jobs:
    """The jobs after an attempt to start the pending ones, in order, until Bedrock has no more room or is busy.

    `jobs` is None at the first attempt. A job that is refused for another reason has failed: the others go on. Raises
    CustomizationFailed if no job is left to hope for.
    """
    if plan.custom_model is not None:
        return _take_given_model(plan.custom_model, adapters)
    candidates = jobs.candidates if jobs else plan_jobs(plan.candidates, run.id, settings.environment)
    attempted, busy = list(candidates), False
    for place, candidate in enumerate(candidates):
        if candidate.status != PENDING:
            continue
        try:
            attempted[place] = _try_to_start(_request(run, plan, candidate, settings), candidate, adapters)
        except ServiceBusy as trouble:
            logger.warning("Job not started", extra={"job": candidate.name, "reason": str(trouble)})
            attempted[place], busy = candidate_jobs.postpone(candidate, str(trouble)), True
        if attempted[place].status == PENDING:
            break
    return candidate_jobs.record_starts(jobs, attempted, busy=busy)


def _take_given_model(arn: str, adapters: Adapters) -> Jobs:
    """The jobs of a run that trains nothing: complete at once. Raises CustomizationFailed and ServiceBusy."""
    try:
        found = adapters.bedrock.describe_custom_model(arn)
    except Refused as refusal:
        raise CustomizationFailed(
            f"Bedrock refused {refusal.operation} for {arn}: {refusal.code}: {refusal.message} "
            "Check the permissions of the StartJobs function."
        ) from refusal
    logger.info("Model given", extra={"model_arn": arn})
    return complete_jobs(arn, found)


def _request(run: Run, plan: Plan, candidate: CandidateJob, settings: JobSettings) -> JobRequest:
    """Each candidate's job has its own name, token, output folder and tags."""
    validation, number = plan.dataset.validation, candidate.number
    training_set = next(one.training_set for one in plan.candidates if one.number == number)
    return JobRequest(
        name=candidate.name,
        token=runs.client_request_token(run.id, "customization", number),
        role_arn=settings.role_arn,
        base_model=plan.base_model,
        hyperparameters=candidate.hyperparameters,
        training_uri=training_set.uri,
        validation_uri=validation.uri if validation else None,
        output_uri=object_store.uri(run.output_bucket, runs.candidate_output(run.prefix, number)),
        kms_key_arn=settings.kms_key_arn,
        network=settings.network,
        tags={**plan.tags, CANDIDATE_TAG: str(number), KEEP_MODEL_TAG: "true" if plan.keep_models else "false"},
    )


def _try_to_start(request: JobRequest, candidate: CandidateJob, adapters: Adapters) -> CandidateJob:
    """The candidate with its job; still pending if Bedrock has no room for it, failed if it is refused."""
    try:
        # What a job of an earlier attempt has come to by now, the next check asks.
        described = candidate_jobs.describe_job(candidate, _start(request, adapters))
        return described.model_copy(update={"status": IN_PROGRESS})
    except Refused as refusal:
        reason = str(customization.explain_refusal(request.name, refusal.operation, refusal.code, refusal.message))
        logger.info("Job not started", extra={"job": request.name, "reason": reason})
        if refusal.code == _NO_ROOM:
            return candidate_jobs.postpone(candidate, reason)
        return candidate_jobs.give_up(candidate, reason)
    except CustomizationFailed as error:
        return candidate_jobs.give_up(candidate, str(error))


def _start(request: JobRequest, adapters: Adapters) -> JobDescription:
    """A new job, or the one that an earlier attempt started. Raises Refused, CustomizationFailed and ServiceBusy."""
    started_at = now()
    try:
        arn, simulated = adapters.bedrock.start_customization_job(request)
    except Refused as refusal:
        job = _adopt(request, refusal, adapters)
        logger.info("Job of an earlier attempt adopted", extra={"job_arn": job.arn})
        return job
    logger.info("Job started", extra={"job_arn": arn})
    metrics.add_metric("JobsStarted", MetricUnit.Count, 1)
    return JobDescription(request.name, arn, IN_PROGRESS, None, started_at, None, simulated)


def _adopt(request: JobRequest, refusal: Refused, adapters: Adapters) -> JobDescription:
    """The job of this name if it trains on this run's data; CustomizationFailed for another's, else the refusal."""
    if refusal.code not in _MAY_BE_OURS:
        raise refusal
    try:
        found = adapters.bedrock.find_customization_job(request.name)
    except Refused:
        raise refusal from None
    if found is None:
        raise refusal
    if found.training_uri != request.training_uri:
        raise CustomizationFailed(
            f"Another job already has the name {request.name} and trains on {found.training_uri} ({found.arn}). "
            "Job names cannot be used twice: upload the data set again, which gives the run a new name."
        ) from refusal
    return found

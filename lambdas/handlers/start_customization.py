"""StartCustomization: starts the run's customization job, or the jobs of its sweep, each once."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws import object_store
from lambdas.adapters.aws.bedrock import JobRequest
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import run
from lambdas.domain.core.errors import CustomizationFailed
from lambdas.domain.core.run import CANDIDATE_TAG, KEEP_MODEL_TAG
from lambdas.domain.core.timestamps import now
from lambdas.domain.training import candidate_jobs, customization
from lambdas.domain.training.candidate_jobs import PENDING, CandidateJob, SweepJob
from lambdas.domain.training.customization import IN_PROGRESS, Job
from lambdas.domain.training.polling import FIRST_JOB_WAIT_SECONDS
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics

_NO_ROOM = "ServiceQuotaExceededException"
# Bedrock's errors where this run's own job may exist, whose answer was lost: its name is taken, or it fills the quota.
_MAY_BE_OURS = {"ConflictException", "ValidationException", _NO_ROOM}


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan"}` and returns `$.job`. Raises CustomizationFailed and ServiceBusy."""
    run_facts, plan = event["run"], event["plan"]
    if len(plan["candidates"]) > 1:
        return {**_start_sweep(run_facts, plan)}
    request = _request(run_facts, plan)
    try:
        return {**_start(request)}
    except Refused as refusal:
        raise _refused(request, refusal) from refusal


def start_pending(
    run_facts: dict[str, Any], plan: dict[str, Any], candidates: list[CandidateJob]
) -> list[CandidateJob]:
    """The candidates after an attempt to start the pending ones, in order, until Bedrock has no more room.

    One that is refused for another reason has failed: the others go on. Raises ServiceBusy.
    """
    attempted = list(candidates)
    for place, candidate in enumerate(candidates):
        if candidate["status"] != PENDING:
            continue
        attempted[place] = _started(_request(run_facts, plan, candidate), candidate)
        if attempted[place]["status"] == PENDING:
            break
    return attempted


def _start_sweep(run_facts: dict[str, Any], plan: dict[str, Any]) -> SweepJob:
    deployment = environment().deployment
    candidates = start_pending(
        run_facts,
        plan,
        [
            candidate_jobs.pending(candidate, run.bedrock_name(deployment, run_facts["id"], candidate["number"]))
            for candidate in plan["candidates"]
        ],
    )
    if not any(candidate["arn"] for candidate in candidates):
        raise CustomizationFailed(
            "No job of the sweep could be started. "
            f"{candidate_jobs.reasons([one for one in candidates if one['failure']])}"
        )
    return candidate_jobs.started(candidates, wait_seconds=FIRST_JOB_WAIT_SECONDS)


def _request(run_facts: dict[str, Any], plan: dict[str, Any], candidate: CandidateJob | None = None) -> JobRequest:
    """The run's one job, or a candidate's, which has its own name, token, output folder and tags."""
    settings, run_id = environment(), run_facts["id"]
    validation = plan["dataset"]["validation"]
    output, number, tags = f"{run_facts['prefix']}customization/", None, plan["tags"]
    if candidate is not None:
        number = candidate["number"]
        output = run.candidate_output(run_facts["prefix"], number)
        keep = "true" if plan["sweep"]["keep_models"] else "false"
        tags = {**tags, CANDIDATE_TAG: str(number), KEEP_MODEL_TAG: keep}
    return JobRequest(
        name=run.bedrock_name(settings.deployment, run_id, number),
        token=run.client_request_token(run_id, "customization", number),
        role_arn=settings.customization_role_arn,
        base_model=plan["base_model"],
        hyperparameters=(candidate or plan)["hyperparameters"],
        training_uri=plan["dataset"]["train"]["uri"],
        validation_uri=validation["uri"] if validation else None,
        output_uri=object_store.uri(run_facts["output_bucket"], output),
        kms_key_arn=settings.custom_model_kms_key_arn,
        tags=tags,
    )


def _started(request: JobRequest, candidate: CandidateJob) -> CandidateJob:
    """The candidate with its job; pending still where Bedrock has no room for it, failed where it is refused."""
    try:
        # What one of an earlier attempt has come to by now, the next check asks.
        return candidate_jobs.described(candidate, {**_start(request), "status": IN_PROGRESS})
    except Refused as refusal:
        reason = str(_refused(request, refusal))
        logger.info("Job not started", extra={"job": request.name, "reason": reason})
        if refusal.code == _NO_ROOM:
            return candidate_jobs.waits(candidate, reason)
        return candidate_jobs.failed(candidate, reason)
    except CustomizationFailed as error:
        return candidate_jobs.failed(candidate, str(error))


def _start(request: JobRequest) -> Job:
    """A new job, or the one that an earlier attempt started. Raises Refused, CustomizationFailed and ServiceBusy."""
    started_at = now()
    try:
        arn, simulated = current().bedrock.start_customization_job(request)
    except Refused as refusal:
        job = _adopted(request, refusal)
        logger.info("Job of an earlier attempt adopted", extra={"job_arn": job["arn"]})
        return job
    logger.info("Job started", extra={"job_arn": arn})
    metrics.add_metric("JobsStarted", MetricUnit.Count, 1)
    return customization.started(request.name, arn, started_at, simulated)


def _adopted(request: JobRequest, refusal: Refused) -> Job:
    """The job of this name where it trains on this run's data; CustomizationFailed for another's, else the refusal."""
    if refusal.code not in _MAY_BE_OURS:
        raise refusal
    try:
        found = current().bedrock.find_customization_job(request.name)
    except Refused:
        raise refusal from None
    if found is None:
        raise refusal
    if found.training_uri != request.training_uri:
        raise CustomizationFailed(
            f"Another job already has the name {request.name} and trains on {found.training_uri} ({found.job['arn']}). "
            "Job names cannot be used twice: upload the data set again, which gives the run a new name."
        ) from refusal
    return {**found.job, "wait_seconds": FIRST_JOB_WAIT_SECONDS}


def _refused(request: JobRequest, refusal: Refused) -> CustomizationFailed:
    return customization.refused(request.name, refusal.operation, refusal.code, refusal.message)

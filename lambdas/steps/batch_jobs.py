"""What all batch jobs of a run share: how one is started, for how long it is waited for, and what it has answered."""

from collections.abc import Iterable
from dataclasses import dataclass

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.batch_inference import BatchRequest
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.batch.batch_job import BatchDescription
from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion
from lambdas.domain.batch.batch_models import refused_parameters
from lambdas.domain.batch.batch_waits import STOP_PATIENCE_SECONDS, StartedBatch
from lambdas.domain.core.run import KEEP_JOB_TAG, Run, batch_name, client_request_token
from lambdas.domain.plan.plan import Plan
from lambdas.steps.observability import logger


@dataclass(frozen=True)
class BatchTerms:
    """The environment's name, the role of batch jobs, and for how many hours one is waited for.

    Without a role nothing goes into a batch job.
    """

    environment: str
    role_arn: str | None
    longest_hours: float


@dataclass(frozen=True)
class WantedBatch:
    """A job to start: `number` names it and its files, `asks` is how many questions it has."""

    number: int
    model: str
    asks: int
    questions: Iterable[BatchQuestion]


def start_batch(run: Run, plan: Plan, wanted: WantedBatch, terms: BatchTerms, adapters: Adapters) -> str | None:
    """The ARN of the started job; None where Bedrock refuses it: the map asks all of it then."""
    place, model = (run.output_bucket, run.prefix), wanted.model
    refused = refused_parameters(model)
    request = BatchRequest(
        name=batch_name(terms.environment, run.id, wanted.number),
        token=client_request_token(run.id, "batch", wanted.number),
        role_arn=terms.role_arn or "",
        model=model,
        input_uri=adapters.batch_files.write_questions(*place, wanted.number, wanted.questions, refused),
        output_uri=adapters.batch_files.output_uri(*place, wanted.number),
        # A batch job asks for nobody once its run is over, whatever is kept of the run's customization jobs.
        tags={name: value for name, value in plan.tags.items() if name != KEEP_JOB_TAG},
    )
    try:
        arn = adapters.batch.start(request)
    except Refused as refusal:
        logger.warning("Batch job refused", extra={"model": model, "asks": wanted.asks, "reason": str(refusal)})
        return None
    logger.info("Batch job started", extra={"job_arn": arn, "model": model, "asks": wanted.asks})
    return arn


def is_waited_for(
    job: StartedBatch, found: BatchDescription | None, waited_seconds: int, terms: BatchTerms, adapters: Adapters
) -> bool:
    """Whether the job may still answer; one that takes too long is asked to stop, and what it has processed is read."""
    if found is None or found.has_ended:
        return False
    beyond = waited_seconds - terms.longest_hours * 3600
    if beyond < 0:
        return True
    if found.is_under_way:
        logger.warning("Batch job takes too long", extra={"job_arn": job.arn, "status": found.status})
        try:
            adapters.batch.stop(job.arn)
        except Conflict as conflict:
            # It has ended, or stops already.
            logger.info("Batch job not stopped", extra={"job_arn": job.arn, "reason": conflict.message})
    return beyond < STOP_PATIENCE_SECONDS


def read_batch_answers(run: Run, job: StartedBatch, adapters: Adapters) -> dict[str, BatchAnswer]:
    """The job's answers and errors by record id."""
    answers = adapters.batch_files.read_answers(run.output_bucket, run.prefix, job.number, job.arn)
    return {each.record_id: each for each in answers}


def tell_batch_over(job: StartedBatch, found: BatchDescription | None, answered: int) -> None:
    """Logs what a job has come to."""
    logger.info(
        "Batch job over",
        extra={
            "job_arn": job.arn,
            "status": found.status if found else None,
            "asks": job.asks,
            "answered": answered,
            "reason": found.message if found else None,
        },
    )

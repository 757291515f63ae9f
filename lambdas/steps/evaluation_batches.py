"""The batch jobs of a run's evaluation: started where there are enough questions, waited for, and read.

A job's answers are stored as those of the shards, so that the map asks what is missing by the rule that it has anyway.
A repeated call starts nothing twice: names, tokens and files follow from the run and the job's number.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.batch.batch_job import BatchDescription
from lambdas.domain.batch.batch_lines import BatchAnswer, BatchQuestion
from lambdas.domain.batch.batch_waits import next_batch_wait, takes_batch
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.batches import EvaluationBatch, EvaluationBatches
from lambdas.domain.plan.plan import Plan
from lambdas.steps.batch_jobs import (
    BatchTerms,
    WantedBatch,
    is_waited_for,
    read_batch_answers,
    start_batch,
    tell_batch_over,
)
from lambdas.steps.observability import logger
from lambdas.steps.stop_batch_jobs import stop_batch_jobs


class BatchSubject(ABC):
    """What one model is asked in a job of its own, and where its answers belong."""

    name: str
    model: str
    number: int

    @abstractmethod
    def count(self) -> int:
        """How many questions there are."""

    @abstractmethod
    def questions(self) -> Iterable[BatchQuestion]:
        """The questions."""

    @abstractmethod
    def store(self, answers: Mapping[str, BatchAnswer], job: BatchDescription) -> int:
        """Stores the answers to what has none yet; returns how many questions the job has answered."""


def ask_in_batch(
    run: Run,
    plan: Plan,
    batches: EvaluationBatches | None,
    asked: Sequence[BatchSubject],
    terms: BatchTerms,
    adapters: Adapters,
) -> EvaluationBatches:
    """`$.batches`: what was started, or what is still waited for. Raises ServiceBusy.

    Where Bedrock does not let its jobs be looked at, they are stopped, and the map asks all of it.
    """
    if batches is None:
        return _start(run, plan, asked, terms, adapters)
    try:
        return _settle(run, batches, asked, terms, adapters)
    except Refused as refusal:
        logger.warning("Batch jobs given up", extra={"reason": str(refusal)})
        with suppress(Refused, ServiceBusy):
            stop_batch_jobs(run.id, terms.environment, [each.arn for each in batches.jobs], adapters.batch)
        return EvaluationBatches(jobs=batches.jobs, waited_seconds=batches.waited_seconds)


def _start(
    run: Run, plan: Plan, asked: Sequence[BatchSubject], terms: BatchTerms, adapters: Adapters
) -> EvaluationBatches:
    jobs = list[EvaluationBatch]()
    for each in asked if terms.role_arn else ():
        count = each.count()
        if not takes_batch(each.model, count):
            continue
        wanted = WantedBatch(each.number, each.model, count, each.questions())
        arn = start_batch(run, plan, wanted, terms, adapters)
        if arn is not None:
            jobs.append(EvaluationBatch(number=each.number, model=each.model, arn=arn, asks=count, asked=each.name))
    wait = next_batch_wait(0) if jobs else None
    return EvaluationBatches(jobs=jobs, wait_seconds=wait, waited_seconds=wait or 0)


def _settle(
    run: Run, batches: EvaluationBatches, asked: Sequence[BatchSubject], terms: BatchTerms, adapters: Adapters
) -> EvaluationBatches:
    by_number = {each.number: each for each in asked}
    jobs, waits = list[EvaluationBatch](), False
    for job in batches.jobs:
        found = None if job.is_over else adapters.batch.find(job.arn)
        if not job.is_over and is_waited_for(job, found, batches.waited_seconds, terms, adapters):
            waits = True
        elif not job.is_over:
            answered = by_number[job.number].store(read_batch_answers(run, job, adapters), found) if found else 0
            tell_batch_over(job, found, answered)
            job = job.model_copy(update={"status": found.status if found else None, "answered": answered})  # noqa: PLW2901
        jobs.append(job)
    wait = next_batch_wait(batches.wait_seconds or 0) if waits else None
    return EvaluationBatches(jobs=jobs, wait_seconds=wait, waited_seconds=batches.waited_seconds + (wait or 0))

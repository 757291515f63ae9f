"""StopJobs: the first step of the clean-up lane, stops the run's jobs that still train, and its batch jobs."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.core.errors import ServiceBusy
from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training import candidate_jobs
from lambdas.domain.training.candidate_jobs import CandidateJob, Jobs, plan_jobs
from lambdas.domain.training.customization import COMPLETED, IN_PROGRESS
from lambdas.steps.observability import logger
from lambdas.steps.stop_batch_jobs import stop_batch_jobs


def stop_jobs(run: Run, plan: Plan, jobs: Jobs | None, *, adapters: Adapters, environment: str) -> Jobs:
    """What each candidate's job has come to, once those in progress were asked to stop.

    Jobs are found by their names: `jobs` is None if the run failed while they trained. A job that has ended stays as it
    is, and so does one that the run's settings keep (`keep_job`). Raises ServiceBusy and Refused once every job was
    tried.
    """
    trouble: Exception | None = None
    if plan.curation is not None or plan.batches.baselines:
        known = [each.arn for each in plan.curation.batches if not each.is_over] if plan.curation else []
        try:
            stop_batch_jobs(run.id, environment, known, adapters.batch)
        except (Refused, ServiceBusy) as error:
            trouble = error
    candidates = jobs.candidates if jobs else plan_jobs(plan.candidates, run.id, environment)
    stopped: list[CandidateJob] = []
    for candidate in candidates:
        try:
            stopped.append(_stop(candidate, adapters, kept=plan.keep_job))
        except (Refused, ServiceBusy) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return candidate_jobs.sum_up(stopped)


def _stop(candidate: CandidateJob, adapters: Adapters, *, kept: bool) -> CandidateJob:
    if candidate.status == COMPLETED:
        return candidate
    found = adapters.bedrock.find_customization_job(candidate.name)
    if found is not None and found.status == IN_PROGRESS and not kept:
        try:
            adapters.bedrock.stop_customization_job(found.arn)
        except Conflict as conflict:
            # It has ended, or stops already.
            logger.info("Job not stopped", extra={"reason": conflict.message})
        found = adapters.bedrock.find_customization_job(candidate.name)
    if found is None:
        return candidate
    logger.info("Job left as it is" if kept else "Job stopped", extra={"job_arn": found.arn, "status": found.status})
    return candidate_jobs.describe_job(candidate, found)

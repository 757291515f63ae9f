"""StartPendingJobs: starts the jobs of a sweep that found no room before, once another one has ended."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.training import candidate_jobs
from lambdas.handlers.observability import observed
from lambdas.handlers.start_customization import start_pending


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "job"}` and returns `$.job`. Raises CustomizationFailed and ServiceBusy."""
    job = event["job"]
    candidates = start_pending(event["run"], event["plan"], job["candidates"])
    refusals = candidate_jobs.next_start_refusals(job, candidates)
    return {**candidate_jobs.started(candidates, wait_seconds=job["wait_seconds"], start_refusals=refusals)}

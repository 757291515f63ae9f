"""StopJobs: the first step of the clean-up lane, stops the run's jobs that still train, and its batch jobs."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.stop_jobs import stop_jobs


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state, which may lack `jobs`, and returns `$.jobs`. Raises ServiceBusy and Refused."""
    root = composition.root
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    jobs = Jobs.parse_from(event, "jobs") if "jobs" in event else None
    return stop_jobs(run, plan, jobs, adapters=root.adapters, environment=root.environment.deployment).dump()

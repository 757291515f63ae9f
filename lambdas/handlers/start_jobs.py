"""StartJobs: starts the customization jobs of the run's candidates."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.start_jobs import JobSettings, start_jobs


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state, which has `jobs` from the second attempt on, and returns `$.jobs`."""
    root = composition.root
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    jobs = Jobs.parse_from(event, "jobs") if "jobs" in event else None
    given = root.environment
    settings = JobSettings(
        given.deployment, given.customization_role_arn, given.custom_model_kms_key_arn, given.network
    )
    return start_jobs(run, plan, jobs, adapters=root.adapters, settings=settings).dump()

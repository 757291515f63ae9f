"""CheckJobs: asks how each customization job is doing."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.check_jobs import check_jobs


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "jobs"}` and returns `$.jobs` with the next wait. Raises CustomizationFailed."""
    return check_jobs(
        Run.parse_from(event, "run"), Jobs.parse_from(event, "jobs"), adapters=composition.root.adapters
    ).dump()

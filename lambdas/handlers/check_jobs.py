"""CheckJobs: asks how each customization job is doing."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.handlers import composition
from lambdas.handlers.observability import observed
from lambdas.steps.check_jobs import check_jobs


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "jobs"}` and returns `$.jobs` with the next wait. Raises CustomizationFailed and ServiceBusy."""
    return check_jobs(Run.parse(event["run"]), Jobs.parse(event["jobs"]), adapters=composition.root.adapters).dump()

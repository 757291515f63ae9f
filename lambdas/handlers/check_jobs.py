"""CheckJobs: asks how each customization job is doing."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.notification import Reader
from lambdas.domain.core.run import Run
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.stall import StallBounds
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.check_jobs import check_jobs


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "jobs", "topic_arn"}` and returns `$.jobs` with the next wait.

    Raises CustomizationFailed and CustomizationStalled.
    """
    settings = composition.root.environment
    return check_jobs(
        Run.parse_from(event, "run"),
        Jobs.parse_from(event, "jobs"),
        adapters=composition.root.adapters,
        topic_arn=Reader.parse({"topic_arn": event.get("topic_arn")}).topic_arn,
        bounds=StallBounds(settings.stalled_job_told_hours * 3600, settings.stalled_job_ended_hours * 3600),
    ).dump()

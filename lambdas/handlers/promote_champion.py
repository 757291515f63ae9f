"""PromoteChampion: names the run's model as the environment's champion, if its report says so."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.report.summary import ReportSummary
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.promote_champion import promote_champion


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "report"}` and returns `$.champion`. Raises as `promote_champion`."""
    root, summary = composition.root, ReportSummary.parse_from(event, "report")
    environment = root.environment.deployment
    return promote_champion(
        Run.parse_from(event, "run"), summary, adapters=root.adapters, environment=environment
    ).dump()

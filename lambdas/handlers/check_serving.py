"""The entry of CheckServing."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.serving.serving import Serving
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.check_serving import check_serving


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "serving"}` and returns `$.lease.serving`. Raises ThroughputFailed."""
    return check_serving(Serving.parse_from(event, "serving"), adapters=composition.root.adapters).dump()

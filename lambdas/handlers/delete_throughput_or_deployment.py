"""The entry of DeleteThroughputOrDeployment."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.delete_throughput_or_deployment import DeletionState, delete_throughput_or_deployment


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state of an item, and returns `$.lease`. Raises ThroughputNotDeleted."""
    root = composition.root
    return delete_throughput_or_deployment(
        DeletionState.parse(event),
        adapters=root.adapters,
        environment_name=root.environment.deployment,
        model_unit_price_per_hour=root.environment.model_unit_price_per_hour,
    ).dump()

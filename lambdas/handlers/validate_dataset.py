"""ValidateDataset: checks data set and run.json, converts and splits them, and plans the run, before it costs money."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.validate_dataset import validate_dataset


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run"}` and returns `$.plan`."""
    environment = composition.root.environment
    plan = validate_dataset(
        Run.parse_from(event, "run"),
        adapters=composition.root.adapters,
        default_base_model=environment.default_base_model,
        limits=environment.run_limits,
        environment=environment.deployment,
        needs_approval=environment.approval_hours is not None,
        clock=composition.root.clock,
    )
    return plan.dump()

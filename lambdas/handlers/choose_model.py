"""ChooseModel: takes the model with the lowest validation loss, or the only one, and stores the choice."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.choose_model import choose_model


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "jobs"}` and returns `$.model`. Raises CustomizationFailed and ServiceBusy."""
    return choose_model(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        Jobs.parse_from(event, "jobs"),
        adapters=composition.root.adapters,
    ).dump()

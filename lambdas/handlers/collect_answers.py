"""CollectAnswers: joins the shards' answers into one file per arm, and ends a run that has too few of them."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.leases import Servings
from lambdas.domain.training.choice import TunedModel
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.collect_answers import collect_answers


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "model", "servings"}` and returns `$.responses`.

    Raises EvaluationFailed and ServiceBusy.
    """
    return collect_answers(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        TunedModel.parse_from(event, "model"),
        Servings.parse_from(event, "servings"),
        adapters=composition.root.adapters,
    ).dump()

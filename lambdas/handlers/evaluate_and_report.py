"""EvaluateAndReport: scores the stored answers, decides, and writes report.json and what people read of it."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.answers import Responses
from lambdas.domain.plan.plan import Plan
from lambdas.domain.serving.leases import Servings
from lambdas.domain.training.candidate_jobs import Jobs
from lambdas.domain.training.choice import TunedModel
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.evaluate_and_report import evaluate_and_report


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan", "jobs", "model", "servings", "responses"}` and returns `$.report`.

    Raises ServiceBusy and Refused.
    """
    root = composition.root
    return evaluate_and_report(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        Jobs.parse_from(event, "jobs"),
        TunedModel.parse_from(event, "model"),
        Servings.parse_from(event, "servings"),
        Responses.parse_from(event, "responses"),
        adapters=root.adapters,
        environment=root.environment.deployment,
        model_unit_price_per_hour=root.environment.model_unit_price_per_hour,
    ).dump()

"""CollectAnswers: joins the shards' answers into one file per arm, and ends a run that has too few of them."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.settings import EvaluationSettings
from lambdas.domain.plan.plan import ShardLists
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.collect_answers import collect_answers


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan"}` and returns `$.responses`. Raises EvaluationFailed and ServiceBusy."""
    plan = event["plan"]
    return collect_answers(
        Run.parse_from(event, "run"),
        plan["arms"],
        plan["dataset"]["test"]["records"],
        ShardLists.parse(plan["shards"]),
        EvaluationSettings.model_validate(plan["evaluation"]),
        adapters=composition.root.adapters,
    ).dump()

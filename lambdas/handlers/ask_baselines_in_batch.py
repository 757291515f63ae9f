"""AskBaselinesInBatch: the baselines' batch jobs are started, asked for, and read."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.evaluation.batches import EvaluationBatches
from lambdas.domain.plan.plan import Plan
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.ask_baselines_in_batch import ask_baselines_in_batch
from lambdas.steps.batch_jobs import BatchTerms


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state, which has `batches` from the second call on, and returns `$.batches`.

    Raises ServiceBusy.
    """
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    batches = EvaluationBatches.parse(event["batches"]) if "batches" in event else None
    root = composition.root
    settings = root.environment
    terms = BatchTerms(settings.deployment, settings.batch_role_arn, settings.longest_batch_hours)
    return ask_baselines_in_batch(run, plan, batches, adapters=root.adapters, terms=terms).dump()

"""CurateTrainingSet: says what the models of curation are asked next, or makes the final training sets."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.curate_training_set import curate_training_set


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan"}` and returns `$.plan`.

    Raises CurationFailed, TooManyRemoved, YieldTooLow, NoDocuments, LeakFound and ServiceBusy.
    """
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    return curate_training_set(run, plan, adapters=composition.root.adapters).dump()

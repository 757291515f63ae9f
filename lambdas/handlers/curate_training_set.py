"""CurateTrainingSet: says what the models of curation are asked next, or makes the final training sets."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.report.approval import is_approved
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.batch_jobs import BatchTerms
from lambdas.steps.curate_training_set import curate_training_set


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state, which has `curation_approval` once a person was asked, and returns `$.plan`.

    Raises CurationFailed, TooManyRemoved, YieldTooLow, NoDocuments, LeakFound and ServiceBusy.
    """
    run, plan = Run.parse_from(event, "run"), Plan.parse_from(event, "plan")
    root = composition.root
    settings = root.environment
    return curate_training_set(
        run,
        plan,
        is_approved=is_approved(event.get("curation_approval")),
        adapters=root.adapters,
        batch=BatchTerms(settings.deployment, settings.batch_role_arn, settings.longest_batch_hours),
    ).dump()

"""RunPreflight: checks all that the run needs of AWS, before anything is started or bought."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.preflight.concurrency import WantedConcurrency
from lambdas.domain.preflight.subject import Topics
from lambdas.domain.preflight.time_limit import RunTime
from lambdas.handlers import composition
from lambdas.handlers.environment import EnvironmentVariables
from lambdas.handlers.observability import Json, observed
from lambdas.steps.run_preflight import run_preflight


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes `{"run", "plan"}` and returns `$.preflight`. Raises PreflightFailed and ServiceBusy."""
    settings = composition.root.environment
    return run_preflight(
        Run.parse_from(event, "run"),
        Plan.parse_from(event, "plan"),
        adapters=composition.root.adapters,
        environment=settings.deployment,
        customization_role_arn=settings.customization_role_arn,
        starter_role_arn=settings.start_jobs_role_arn,
        key_arn=settings.custom_model_kms_key_arn,
        topics=_topics(settings),
        concurrency=WantedConcurrency(
            settings.max_concurrency, settings.max_throughputs, settings.reconciler_reserved_concurrency
        ),
        time=RunTime(
            settings.longest_run_hours,
            settings.longest_lease_hours,
            settings.approval_hours,
            settings.longest_batch_hours,
        ),
        network=settings.network,
        model_unit_price_per_hour=settings.model_unit_price_per_hour,
        accept_unknown_prices=settings.accept_unknown_prices,
        serves_champion=settings.serve_champion is not None,
    ).dump()


def _topics(settings: EnvironmentVariables) -> Topics | None:
    """None where the function is not told of them."""
    if settings.topic_arn is None or settings.alarm_topic_arn is None:
        return None
    return Topics(settings.topic_arn, settings.alarm_topic_arn)

"""The reconciler's entry: on a schedule, when a run ends, and when the stack is deleted."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.aws.custom_resource import ResourceRequest, serve
from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.serving.lease import Terms
from lambdas.domain.serving.reconciliation import Scope, summarise
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.look_after_runs import Care, look_after_runs
from lambdas.steps.reconcile import end_with_stack, reconcile_and_tell
from lambdas.steps.tell_reconciliation import EndedExecution

# A deletion takes about a minute. What is not gone after two is left to the next turn.
LONGEST_SECONDS = 120
# The answer to CloudFormation must be out before Lambda ends the function.
RESERVED_SECONDS = 120
# A purchase that was cut off may take effect until its function is ended, which Lambda does a little late.
SETTLE_MARGIN_SECONDS = 5


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes a schedule's event, a "Step Functions Execution Status Change", or CloudFormation's request.

    Returns what was done. Raises NotReconciled where something could not be found out or removed: Lambda repeats the
    event twice, the schedule for ever, and an alarm tells. CloudFormation gets an answer in every case.
    """
    if "RequestType" in event:
        request = ResourceRequest.parse(event)
        serve(request, lambda: _serve_request(request, context))
        return {}
    ended = EndedExecution.model_validate(event["detail"]) if event.get("source") == "aws.states" else None
    # By Lambda's own clock, which an emulator may scale.
    then_left = _seconds_left(context) - LONGEST_SECONDS
    adapters = composition.root.adapters
    try:
        turn = reconcile_and_tell(
            _scope(ending=False), ended, lambda: _seconds_left(context) - then_left, adapters=adapters
        )
    finally:
        # After the report of a run that was cut off, which the turn writes.
        look_after_runs(ended, _scope(ending=False), _care(), adapters=adapters)
    return summarise(turn).dump()


def _serve_request(request: ResourceRequest, context: LambdaContext) -> str | None:
    """Why the request failed; None where it did not. A guard that is only renamed or taken out ends no run."""
    adapters = composition.root.adapters
    if not request.is_deletion or not adapters.stacks.is_being_removed(request.stack_id):
        return None
    return end_with_stack(_scope(ending=True), lambda: _seconds_left(context) - RESERVED_SECONDS, adapters=adapters)


def _seconds_left(context: LambdaContext) -> float:
    """Until Lambda ends the function."""
    return context.get_remaining_time_in_millis() / 1000


def _care() -> Care:
    settings = composition.root.environment
    return Care(settings.keep_models_days, settings.serve_champion is not None, settings.stack_id)


def _scope(*, ending: bool) -> Scope:
    settings = composition.root.environment
    if settings.state_machine_arn is None:
        raise InvalidEvent("The variable STATE_MACHINE_ARN is missing.")
    terms = Terms(
        environment=settings.deployment,
        longest_lease_hours=settings.longest_lease_hours,
        longest_run_hours=settings.longest_run_hours,
        settle_seconds=settings.purchase_timeout_seconds + SETTLE_MARGIN_SECONDS,
    )
    return Scope(
        terms=terms,
        bucket=settings.output_bucket,
        state_machine_arn=settings.state_machine_arn,
        topic_arn=settings.topic_arn,
        model_unit_price_per_hour=settings.model_unit_price_per_hour,
        ending=ending,
        most_candidates=settings.max_sweep_jobs,
    )

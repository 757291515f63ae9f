"""Reconciles what serves models with what may serve them: on a schedule, when a run ends, when the stack goes.

It serves no state of the pipeline: it stands behind all of them. Whatever the event, it compares everything; the event
only says how long it may take and whom to tell what.
"""

from typing import Any, Literal

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, Field, ValidationError

from lambdas.adapters import reconciling
from lambdas.adapters.adapters import current
from lambdas.adapters.aws import custom_resource
from lambdas.adapters.aws.bucket_emptying import is_being_removed
from lambdas.adapters.aws.service_errors import Refused
from lambdas.adapters.reconciling import Scope
from lambdas.domain.core import run
from lambdas.domain.core.errors import InvalidEvent, NotReconciled, RunAborted, RunTimedOut, ServiceBusy
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Claim
from lambdas.domain.core.timestamps import now
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.preflight.checks import preflight_key
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.serving import reconciliation
from lambdas.domain.serving.lease import Terms
from lambdas.domain.serving.reconciliation import Turn
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import bind_run, logger, metrics

# A deletion takes about a minute. What is not gone after two is left to the next turn.
LONGEST_SECONDS = 120
# The answer to CloudFormation must be out before Lambda ends the function.
RESERVED_SECONDS = 120
# A purchase that was cut off may take effect until its function is ended, which Lambda does a little late.
SETTLE_MARGIN_SECONDS = 5

_ENDS: dict[str, tuple[type[Exception], str]] = {
    "ABORTED": (RunAborted, "The execution was stopped from outside, so that its own clean-up did not run."),
    "TIMED_OUT": (RunTimedOut, "The execution reached longest_run_hours, so that its own clean-up did not run."),
}


class EndedExecution(BaseModel):
    """The detail of Step Functions' "Execution Status Change" event, as far as it is needed."""

    execution_arn: str = Field(alias="executionArn")
    status: Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]
    # The execution's own input; EventBridge leaves out a large one.
    input: str | None = None


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes a schedule's event, a "Step Functions Execution Status Change", or CloudFormation's request.

    Returns what was done. Raises NotReconciled where something could not be found out or removed: Lambda repeats the
    event twice, the schedule for ever, and an alarm tells. CloudFormation gets an answer in every case.
    """
    if "RequestType" in event:
        return _serve_cloudformation(event, context)
    # By Lambda's own clock, which an emulator may scale.
    then_left = _seconds_left(context) - LONGEST_SECONDS
    turn = reconciling.reconcile(_scope(), lambda: _seconds_left(context) - then_left)
    _count(turn)
    _tell(turn, event)
    if turn.failed or turn.problems:
        raise NotReconciled(reconciliation.not_reconciled(turn))
    return _summary(turn)


def _serve_cloudformation(request: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A deletion ends all runs and all that they have; it fails, and says so, rather than leave what bills."""
    try:
        # A guard that is only renamed or taken out of the template ends no run.
        if request["RequestType"] != "Delete" or not is_being_removed(request["StackId"]):
            custom_resource.answer(request, "SUCCESS")
            return {}
        scope = _scope(ending=True)
        turn = reconciling.reconcile(scope, lambda: _seconds_left(context) - RESERVED_SECONDS)
        _count(turn)
        left = [*reconciliation.left_sentences(turn, now(), _prices(turn)), *turn.problems]
        if not reconciling.is_finished(turn, scope):
            reason = " ".join(left) or "A run that was stopped may still be buying. Delete the stack again in a minute."
            custom_resource.answer(request, "FAILED", reason)
            return _summary(turn)
        custom_resource.answer(request, "SUCCESS")
    except Exception as error:  # whatever happened, CloudFormation must hear of it
        logger.exception("Not reconciled")
        custom_resource.answer(request, "FAILED", f"{type(error).__name__}: {error}")
        return {}
    return _summary(turn)


def _seconds_left(context: LambdaContext) -> float:
    """Until Lambda ends the function."""
    return context.get_remaining_time_in_millis() / 1000


def _scope(*, ending: bool = False) -> Scope:
    settings = environment()
    if settings.state_machine_arn is None:
        raise InvalidEvent("The variable STATE_MACHINE_ARN is missing.")
    terms = Terms(
        deployment=settings.deployment,
        longest_lease_hours=settings.longest_lease_hours,
        longest_run_hours=settings.longest_run_hours,
        settle_seconds=settings.purchase_timeout_seconds + SETTLE_MARGIN_SECONDS,
    )
    return Scope(terms, settings.output_bucket, settings.state_machine_arn, ending)


def _tell(turn: Turn, event: dict[str, Any]) -> None:
    """Tells the topic of a run that was cut off, and of anything that should not have existed."""
    settings = environment()
    sentences = reconciliation.deleted_sentences(turn)
    sentences += reconciliation.left_sentences(turn, now(), _prices(turn))
    cut_off = _cut_off_run(event)
    if cut_off is not None:
        claim, status = cut_off
        error, what = _ENDS[status]
        told = reconciliation.run_message(claim.run_id, claim.execution_arn, error.__name__, what, sentences)
        _write_report(claim, error.__name__, told.message)
    elif turn.deleted or turn.jobs_stopped or turn.models_deleted or turn.failed:
        told = reconciliation.alert_message(settings.deployment, turn, sentences)
    else:
        return
    logger.warning(told.message)
    if settings.topic_arn is not None:
        current().topic.publish(settings.topic_arn, told)


def _prices(turn: Turn) -> dict[str, float | None]:
    """Of a model unit an hour, for each that is left: the setting, or what the run's preflight has read."""
    setting = environment().model_unit_price_per_hour
    return {found.arn: _estimated_price(found.run_id) if setting is None else setting for found in turn.left}


def _estimated_price(run_id: str | None) -> float | None:
    """Null where it cannot be told: nothing that cleans up may fail for want of a price."""
    try:
        key = preflight_key(run.prefix(run_id)) if run_id else None
        stored = current().objects.read(environment().output_bucket, key) if key else None
        made = orjson.loads(stored).get("estimate") if stored else None
        return Estimate.model_validate(made).model_unit_price_per_hour() if made else None
    except (ServiceBusy, Refused, ValueError) as error:
        logger.warning("Price not found out", extra={"trouble": str(error)})
        return None


def _cut_off_run(event: dict[str, Any]) -> tuple[Claim, str] | None:
    """The run that the event tells the end of, where no state of it could: None for all other events."""
    if event.get("source") != "aws.states":
        return None
    ended = EndedExecution.model_validate(event["detail"])
    if ended.status not in _ENDS or ended.input is None:
        return None
    try:
        run_id = run.run_id(ObjectCreated.model_validate_json(ended.input).created())
    except (ValidationError, InvalidEvent):
        # It was started by hand with something else: it has made nothing.
        return None
    bind_run(run_id)
    stored = current().objects.read(environment().output_bucket, run.claim_key(run_id))
    claim = Claim.model_validate_json(stored) if stored is not None else None
    # Another execution may have the run; then this one was a second delivery of its event.
    return (claim, ended.status) if claim is not None and claim.execution_arn == ended.execution_arn else None


def _write_report(claim: Claim, error: str, cause: str) -> None:
    """The run's report.json, unless it has one already."""
    facts = {"run": {"id": claim.run_id}}
    document = orjson.dumps(assemble_failure(facts, error, cause).dump(), option=orjson.OPT_INDENT_2)
    current().objects.write_new(environment().output_bucket, f"{run.prefix(claim.run_id)}report.json", document)


def _count(turn: Turn) -> None:
    """The gauges count throughputs and deployments alike; the alarms stand on them."""
    moment = now()
    gauges = (
        ("LiveThroughputs", MetricUnit.Count, len(turn.live)),
        ("ThroughputsLeft", MetricUnit.Count, len(turn.left)),
        ("OldestThroughputAgeSeconds", MetricUnit.Seconds, reconciliation.oldest_seconds(turn.live, moment)),
        ("OldestLeaseOverrunSeconds", MetricUnit.Seconds, reconciliation.overrun_seconds(turn.live, moment)),
    )
    for name, unit, value in gauges:
        # What could not be listed may hold more: what was found is a bound, and a zero would say that all is well.
        if value or not turn.unlisted:
            metrics.add_metric(name, unit, value)
    metrics.add_metric("DeletionAttempts", MetricUnit.Count, turn.attempts)
    metrics.add_metric("DeletionFailures", MetricUnit.Count, len(turn.failed))
    metrics.add_metric("JobsStopped", MetricUnit.Count, len(turn.jobs_stopped))


def _summary(turn: Turn) -> dict[str, Any]:
    """What Lambda's log and a person who calls the function by hand see."""
    summary = {
        "live": [found.arn for found in turn.live],
        "deleted": [found.arn for found in turn.deleted],
        "left": [found.arn for found in turn.left],
        "jobs_stopped": turn.jobs_stopped,
        "models_deleted": turn.models_deleted,
        "executions_stopped": turn.executions_stopped,
        "slots_freed": turn.slots_freed,
        "slots_held": turn.slots_held,
        "problems": turn.problems,
    }
    logger.info("Reconciled", extra=summary)
    return summary

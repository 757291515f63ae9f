"""Whom the reconciler tells what: the run that was cut off, and people, of anything that should not have existed."""
# ruff: noqa: PLC0415 - few calls write a report or ask for a price: a cold start does not pay for those rooms

from typing import Literal

import orjson
from pydantic import BaseModel, Field, ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core.errors import InvalidEvent, RunAborted, RunTimedOut, ServiceBusy
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.run import Claim, claim_key, prefix, run_id
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving.reconciliation import (
    Scope,
    Turn,
    alert_message,
    describe_deleted,
    describe_left,
    run_message,
)
from lambdas.steps.observability import bind_run, logger

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


def tell_reconciliation(turn: Turn, ended: EndedExecution | None, scope: Scope, *, adapters: Adapters) -> None:
    """Writes the report of a run that was cut off, and tells the topic of it and of anything that was left over."""
    sentences = [*describe_deleted(turn), *describe_left(turn, now(), read_prices(turn, scope, adapters))]
    claim = _find_cut_off_run(ended, scope, adapters) if ended else None
    if ended is not None and claim is not None:
        error, what = _ENDS[ended.status]
        message = run_message(claim.run_id, claim.execution_arn, error.__name__, what, sentences)
        _write_report(claim, error.__name__, message.message, scope, adapters)
    elif turn.deleted or turn.jobs_stopped or turn.models_deleted or turn.failed:
        message = alert_message(scope.terms.environment, turn, sentences)
    else:
        return
    logger.warning(message.message)
    if scope.topic_arn is not None:
        adapters.topic.publish(scope.topic_arn, message)


def read_prices(turn: Turn, scope: Scope, adapters: Adapters) -> dict[str, float | None]:
    """Of a model unit an hour, for each that is left: the setting, or what the run's preflight has read."""
    setting = scope.model_unit_price_per_hour
    return {
        found.arn: _read_estimated_price(found.run_id, scope, adapters) if setting is None else setting
        for found in turn.left
    }


def _read_estimated_price(run: str | None, scope: Scope, adapters: Adapters) -> float | None:
    """None where it is not known: nothing that cleans up may fail for want of a price."""
    if run is None:
        return None
    try:
        found = adapters.preflight_documents.read(scope.bucket, prefix(run))
        return found.estimate.model_unit_price_per_hour() if found and found.estimate else None
    except (ServiceBusy, Refused, ValueError) as error:
        logger.warning("Price not found out", extra={"trouble": str(error)})
        return None


def _find_cut_off_run(ended: EndedExecution, scope: Scope, adapters: Adapters) -> Claim | None:
    """The claim of the run that ended where no state of it could say so; None for all other executions."""
    if ended.status not in _ENDS or ended.input is None:
        return None
    try:
        run = run_id(ObjectCreated.model_validate_json(ended.input).created())
    except (ValidationError, InvalidEvent):
        # It was started by hand with something else: it has made nothing.
        return None
    bind_run(run)
    stored = adapters.objects.read(scope.bucket, claim_key(run))
    claim = Claim.model_validate_json(stored) if stored is not None else None
    # Another execution may have the run; then this one was a second delivery of its event.
    return claim if claim is not None and claim.execution_arn == ended.execution_arn else None


def _write_report(claim: Claim, error: str, cause: str, scope: Scope, adapters: Adapters) -> None:
    """The run's report.json, unless it has one already."""
    from lambdas.domain.report.assemble import RunFacts, assemble_failure

    report = assemble_failure(RunFacts(claim.run_id), error, cause)
    document = orjson.dumps(report.dump(), option=orjson.OPT_INDENT_2)
    adapters.objects.write_new(scope.bucket, f"{prefix(claim.run_id)}report.json", document)

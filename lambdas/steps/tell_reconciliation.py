"""Whom the reconciler tells what: the run that was cut off, and people, of anything that should not have existed."""
# ruff: noqa: PLC0415 - few calls write a report or ask for a price: a cold start does not pay for those rooms

from collections.abc import Sequence
from typing import Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import Refused
from lambdas.domain.core import errors
from lambdas.domain.core.errors import InvalidEvent, RunAborted, RunTimedOut, ServiceBusy, UnexplainedFailure
from lambdas.domain.core.notification import Notification
from lambdas.domain.core.object_created import ObjectCreated
from lambdas.domain.core.outside_text import own_sentence
from lambdas.domain.core.run import Claim, bedrock_name, claim_key, prefix, report_key, run_id
from lambdas.domain.core.timestamps import later, now
from lambdas.domain.serving.lease import Execution
from lambdas.domain.serving.reconciliation import (
    FoundServing,
    Scope,
    Turn,
    alert_message,
    describe_deleted,
    describe_left,
    run_message,
)
from lambdas.domain.training.choice import is_candidate_of
from lambdas.steps.observability import bind_run, logger

# How long ago an end may be that a turn without an event looks for, and how long the end's own event gets first.
FORGOTTEN_SECONDS, EVENT_SECONDS = 86_400.0, 600.0

_ENDS: dict[str, tuple[type[Exception], str]] = {
    "ABORTED": (RunAborted, "The execution was stopped from outside, so that its own clean-up did not run."),
    "TIMED_OUT": (RunTimedOut, "The execution reached longest_run_hours, so that its own clean-up did not run."),
}
# What an execution fails with where one of its states has explained the failure, and told it.
_EXPLAINED = {name for name, kind in vars(errors).items() if isinstance(kind, type)} - {UnexplainedFailure.__name__}


class EndedExecution(BaseModel):
    """The detail of Step Functions' "Execution Status Change" event, as far as it is needed."""

    model_config = ConfigDict(defer_build=True)

    execution_arn: str = Field(alias="executionArn")
    status: Literal["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"]
    # The execution's own input; EventBridge leaves out a large one.
    input: str | None = None


class _UntoldEnd(NamedTuple):
    """The end of a run that none of its states could tell: its name, and what happened in a sentence."""

    claim: Claim
    error: str
    what: str


def tell_reconciliation(turn: Turn, ended: EndedExecution | None, scope: Scope, *, adapters: Adapters) -> None:
    """Writes the report of a run that could not write its own, and tells the topic of it and of what was left over."""
    sentences = [*describe_deleted(turn), *describe_left(turn, now(), read_prices(turn, scope, adapters))]
    end = _find_untold_end(ended, scope, adapters) if ended else None
    if end is not None:
        message = _describe_end(end, sentences, scope, adapters)
        _write_report(end.claim, end.error, message.message, scope, adapters)
    elif [*_unexpected(turn), *turn.jobs_stopped, *turn.models_deleted, *turn.failed]:
        message = alert_message(scope.terms.environment, turn, sentences)
    else:
        return
    _publish(message, scope, adapters)


def _unexpected(turn: Turn) -> list[FoundServing]:
    """What was deleted and should not have existed; a lease of what serves applications ends as it should."""
    return [found for found in turn.deleted if not found.standing]


def _describe_end(end: _UntoldEnd, sentences: list[str], scope: Scope, adapters: Adapters) -> Notification:
    model_arns = _find_trained_models(end.claim.run_id, scope, adapters)
    return run_message(end.claim.run_id, end.claim.execution_arn, end.error, end.what, sentences, model_arns)


def _publish(message: Notification, scope: Scope, adapters: Adapters) -> None:
    logger.warning(message.message)
    if scope.topic_arn is not None:
        adapters.topic.publish(scope.topic_arn, message)


def _find_trained_models(run: str, scope: Scope, adapters: Adapters) -> list[str]:
    """The model that the run has chosen, else all that it has trained; none where nobody knows.

    Without a choice all are kept.
    """
    environment = scope.terms.environment
    try:
        stored = adapters.model_choice.read_choice(scope.bucket, run)
        if stored is not None:
            return [stored.model_arn]
        numbers = range(1, scope.most_candidates + 1)
        # By name: a list may lag behind.
        named = {
            number: adapters.bedrock.find_custom_model(bedrock_name(environment, run, number)) for number in numbers
        }
        return [
            arn
            for number, arn in named.items()
            if arn is not None and is_candidate_of(adapters.bedrock.tags_of(arn), environment, run, number)
        ]
    except (ServiceBusy, Refused, ValueError) as error:
        logger.warning("Trained models not found out", extra={"trouble": str(error)})
        return []


def tell_forgotten_runs(scope: Scope, *, adapters: Adapters) -> None:
    """Reports and tells ends of the last day that no event's turn has reported.

    A run that is stopped in ClaimRun gets its claim after its end, from the function that still runs: the event of the
    end has found no claim then. What cannot be found out now is tried again with the next turn.
    """
    moment = now()
    try:
        arns = adapters.executions.failed_between(
            scope.state_machine_arn, later(moment, -FORGOTTEN_SECONDS), later(moment, -EVENT_SECONDS)
        )
        for arn in arns:
            execution = adapters.executions.find(arn)
            if execution is not None:
                _tell_forgotten_run(execution, scope, adapters)
    except (ServiceBusy, Refused, ValidationError) as error:
        logger.warning("Ended runs not looked through", extra={"trouble": str(error)})


def _tell_forgotten_run(execution: Execution, scope: Scope, adapters: Adapters) -> None:
    ended = EndedExecution.model_validate(
        {"executionArn": execution.arn, "status": execution.status, "input": execution.input}
    )
    end = _find_untold_end(ended, scope, adapters)
    if end is None:
        return
    message = _describe_end(end, [], scope, adapters)
    if _write_report(end.claim, end.error, message.message, scope, adapters):
        _publish(message, scope, adapters)


def read_prices(turn: Turn, scope: Scope, adapters: Adapters) -> dict[str, float | None]:
    """Of a model unit an hour, for each that is left."""
    return read_prices_of(turn.left, scope, adapters)


def read_prices_of(found: Sequence[FoundServing], scope: Scope, adapters: Adapters) -> dict[str, float | None]:
    """Of a model unit an hour, for each of them: the setting, or what the run's preflight has read."""
    setting = scope.model_unit_price_per_hour
    return {
        one.arn: _read_estimated_price(one.run_id, scope, adapters) if setting is None else setting for one in found
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


def _find_untold_end(ended: EndedExecution, scope: Scope, adapters: Adapters) -> _UntoldEnd | None:
    """The end of a run that no state of it could tell; None for all other executions."""
    claim = _find_claim(ended, scope, adapters) if ended.status != "SUCCEEDED" else None
    if claim is None:
        return None
    if ended.status in _ENDS:
        error, what = _ENDS[ended.status]
        return _UntoldEnd(claim, error.__name__, what)
    execution = adapters.executions.find(claim.execution_arn)
    error_name = (execution.error if execution else None) or "an error without a name"
    if error_name in _EXPLAINED:
        return None
    return _UntoldEnd(claim, UnexplainedFailure.__name__, _describe_failure(error_name, execution))


def _describe_failure(error: str, execution: Execution | None) -> str:
    """What Step Functions says of a failure that no Catch can catch, such as States.DataLimitExceeded."""
    from lambdas.domain.report.caught_words import read_message
    from lambdas.domain.report.failure_words import MEANINGS

    said = read_message(execution.cause or "") if execution else ""
    meaning = f" ({MEANINGS[error]})" if error in MEANINGS else ""
    words = own_sentence(f"{error}{meaning}{f': {said}' if said else ''}").rstrip(".")
    return (
        f"The execution failed where none of its states could say why: {words}. Its own clean-up may not have run. "
        "Look for the first failed state in the execution's history."
    )


def _find_claim(ended: EndedExecution, scope: Scope, adapters: Adapters) -> Claim | None:
    """The claim of the execution's run; None where it has no run."""
    if ended.input is None:
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


def _write_report(claim: Claim, error: str, cause: str, scope: Scope, adapters: Adapters) -> bool:
    """Writes the run's report.json, unless it has one already: then it returns False."""
    from lambdas.domain.report.assemble import assemble_failure
    from lambdas.domain.report.run_facts import RunFacts

    report = assemble_failure(RunFacts(claim.run_id), error, cause)
    document = orjson.dumps(report.dump(), option=orjson.OPT_INDENT_2)
    return adapters.objects.write_new(scope.bucket, report_key(prefix(claim.run_id)), document)

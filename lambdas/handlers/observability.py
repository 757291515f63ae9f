"""Structured logs with the run's id on each line, X-Ray tracing and CloudWatch metrics, the same way for every handler.

    @observed
    def handler(event: Json, context: LambdaContext) -> Json:

Steps log and count with `steps/observability.py`.
"""

import gc
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core import errors
from lambdas.domain.core.outside_text import shortened_to_bytes, visible
from lambdas.domain.core.state_budget import ERROR_BYTES
from lambdas.steps.observability import bind_run, is_traced, logger, metrics, tracer

# What Step Functions hands over and gets back.
Json = dict[str, Any]
Handler = Callable[[Json, LambdaContext], Json]

_MOST_FRAMES = 25


def _bounded(error: Exception) -> Exception:
    """The error, or a shorter one of its name: Step Functions keeps an error's message and trace in the run's state."""
    message = shortened_to_bytes(visible(str(error), keep="\n"), ERROR_BYTES)
    frames = sum(1 for _ in traceback.walk_tb(error.__traceback__))
    if message == str(error) and frames <= _MOST_FRAMES:
        return error
    if type(error).__module__ == errors.__name__:
        return type(error)(message)
    # Others are made from more than a message; catches look at the name alone.
    named: type[Exception] = type(type(error).__name__, (Exception,), {})
    return named(message)


def observed(handler: Handler) -> Handler:
    """Wraps a Lambda handler; the run's id is taken from `event["run"]["id"]` where there is one."""

    @wraps(handler)
    def with_run(event: Json, context: LambdaContext) -> Json:
        run = event.get("run")
        if isinstance(run, dict) and isinstance(run.get("id"), str):
            bind_run(run["id"])
        try:
            return handler(event, context)
        except Exception as error:
            logger.exception("Handler failed", extra={"error": type(error).__name__})
            bounded = _bounded(error)
            if bounded is error:
                raise
            raise bounded from None

    @wraps(handler)
    def with_trace(event: Json, context: LambdaContext) -> Json:
        if not is_traced():
            return with_run(event, context)
        # Responses may hold records of the data set: they stay out of the traces.
        traced: Handler = tracer().capture_lambda_handler(with_run, capture_response=False)
        return traced(event, context)

    counted = metrics.log_metrics(with_trace)
    logged: Handler = logger.inject_lambda_context(counted, clear_state=True)
    # The module's end, when all is imported.
    gc.freeze()
    gc.enable()
    return logged

"""Structured logs with the run's id on each line, X-Ray tracing and CloudWatch metrics, the same way for every handler.

    @observed
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        logger.info("Job started", extra={"job_arn": arn})
        metrics.add_metric("JobsStarted", MetricUnit.Count, 1)

Service name, metrics namespace and log level come from Powertools' own environment variables.
"""

import os
import traceback
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core import errors
from lambdas.domain.core.outside_text import shortened_to_bytes, visible
from lambdas.domain.core.state_budget import ERROR_BYTES

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]

logger = Logger()
tracer = Tracer()
# Without a namespace Powertools fails the handler when it flushes: a forgotten variable must not stop a clean-up.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "FineTuning"))

_MOST_FRAMES = 25

# Not every invocation has something to count.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def bind_run(run_id: str) -> None:
    """Puts the run's id on every later log line and on the trace of this invocation."""
    logger.append_keys(run_id=run_id)
    tracer.put_annotation("run_id", run_id)


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
    def with_run(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
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

    # Responses may hold records of the data set: they stay out of the traces.
    traced = tracer.capture_lambda_handler(with_run, capture_response=False)
    counted = metrics.log_metrics(traced)
    logged: Handler = logger.inject_lambda_context(counted, clear_state=True)
    return logged

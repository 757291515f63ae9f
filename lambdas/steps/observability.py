"""Structured logs, metrics and traces of this process; `handlers/observability.py` sends them.

    logger.info("Job started", extra={"job_arn": arn})
    metrics.add_metric("JobsStarted", MetricUnit.Count, 1)

Service name, metrics namespace and log level come from Powertools' own environment variables.
"""

import os
import warnings
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics

if TYPE_CHECKING:
    from aws_lambda_powertools import Tracer

logger = Logger()
# Without a namespace Powertools fails the handler when it flushes: a forgotten variable must not stop a clean-up.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "FineTuning"))

# Not every invocation has something to count.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def is_traced() -> bool:
    """Whether X-Ray keeps the trace of this invocation: Lambda sets the variable anew for each one."""
    return "Sampled=1" in os.environ.get("_X_AMZN_TRACE_ID", "")


@cache
def tracer() -> "Tracer":
    """The tracer, for a traced invocation alone: X-Ray's SDK takes as long to import as half of boto3."""
    from aws_lambda_powertools import Tracer  # noqa: PLC0415

    return Tracer()


def bind_run(run_id: str) -> None:
    """Puts the run's id on every later log line and on the trace of this invocation."""
    logger.append_keys(run_id=run_id)
    if is_traced():
        tracer().put_annotation("run_id", run_id)

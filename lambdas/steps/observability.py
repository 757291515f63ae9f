"""Structured logs, metrics and traces of this process; `handlers/observability.py` sends them.

    logger.info("Job started", extra={"job_arn": arn})
    metrics.add_metric("JobsStarted", MetricUnit.Count, 1)

Service name, metrics namespace and log level come from Powertools' own environment variables.
"""

import os
import warnings

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger()
tracer = Tracer()
# Without a namespace Powertools fails the handler when it flushes: a forgotten variable must not stop a clean-up.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "FineTuning"))

# Not every invocation has something to count.
warnings.filterwarnings("ignore", message="No application metrics to publish")


def bind_run(run_id: str) -> None:
    """Puts the run's id on every later log line and on the trace of this invocation."""
    logger.append_keys(run_id=run_id)
    tracer.put_annotation("run_id", run_id)

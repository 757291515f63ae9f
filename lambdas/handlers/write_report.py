"""WriteReport: scores the stored answers and writes report.json and report.html."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters import customization_output, object_store, stored_answers
from lambdas.domain import report
from lambdas.domain.report_page import render_page
from lambdas.handlers.observability import logger, metrics, observed


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "job", "throughput", "responses"}` and returns `{"uri", "subject", "message"}`.

    `uri` is report.json's. Raises ServiceBusy.
    """
    bucket, prefix = event["run"]["output_bucket"], event["run"]["prefix"]
    answers = {arm: stored_answers.read_arm(bucket, prefix, arm) for arm in event["plan"]["arms"]}
    training, validation = customization_output.read_training_metrics(bucket, f"{prefix}customization/")
    result = report.succeeded(event, answers, training, validation)
    page = render_page(result, answers, training, validation)
    page_uri = object_store.write(bucket, f"{prefix}report.html", page.encode(), "text/html; charset=utf-8")
    # Last, since its presence says that the run has its result.
    uri = object_store.write(bucket, f"{prefix}report.json", orjson.dumps(result, option=orjson.OPT_INDENT_2))
    logger.info("Report written", extra={"uri": uri, "headline": report.headline(result)})
    metrics.add_metric("RunsSucceeded", MetricUnit.Count, 1)
    subject, message = report.success_message(result, page_uri)
    return {"uri": uri, "subject": subject, "message": message}

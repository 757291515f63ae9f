"""ExplainFailure: names what went wrong, in words that a person can act on, and writes them into the run's report."""

from dataclasses import asdict
from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.domain.preflight.checks import preflight_key
from lambdas.domain.report import approval
from lambdas.domain.report.assemble import assemble_failure
from lambdas.domain.report.failure import Explanation, explain
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `{"error", "cause", "subject", "message"}`. Raises ServiceBusy."""
    run = event.get("run")
    trouble = current().answers.read_trouble(run["output_bucket"], run["prefix"]) if run else None
    asked = _approval(event)
    explanation = explain(event, trouble, asked)
    logger.error("Run failed", extra={"error": explanation.error, "cause": explanation.cause})
    metrics.add_metric("RunsFailed", MetricUnit.Count, 1)
    if run:
        _write_report({**event, "approval": asked}, explanation)
    return asdict(explanation)


def _approval(state: dict[str, Any]) -> dict[str, Any] | None:
    """What was asked and answered before the purchase. Cause and state tell an answer before anybody has stored it."""
    if not (state.get("plan") or {}).get("needs_approval"):
        return None
    stored = current().approvals.read(state["run"]["output_bucket"], state["run"]["id"])
    answer = approval.answer_in((state.get("failure") or {}).get("Cause") or "")
    answer = answer or approval.answer_of(state.get("approval"))
    return (stored.outcome().dump() if stored else {}) | (answer.dump() if answer else {}) or None


def _write_report(state: dict[str, Any], explanation: Explanation) -> None:
    """Writes report.json unless the run has its result already."""
    bucket, key = state["run"]["output_bucket"], f"{state['run']['prefix']}report.json"
    standing = current().objects.read(bucket, key)
    if standing is not None and orjson.loads(standing).get("status") == "succeeded":
        return
    stored = current().objects.read(bucket, preflight_key(state["run"]["prefix"]))
    state = {**state, "preflight": orjson.loads(stored) if stored else None}
    failed = assemble_failure(state, explanation.error, explanation.cause)
    current().objects.write(bucket, key, orjson.dumps(failed.dump(), option=orjson.OPT_INDENT_2))

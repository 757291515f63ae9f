"""RequestApproval: asks the topic's readers whether to buy, and leaves the token of the pause where they answer it."""

from typing import Any

import orjson
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.domain.core.timestamps import now
from lambdas.domain.cost.estimate import Estimate
from lambdas.domain.report import approval
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes `{"run", "plan", "jobs", "model", "task_token", "timeout_seconds", "topic_arn"}`.

    Raises ServiceBusy and Refused. What it returns is not used: what ends the pause is the result: `{"decision",
    "by", "answered_at", …}`. A repeated attempt has a token of its own, which replaces the earlier one, and asks again.
    """
    run, plan, settings = event["run"], event["plan"], environment()
    bucket = run["output_bucket"]
    request = approval.requested(
        run["execution_arn"],
        event["task_token"],
        now(),
        event["timeout_seconds"],
        _estimate(run),
    )
    current().approvals.write(bucket, run["id"], request)
    told = approval.request_message(
        run["id"],
        request,
        approval.purchase_text(plan["serving"], plan["model_units"], settings.longest_lease_hours),
        event["model"]["validation_loss"],
        deleted_models=_deleted_models(plan, event["jobs"], event["model"]),
        deployment=settings.deployment,
        region=current().clients.sns.meta.region_name,
    )
    current().topic.publish(event["topic_arn"], told)
    logger.info("Approval requested", extra={"answer_until": request.answer_until})
    metrics.add_metric("ApprovalsRequested", MetricUnit.Count, 1)
    return {}


def _estimate(run: dict[str, Any]) -> Estimate | None:
    """The preflight's; None where it made none."""
    stored = current().objects.read(run["output_bucket"], f"{run['prefix']}preflight.json")
    estimate = orjson.loads(stored).get("estimate") if stored else None
    return Estimate.model_validate(estimate) if estimate else None


def _deleted_models(plan: dict[str, Any], jobs: dict[str, Any], model: dict[str, Any]) -> int:
    """How many models are deleted with the run's end: those that were not chosen, unless they are kept."""
    if plan.get("keep_models"):
        return 0
    return sum(one["model_arn"] is not None and one["number"] != model["number"] for one in jobs["candidates"])

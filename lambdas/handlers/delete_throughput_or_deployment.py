"""DeleteThroughputOrDeployment: deletes what serves the model and asks whether it is gone; every path leads here."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.aws.service_errors import Conflict, Refused
from lambdas.domain.core import run
from lambdas.domain.core.errors import ServiceBusy, ThroughputNotDeleted
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving import throughput
from lambdas.domain.serving.kinds import CREATING, KINDS, hourly_cost
from lambdas.domain.serving.polling import DELETE_AGAIN_EVERY_ATTEMPTS, FIRST_DELETION_ATTEMPT_TOLD
from lambdas.domain.serving.throughput import Throughput
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `$.serving`; `deleted` is true only where Bedrock no longer finds it.

    It is found by its name where its purchase was never recorded, as a throughput and as a deployment where the plan
    does not say which. Raises ThroughputNotDeleted when all
    attempts are used up.
    """
    name, plan = run.bedrock_name(environment().deployment, event["run"]["id"]), event.get("plan") or {}
    facts: Throughput = {**throughput.unrecorded(name, plan.get("serving")), **(event.get("serving") or {})}
    # A run with a slot has asked for a purchase, whether or not it was answered.
    may_appear_late = facts["arn"] is None and bool((event.get("slot") or {}).get("acquired"))
    facts = delete(facts, may_appear_late, hourly_cost(plan.get("model_units"), _price_per_hour(event)))
    logger.info("Deletion attempted", extra={"throughput": name, "deleted": facts["deleted"]})
    if facts["deleted"]:
        _give_slot_back(event["run"]["id"])
    return {**facts}


def _price_per_hour(event: dict[str, Any]) -> float | None:
    """Of a model unit: the preflight's, which knows the price file, or the setting where it made no estimate."""
    estimate = (event.get("preflight") or {}).get("estimate") or {}
    found: float | None = estimate.get("model_unit_price_per_hour")
    return environment().model_unit_price_per_hour if found is None else found


def delete(facts: Throughput, may_appear_late: bool, cost: str) -> Throughput:
    """One attempt: delete, then ask. Nothing comes before the deletion of what is known by its ARN.

    `may_appear_late` is true for a purchase whose outcome is unknown: not finding it counts from the second attempt on.
    `cost` is for the message to a person.
    """
    facts = {**facts, "delete_requested_at": facts["delete_requested_at"] or now()}
    trouble: Exception | None = None
    try:
        facts = _accepted(_recognised(facts))
        found = facts["serving"] and current().serving.find(facts["serving"], facts["arn"] or facts["name"])
        if found is None and not (may_appear_late and facts["arn"] is None and facts["delete_attempts"] == 0):
            return throughput.gone(facts, now())
    except (Refused, ServiceBusy) as error:
        # Not left to the state machine's Retry: what is known by now must not be forgotten.
        trouble = error
        logger.warning("Deletion failed", extra={"throughput": facts["name"], "trouble": str(error)})
    refused_for_good = isinstance(trouble, Refused) and not isinstance(trouble, Conflict)
    failed = trouble is not None and _is_worth_telling(facts, trouble)
    try:
        return throughput.still_there(facts, str(trouble) if trouble else None, refused_for_good, now(), cost)
    except ThroughputNotDeleted:
        failed = True
        raise
    finally:
        if failed:
            metrics.add_metric("DeletionFailures", MetricUnit.Count, 1)


def _is_worth_telling(facts: Throughput, trouble: Exception) -> bool:
    """Whether the alarm tells a person of this failed attempt: not of the first few, which often heal by themselves.

    Nor of a conflict with what Bedrock is still creating, or is deleting already: both end without anybody.
    """
    if facts["delete_attempts"] + 1 < FIRST_DELETION_ATTEMPT_TOLD:
        return False
    if not isinstance(trouble, Conflict):
        return True
    if facts["deleted_at"] is not None or facts["serving"] is None:
        return False
    try:
        found = current().serving.find(facts["serving"], facts["arn"] or facts["name"])
    except (Refused, ServiceBusy) as error:
        logger.warning("Not found out", extra={"throughput": facts["name"], "trouble": str(error)})
        return False
    return found is not None and found.status != CREATING


def _recognised(facts: Throughput) -> Throughput:
    """With the kind under which Bedrock knows the name, where the run failed before its plan said it; else unchanged.

    Raises as the adapter, once both kinds have been looked for.
    """
    if facts["serving"] is not None:
        return facts
    trouble: Exception | None = None
    for kind in KINDS:
        try:
            if current().serving.find(kind, facts["name"]) is not None:
                return {**facts, "serving": kind}
        except (Refused, ServiceBusy) as error:
            trouble = error
    if trouble is not None:
        raise trouble
    return facts


def _accepted(facts: Throughput) -> Throughput:
    """The facts after Bedrock accepted the deletion, or unchanged where there is nothing. Raises as the adapter.

    A deletion that was accepted takes its time: it is asked for again only now and then, in case it was lost.
    """
    kind = facts["serving"]
    asked = facts["deleted_at"] is not None and facts["delete_attempts"] % DELETE_AGAIN_EVERY_ATTEMPTS != 0
    if kind is None or asked:
        return facts
    if facts["arn"] is None:
        try:
            found = current().serving.find(kind, facts["name"])
        except (Refused, ServiceBusy) as error:
            # Its name is enough to delete it.
            logger.warning("Not found out", extra={"throughput": facts["name"], "trouble": str(error)})
        else:
            if found is None:
                return facts
            facts = {**facts, "arn": found.arn, "requested_at": facts["requested_at"] or found.created_at}
    metrics.add_metric("DeletionAttempts", MetricUnit.Count, 1)
    if current().serving.delete(kind, facts["arn"] or facts["name"]):
        facts = {**facts, "deleted_at": facts["deleted_at"] or now()}
        metrics.add_metric("DeletionsAccepted", MetricUnit.Count, 1)
    return facts


def _give_slot_back(run_id: str) -> None:
    """Lets the next run buy. Where this fails, the reconciler does it when the run has ended."""
    try:
        current().slots.give_back(environment().output_bucket, run_id)
    except (Refused, ServiceBusy):
        logger.exception("Slot not given back")

"""AcquireSlot: takes one of the deployment's throughput slots before anything is bought, or says whom it waits for."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.adapters.adapters import current
from lambdas.adapters.stores.throughput_slots import Held
from lambdas.domain.core.timestamps import now
from lambdas.domain.serving import slots
from lambdas.domain.serving.slots import Slot
from lambdas.handlers.environment import environment
from lambdas.handlers.observability import observed
from lambdas.steps.observability import logger, metrics


@observed
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the whole state and returns `$.slot`. Raises ServiceBusy.

    A run that has a slot already, because an earlier attempt got it, keeps that one and its lease.
    """
    return {**acquire(event["run"], event.get("slot") or {})}


def acquire(run: dict[str, Any], previous: dict[str, Any]) -> Slot:
    """The run's slot, or its wait for one; `previous` is `$.slot` of the last turn."""
    settings = environment()
    wanted = slots.holder(run["id"], run["execution_arn"], now(), settings.longest_lease_hours)
    taken = current().slots.take(settings.output_bucket, wanted, settings.max_throughputs)
    waited_seconds: int = previous.get("waited_seconds", 0)
    if isinstance(taken, Held):
        logger.info("Slot taken", extra={"slot": taken.key, "lease_ends_at": taken.holder.lease_ends_at})
        return slots.acquired(taken.key, taken.holder, waited_seconds)
    holders = [each.holder for each in taken]
    slot = slots.waiting(holders, settings.max_throughputs, previous.get("wait_seconds", 0), waited_seconds)
    logger.info(slot["message"])
    metrics.add_metric("SlotWaits", MetricUnit.Count, 1)
    return slot

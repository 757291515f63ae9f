"""The entry of AcquireSlot."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.domain.core.run import Run
from lambdas.domain.serving.slots import Slot
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.acquire_slot import acquire_slot


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state and returns `$.slot`. Raises ServiceBusy."""
    settings = composition.root.environment
    return acquire_slot(
        Run.parse_from(event, "run"),
        Slot.parse_from(event, "slot") if "slot" in event else None,
        adapters=composition.root.adapters,
        slots=settings.max_throughputs,
        longest_lease_hours=settings.longest_lease_hours,
    ).dump()

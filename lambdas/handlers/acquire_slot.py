"""The entry of AcquireSlot."""

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ConfigDict

from lambdas.domain.core.fact import Fact
from lambdas.domain.core.run import Run
from lambdas.domain.plan.plan import Plan
from lambdas.domain.plan.served import most_served
from lambdas.domain.serving.leases import Lease
from lambdas.handlers import composition
from lambdas.handlers.observability import Json, observed
from lambdas.steps.acquire_slot import acquire_slot


class _Served(Fact):
    model_config = ConfigDict(extra="ignore")

    chosen: bool


@observed
def handler(event: Json, context: LambdaContext) -> Json:
    """Takes the whole state of an item, and returns `$.lease.slot`. Raises ServiceBusy and ThroughputFailed."""
    settings, lease = composition.root.environment, Lease.parse_from(event, "lease")
    return acquire_slot(
        Run.parse_from(event, "run"),
        lease.number,
        lease.slot,
        served=most_served(Plan.parse_from(event, "plan")),
        is_chosen=_Served.parse_from(event, "served").chosen,
        adapters=composition.root.adapters,
        slots=settings.max_throughputs,
        longest_lease_hours=settings.longest_lease_hours,
    ).dump()

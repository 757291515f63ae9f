"""What whoever serves a model is bound by: settings that the environment was deployed with, as an output of its stack.

A checkout's `cdk.json` may say something else: it may be of another environment, or changed since the deployment.
"""

from pydantic import BaseModel, ConfigDict

from stacks.settings import Settings

OUTPUT = "Limits"


class DeployedLimits(BaseModel):
    """Settings by their names; the output is their JSON."""

    model_config = ConfigDict(frozen=True)

    max_throughputs: int
    longest_lease_hours: int
    max_run_cost_usd: float | None
    accept_unknown_prices: bool
    model_unit_price_per_hour: float | None


def limits_of(settings: Settings) -> DeployedLimits:
    """Those among all settings."""
    return DeployedLimits.model_validate(settings.model_dump(include=set(DeployedLimits.model_fields)))

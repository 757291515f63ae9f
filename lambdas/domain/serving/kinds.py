"""The two ways in which a tuned model is served, and the words for each.

Provisioned throughput bills by the hour for as long as it exists. A custom model deployment bills the tokens of the
questions that it is asked ("Deploy a custom model for on-demand inference", Amazon Bedrock user guide); it takes up the
account's quota, and anybody who may invoke it spends the account's money, so that it is deleted all the same.
"""

from dataclasses import dataclass

from lambdas.domain.core.counted import counted
from lambdas.domain.models.catalogue import ServingKind

PROVISIONED: ServingKind = "provisioned_throughput"
ON_DEMAND: ServingKind = "on_demand"
# What bills by the hour first.
KINDS = (PROVISIONED, ON_DEMAND)

CREATING = "Creating"
IN_SERVICE = "InService"
FAILED = "Failed"
# Ours, of a serving that could not be bought yet: its run waits for a slot again.
NOT_BOUGHT = "NotBought"


UPDATING = "Updating"
UPDATE_FAILED = "UpdateFailed"


@dataclass(frozen=True)
class ModelUpdate:
    """A deployment's last update: to which model, and Updating, UpdateCompleted or UpdateFailed."""

    model_arn: str
    status: str


@dataclass(frozen=True)
class ServedModel:
    """A throughput or a deployment as Bedrock describes it; times are timestamps.

    `status` is Creating, InService (a deployment's Active), Failed or another of Bedrock's words. `model_units` is None
    for a deployment, `update` for a throughput and for what has never been updated.
    """

    kind: ServingKind
    arn: str
    status: str
    model_arn: str
    model_units: int | None
    created_at: str
    changed_at: str
    failure_message: str | None
    update: ModelUpdate | None = None

    @property
    def is_mutating(self) -> bool:
        """Whether Bedrock refuses to delete or to update it for now."""
        return self.status == CREATING or (self.update is not None and self.update.status == UPDATING)


def noun(kind: ServingKind | None) -> str:
    """What it is called in messages; None where only its name is known."""
    match kind:
        case "provisioned_throughput":
            return "throughput"
        case "on_demand":
            return "custom model deployment"
        case None:
            return "throughput or custom model deployment"


def bills(kind: ServingKind | None, cost: str) -> str:
    """What it costs until it is deleted, as a predicate; `cost` is `hourly_cost`'s."""
    match kind:
        case "provisioned_throughput":
            return f"BILLS BY THE HOUR until it is deleted: {cost}"
        case "on_demand":
            return "bills the tokens of every question that it is asked until it is deleted, nothing by the hour"
        case None:
            return f"may BILL BY THE HOUR until it is deleted: {cost}"


def hourly_cost(model_units: int | None, price: float | None) -> str:
    """`1 model unit at 42.00 USD = 42.00 USD an hour`; says so where units or price are not known."""
    units = f"{counted(model_units, 'model unit') if model_units else 'an unknown number of model units'}"
    if price is None:
        return f"{units} at a price an hour that is not known (price file, setting model_unit_price_per_hour)"
    if model_units is None:
        return f"{units} at {price:.2f} USD an hour each"
    return f"{units} at {price:.2f} USD = {model_units * price:.2f} USD an hour"


def deletion_command(kind: ServingKind | None, identifier: str) -> str:
    """The AWS CLI's command for a name or ARN; both commands where the kind is not known."""
    match kind:
        case "provisioned_throughput":
            return f"aws bedrock delete-provisioned-model-throughput --provisioned-model-id {identifier}"
        case "on_demand":
            return f"aws bedrock delete-custom-model-deployment --custom-model-deployment-identifier {identifier}"
        case None:
            return " or ".join(deletion_command(known, identifier) for known in KINDS)

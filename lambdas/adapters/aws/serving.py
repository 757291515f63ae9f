"""What serves a tuned model, whichever kind it is: provisioned throughput or a custom model deployment.

Every function raises ServiceBusy, NotFound, Conflict or Refused.
"""

from collections.abc import Mapping

from lambdas.adapters.aws import bedrock, custom_model_deployments
from lambdas.adapters.aws.bedrock import Listed
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND, ServedModel


def create(kind: ServingKind, name: str, token: str, model_arn: str, model_units: int, tags: Mapping[str, str]) -> str:
    """Buys throughput without commitment, or makes a deployment, which has no model units; returns its ARN."""
    if kind == ON_DEMAND:
        return custom_model_deployments.create(name, token, model_arn, tags)
    return bedrock.purchase_throughput(name, token, model_arn, model_units, tags)


def find(kind: ServingKind, identifier: str) -> ServedModel | None:
    """It by name or ARN; None where there is none."""
    return custom_model_deployments.find(identifier) if kind == ON_DEMAND else bedrock.find_throughput(identifier)


def delete(kind: ServingKind, identifier: str) -> bool:
    """Asks for its deletion by name or ARN; False for one that does not exist, deleted already."""
    return custom_model_deployments.delete(identifier) if kind == ON_DEMAND else bedrock.delete_throughput(identifier)


def list_all(kind: ServingKind) -> list[Listed]:
    """All of the kind that the account has in this Region, whoever made them."""
    return custom_model_deployments.list_all() if kind == ON_DEMAND else bedrock.list_throughputs()

"""What serves a tuned model, whichever kind it is: provisioned throughput or a custom model deployment.

Every method raises ServiceBusy, NotFound, Conflict or Refused.
"""

from collections.abc import Mapping

from lambdas.adapters.aws.bedrock import Listed
from lambdas.adapters.aws.custom_model_deployments import CustomModelDeployments
from lambdas.adapters.aws.provisioned_throughputs import ProvisionedThroughputs
from lambdas.domain.models.catalogue import ServingKind
from lambdas.domain.serving.kinds import ON_DEMAND, ServedModel


class ServedModels:
    """Throughputs and deployments alike."""

    def __init__(self, throughputs: ProvisionedThroughputs, deployments: CustomModelDeployments) -> None:
        self._throughputs = throughputs
        self._deployments = deployments

    def create(
        self, kind: ServingKind, name: str, token: str, model_arn: str, model_units: int, tags: Mapping[str, str]
    ) -> str:
        """Buys throughput without commitment, or makes a deployment, which has no model units; returns its ARN."""
        if kind == ON_DEMAND:
            return self._deployments.create(name, token, model_arn, tags)
        return self._throughputs.create(name, token, model_arn, model_units, tags)

    def find(self, kind: ServingKind, identifier: str) -> ServedModel | None:
        """One by name or ARN; None where there is none."""
        return self._of(kind).find(identifier)

    def delete(self, kind: ServingKind, identifier: str) -> bool:
        """Asks for its deletion by name or ARN; False for one that does not exist, deleted already."""
        return self._of(kind).delete(identifier)

    def list_all(self, kind: ServingKind) -> list[Listed]:
        """All of the kind that the account has in this Region, whoever made them."""
        return self._of(kind).list_all()

    def _of(self, kind: ServingKind) -> ProvisionedThroughputs | CustomModelDeployments:
        return self._deployments if kind == ON_DEMAND else self._throughputs

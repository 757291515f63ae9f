"""The account's quotas in Bedrock, and what of them is in use."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.preflight.quotas import Quota

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient

_SERVICE = "bedrock"
_CUSTOM_MODEL = ":custom-model/"


class Quotas:
    """The account's quotas in Bedrock."""

    def __init__(self, service_quotas: Any, bedrock: "BedrockClient") -> None:
        self._service_quotas = service_quotas
        self._bedrock = bedrock

    def list_quotas(self) -> list[Quota]:
        """The quotas that apply to the account; one that nobody ever changed may be among the defaults only."""
        with named_errors("ListServiceQuotas"):
            pages = self._service_quotas.get_paginator("list_service_quotas").paginate(ServiceCode=_SERVICE)
            return [_quota(quota) for page in pages for quota in page.get("Quotas", [])]

    def list_default_quotas(self) -> list[Quota]:
        """The quotas that an account has at first."""
        with named_errors("ListAWSDefaultServiceQuotas"):
            pages = self._service_quotas.get_paginator("list_aws_default_service_quotas").paginate(ServiceCode=_SERVICE)
            return [_quota(quota) for page in pages for quota in page.get("Quotas", [])]

    def model_units_in_use(self) -> int:
        """Model units without commitment for custom models; raises ServiceBusy and Refused."""
        with named_errors("ListProvisionedModelThroughputs"):
            pages = self._bedrock.get_paginator("list_provisioned_model_throughputs").paginate()
            return sum(
                throughput["modelUnits"]
                for page in pages
                for throughput in page.get("provisionedModelSummaries", [])
                if "commitmentDuration" not in throughput and _CUSTOM_MODEL in throughput["modelArn"]
            )

    def deployments_in_use(self) -> int:
        """Custom model deployments; raises ServiceBusy and Refused."""
        with named_errors("ListCustomModelDeployments"):
            deployed = self._bedrock.get_paginator("list_custom_model_deployments").paginate()
            return sum(len(page.get("modelDeploymentSummaries", [])) for page in deployed)


def _quota(quota: Mapping[str, Any]) -> Quota:
    return Quota(quota["QuotaCode"], quota["QuotaName"], quota["Value"])

"""The account's quotas in Bedrock, and what of them is in use."""

from collections.abc import Mapping
from typing import Any

from lambdas.adapters.aws import clients
from lambdas.adapters.aws.service_errors import named_errors
from lambdas.domain.preflight.quotas import Quota

_SERVICE = "bedrock"
_CUSTOM_MODEL = ":custom-model/"


def list_quotas() -> list[Quota]:
    """The quotas that apply to the account; one that nobody ever changed may be among the defaults only."""
    with named_errors("ListServiceQuotas"):
        pages = clients.service_quotas().get_paginator("list_service_quotas").paginate(ServiceCode=_SERVICE)
        return [_quota(quota) for page in pages for quota in page.get("Quotas", [])]


def list_default_quotas() -> list[Quota]:
    """The quotas that an account has at first."""
    with named_errors("ListAWSDefaultServiceQuotas"):
        pages = clients.service_quotas().get_paginator("list_aws_default_service_quotas").paginate(ServiceCode=_SERVICE)
        return [_quota(quota) for page in pages for quota in page.get("Quotas", [])]


def model_units_in_use() -> int:
    """Model units without commitment for custom models; raises ServiceBusy and Refused."""
    with named_errors("ListProvisionedModelThroughputs"):
        pages = clients.bedrock().get_paginator("list_provisioned_model_throughputs").paginate()
        return sum(
            throughput["modelUnits"]
            for page in pages
            for throughput in page.get("provisionedModelSummaries", [])
            if "commitmentDuration" not in throughput and _CUSTOM_MODEL in throughput["modelArn"]
        )


def deployments_in_use() -> int:
    """Custom model deployments; raises ServiceBusy and Refused."""
    with named_errors("ListCustomModelDeployments"):
        deployed = clients.bedrock().get_paginator("list_custom_model_deployments").paginate()
        return sum(len(page.get("modelDeploymentSummaries", [])) for page in deployed)


def _quota(quota: Mapping[str, Any]) -> Quota:
    return Quota(quota["QuotaCode"], quota["QuotaName"], quota["Value"])

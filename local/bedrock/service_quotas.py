"""Service Quotas for Bedrock: the account's applied quotas and AWS's defaults.

Names and codes are AWS's where a public source shows them; a code with SIMULATED in it is our own.
"""

from dataclasses import dataclass
from typing import Any

from local.bedrock.errors import NoSuchQuotaError
from local.bedrock.foundation_models import FOUNDATION_MODELS, SimulatedFoundationModels
from local.bedrock.resources import cut_page, without_nones
from local.bedrock.settings import SimulationSettings

SERVICE_CODE = "bedrock"
# AWS's pages hold up to 100 of Bedrock's several hundred quotas: whoever reads one page only must be wrong here, too.
PAGE_SIZE = 5
CUSTOM_MODEL_UNITS = "L-BE77399C"
# Each base model's code and name; on AWS there are two ways to name it.
PER_MODEL = "Model units per provisioned model for"
MODEL_UNITS = {
    "anthropic.claude-3-haiku-20240307-v1:0": ("L-SIMULATED-UNITS-HAIKU", f"{PER_MODEL} Anthropic Claude 3 Haiku 200K"),
    "amazon.nova-micro-v1:0": (
        "L-SIMULATED-UNITS-NOVA-MICRO",
        f"{PER_MODEL} the 128k context length variant for Amazon Nova Micro",
    ),
    "amazon.nova-lite-v1:0": (
        "L-SIMULATED-UNITS-NOVA-LITE",
        f"{PER_MODEL} the 300k context length variant for Amazon Nova Lite",
    ),
    "amazon.nova-pro-v1:0": (
        "L-SIMULATED-UNITS-NOVA-PRO",
        f"{PER_MODEL} the 300k context length variant for Amazon Nova Pro",
    ),
    "amazon.nova-2-lite-v1:0": (
        "L-SIMULATED-UNITS-NOVA-2-LITE",
        "No-commitment model units for Provisioned Throughput created for custom model Amazon Nova 2 Lite V1.0 256K",
    ),
    "meta.llama3-1-8b-instruct-v1:0": ("L-3632DE15", f"{PER_MODEL} Meta Llama 3.1 8B Instruct"),
    "meta.llama3-1-70b-instruct-v1:0": ("L-SIMULATED-UNITS-LLAMA-70B", f"{PER_MODEL} Meta Llama 3.1 70B Instruct"),
}


@dataclass(frozen=True)
class AccountQuota:
    """A quota with its value in this account and AWS's default."""

    code: str
    name: str
    applied: int
    default: int
    adjustable: bool = True


class ServiceQuotas:
    """The quotas of one account; they do not change."""

    def __init__(self, settings: SimulationSettings, foundation_models: SimulatedFoundationModels) -> None:
        self._settings = settings
        self._quotas = [
            AccountQuota(
                CUSTOM_MODEL_UNITS,
                "Model units no-commitment Provisioned Throughputs across custom models",
                settings.no_commitment_model_units,
                0,
            ),
            *(
                AccountQuota(code, name, foundation_models.model_units(FOUNDATION_MODELS[model_id]), 0)
                for model_id, (code, name) in MODEL_UNITS.items()
            ),
            AccountQuota(
                "L-0406044C",
                "(Model customization) Scheduled customization jobs",
                settings.concurrent_customization_jobs,
                10,
                adjustable=False,
            ),
            AccountQuota("L-CB5B847D", "(Model customization) Custom models per account", settings.custom_models, 100),
            AccountQuota(
                "L-SIMULATED-DEPLOYMENTS",
                "(Model customization) Total custom model deployments",
                settings.custom_model_deployments,
                10,
            ),
            AccountQuota(
                "L-SIMULATED-CREATING-DEPLOYMENTS",
                "(Model customization) In-progress custom model deployments",
                settings.creating_custom_model_deployments,
                2,
            ),
        ]

    def list_applied(self, params: dict[str, Any]) -> dict[str, Any]:
        """ListServiceQuotas."""
        code = params.get("QuotaCode")
        return self._page(params, [self._describe(quota) for quota in self._quotas if code in (None, quota.code)])

    def get_applied(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetServiceQuota."""
        return {"Quota": self._describe(self._find(params))}

    def list_defaults(self, params: dict[str, Any]) -> dict[str, Any]:
        """ListAWSDefaultServiceQuotas."""
        return self._page(params, [self._describe_default(quota) for quota in self._quotas])

    def get_default(self, params: dict[str, Any]) -> dict[str, Any]:
        """GetAWSDefaultServiceQuota."""
        return {"Quota": self._describe_default(self._find(params))}

    def _find(self, params: dict[str, Any]) -> AccountQuota:
        _check_service(params)
        found = next((quota for quota in self._quotas if quota.code == params["QuotaCode"]), None)
        if found is None:
            raise NoSuchQuotaError("The request failed because the specified service quota does not exist.")
        return found

    def _page(self, params: dict[str, Any], quotas: list[dict[str, Any]]) -> dict[str, Any]:
        _check_service(params)
        size = min(params.get("MaxResults", PAGE_SIZE), PAGE_SIZE)
        page, token = cut_page(quotas, params.get("NextToken"), size)
        return without_nones({"Quotas": page, "NextToken": token})

    def _describe(self, quota: AccountQuota) -> dict[str, Any]:
        region, account = self._settings.region, self._settings.account_id
        return _described(quota, quota.applied, f"arn:aws:servicequotas:{region}:{account}:bedrock/{quota.code}")

    def _describe_default(self, quota: AccountQuota) -> dict[str, Any]:
        return _described(quota, quota.default, f"arn:aws:servicequotas:{self._settings.region}::bedrock/{quota.code}")


def _described(quota: AccountQuota, value: int, arn: str) -> dict[str, Any]:
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": "Amazon Bedrock",
        "QuotaArn": arn,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _check_service(params: dict[str, Any]) -> None:
    if params["ServiceCode"] != SERVICE_CODE:
        raise NoSuchQuotaError("The request failed because the specified service does not exist.")

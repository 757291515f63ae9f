"""Free checks: Bedrock's quotas as Service Quotas tells them."""

from collections.abc import Callable, Iterator

from lambdas.domain.preflight.quotas import JOBS_CODE, MODELS_CODE, UNITS_CODE
from local.conformance.calls import AwsCaller, AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.expectations import Expectation, Has, Includes, Items, answered, one_of, refused
from local.conformance.place import Place

# By the codes that the preflight looks for.
_NAMES = {
    UNITS_CODE: "Model units no-commitment Provisioned Throughputs across custom models",
    JOBS_CODE: "(Model customization) Scheduled customization jobs",
    MODELS_CODE: "(Model customization) Custom models per account",
}
# The ids of checks have what a code stands for.
_SHORT = {UNITS_CODE: "units", JOBS_CODE: "jobs", MODELS_CODE: "models"}
_DEPLOYMENTS = (
    "(Model customization) Total custom model deployments",
    "(Model customization) In-progress custom model deployments",
)
_MEMBERS = ("QuotaCode", "QuotaName", "Value", "Adjustable")


def service_quota_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""

    def check(
        name: str, request: AwsRequest | Callable[[AwsCaller], AwsRequest | None], expects: Expectation
    ) -> ConformanceCheck:
        return ConformanceCheck(f"quotas-{name}", Tier.FREE, request, expects)

    def request(operation: str, *, pages: bool = False, **parameters: object) -> AwsRequest:
        service = {"ServiceCode": "bedrock", **parameters}
        return AwsRequest("service-quotas", operation, service, place.home, "Quotas" if pages else None)

    def second_page(caller: AwsCaller) -> AwsRequest | None:
        first = caller.send(request("ListServiceQuotas", MaxResults=1)).answer or {}
        token = first.get("NextToken")
        return request("ListServiceQuotas", MaxResults=1, NextToken=token) if token else None

    listed, defaults = "ListServiceQuotas", "ListAWSDefaultServiceQuotas"
    yield check("first-page", request(listed), answered(Items("Quotas", _MEMBERS, least=1), Has("NextToken")))
    yield check("page-of-one", request(listed, MaxResults=1), answered(Items("Quotas", _MEMBERS, least=1, most=1)))
    yield check("second-page", second_page, answered(Items("Quotas", _MEMBERS, least=1, most=1)))
    yield check(
        "deployments-by-name",
        request(listed, pages=True),
        answered(Includes("Quotas", _DEPLOYMENTS, "QuotaName")),
    )
    yield check("defaults", request(defaults, pages=True), answered(Includes("Quotas", tuple(_NAMES), "QuotaCode")))
    for code, name in _NAMES.items():
        told = answered(one_of("Quota.QuotaCode", code), one_of("Quota.QuotaName", name), Has("Quota.Value", float))
        yield check(f"applied-{_SHORT[code]}", request("GetServiceQuota", QuotaCode=code), told)
        yield check(f"default-{_SHORT[code]}", request("GetAWSDefaultServiceQuota", QuotaCode=code), told)
    absent = refused("NoSuchResourceException")
    yield check("unknown-code", request("GetServiceQuota", QuotaCode="L-00000000"), absent)
    yield check("unknown-default", request("GetAWSDefaultServiceQuota", QuotaCode="L-00000000"), absent)
    yield check("unknown-service", request(listed, ServiceCode="fine-tuning-conformance-absent"), absent)

"""Free checks: the lists of the account's jobs, models, throughputs and deployments. They may be empty."""

from collections.abc import Iterator
from typing import NamedTuple

from local.conformance.calls import AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.checks.foundation_models import INVALID
from local.conformance.expectations import Expectation, Items, answered, refused
from local.conformance.impossible import ABSENT
from local.conformance.place import Place


class _List(NamedTuple):
    operation: str
    key: str
    members: tuple[str, ...]
    status: str


_LISTS = {
    "jobs": _List(
        "ListModelCustomizationJobs",
        "modelCustomizationJobSummaries",
        ("jobArn", "jobName", "status", "creationTime"),
        "statusEquals",
    ),
    "models": _List(
        "ListCustomModels",
        "modelSummaries",
        ("modelArn", "modelName", "creationTime", "baseModelArn"),
        "modelStatus",
    ),
    "throughputs": _List(
        "ListProvisionedModelThroughputs",
        "provisionedModelSummaries",
        ("provisionedModelArn", "provisionedModelName", "modelArn", "modelUnits", "status", "creationTime"),
        "statusEquals",
    ),
    "deployments": _List(
        "ListCustomModelDeployments",
        "modelDeploymentSummaries",
        ("customModelDeploymentArn", "customModelDeploymentName", "modelArn", "createdAt", "status"),
        "statusEquals",
    ),
}


def list_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""
    for name, one in _LISTS.items():
        for what, parameters, expects in _cases(one):
            request = AwsRequest("bedrock", one.operation, parameters, place.home)
            yield ConformanceCheck(f"list-{name}-{what}", Tier.FREE, request, expects)


def _cases(one: _List) -> Iterator[tuple[str, dict[str, object], Expectation]]:
    yield "all", {}, answered(Items(one.key, one.members))
    yield "page-of-one", {"maxResults": 1}, answered(Items(one.key, one.members, most=1))
    yield "of-absent-name", {"nameContains": ABSENT}, answered(Items(one.key, most=0))
    yield "page-of-none", {"maxResults": 0}, refused(INVALID, naming="maxResults")
    yield "page-of-1001", {"maxResults": 1001}, refused(INVALID, naming="maxResults")
    yield "unknown-status", {one.status: "Tired"}, refused(INVALID, naming=one.status)
    yield "unknown-order", {"sortOrder": "Sideways"}, refused(INVALID, naming="sortOrder")
    yield "unknown-token", {"nextToken": "no-token"}, refused(INVALID)

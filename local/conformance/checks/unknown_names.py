"""Free checks: what names no resource is answered as such, by name and by ARN, malformed or not."""

from collections.abc import Iterator

from local.conformance.calls import AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.checks.foundation_models import INVALID, NOT_FOUND
from local.conformance.expectations import ExpectedRefusal, refused
from local.conformance.impossible import ABSENT, MALFORMED
from local.conformance.place import Place

JOB = "model-customization-job"
MODEL = "custom-model"
THROUGHPUT = "provisioned-model"
DEPLOYMENT = "custom-model-deployment"
# A kind's ARN without the account's part, the member that names one, and the operations on it.
_KINDS = {
    JOB: ("jobIdentifier", ("GetModelCustomizationJob", "StopModelCustomizationJob")),
    MODEL: ("modelIdentifier", ("GetCustomModel", "DeleteCustomModel")),
    THROUGHPUT: ("provisionedModelId", ("GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput")),
    DEPLOYMENT: (
        "customModelDeploymentIdentifier",
        ("GetCustomModelDeployment", "DeleteCustomModelDeployment"),
    ),
}
_VERBS = ("Get", "Stop", "Delete")


def unknown_name_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""
    for kind, (member, operations) in _KINDS.items():
        for operation in operations:
            verb = next(one for one in _VERBS if operation.startswith(one)).lower()
            for how, name, expects in (
                ("absent-name", ABSENT, refused(NOT_FOUND)),
                ("absent-arn", _arn(place, kind), refused(NOT_FOUND)),
                ("malformed-name", MALFORMED, refused(INVALID)),
            ):
                yield _check(place, f"{verb}-{kind}-by-{how}", operation, {member: name}, expects)
    arn = place.arn(THROUGHPUT)
    absent = refused(NOT_FOUND)
    yield _check(place, "tags-of-absent-arn", "ListTagsForResource", {"resourceARN": arn}, absent)
    tags = [{"key": "project", "value": "conformance"}]
    yield _check(place, "tag-absent-arn", "TagResource", {"resourceARN": arn, "tags": tags}, absent)
    yield _check(place, "untag-absent-arn", "UntagResource", {"resourceARN": arn, "tagKeys": ["project"]}, absent)
    yield _check(
        place,
        "rename-absent-throughput",
        "UpdateProvisionedModelThroughput",
        {"provisionedModelId": ABSENT, "desiredProvisionedModelName": ABSENT},
        absent,
    )
    yield _check(
        place,
        "update-absent-deployment",
        "UpdateCustomModelDeployment",
        {"customModelDeploymentIdentifier": ABSENT, "modelArn": absent_model(place)},
        absent,
    )


def _arn(place: Place, kind: str) -> str:
    base = f"{place.entries[0].customization_id}/" if kind in (JOB, MODEL) else ""
    # A custom model's ARN has its base model's id, too.
    return place.arn(f"{kind}/{base}".rstrip("/"))


def _check(
    place: Place, name: str, operation: str, parameters: dict[str, object], expects: ExpectedRefusal
) -> ConformanceCheck:
    return ConformanceCheck(name, Tier.FREE, AwsRequest("bedrock", operation, parameters, place.home), expects)


def absent_model(place: Place) -> str:
    """The ARN of a custom model that does not exist."""
    return _arn(place, MODEL)

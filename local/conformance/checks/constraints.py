"""Free checks: constraints on requests that create.

Each request lacks a required member beside what it tests, or names a base model that does not exist: it can create
nothing (`local.conformance.impossible`).
"""

from collections.abc import Iterator, Mapping

from local.conformance.calls import AwsRequest
from local.conformance.check import ConformanceCheck, Tier
from local.conformance.checks.foundation_models import INVALID, NOT_FOUND
from local.conformance.checks.unknown_names import absent_model
from local.conformance.expectations import ExpectedRefusal, refused
from local.conformance.impossible import ABSENT, ABSENT_BASE_MODEL
from local.conformance.place import Place

_SET = {"s3Uri": "s3://fine-tuning-conformance-absent/train.jsonl"}
_OUTPUT = {"s3Uri": "s3://fine-tuning-conformance-absent/output/"}
_LONG = "a" * 64
# What is wrong with a job's request, member by member; the message must name the member.
_JOB: dict[str, tuple[str, object]] = {
    "name-with-space": ("jobName", "a b"),
    "name-with-underscore": ("jobName", "a_b"),
    "name-of-64-characters": ("jobName", _LONG),
    "model-name-with-dot": ("customModelName", "a.b"),
    "model-name-with-two-dashes": ("customModelName", "a--b"),
    "model-name-of-64-characters": ("customModelName", _LONG),
    "token-with-underscore": ("clientRequestToken", "a_b"),
    "token-of-257-characters": ("clientRequestToken", "a" * 257),
    "base-model-malformed": ("baseModelIdentifier", "no model"),
    "type-unknown": ("customizationType", "MAGIC"),
    "key-malformed": ("customModelKmsKeyId", "no key"),
    "training-data-with-space": ("trainingDataConfig", {"s3Uri": "s3://bucket/a b.jsonl"}),
    "training-data-not-in-s3": ("trainingDataConfig", {"s3Uri": "https://bucket/train.jsonl"}),
    "output-not-in-s3": ("outputDataConfig", {"s3Uri": "https://bucket/output/"}),
    "without-subnets": ("vpcConfig", {"subnetIds": [], "securityGroupIds": ["sg-00000000"]}),
    "tag-with-empty-key": ("jobTags", [{"key": "", "value": "a"}]),
    "tag-with-long-value": ("jobTags", [{"key": "a", "value": "a" * 257}]),
    "tag-with-bad-character": ("customModelTags", [{"key": "a", "value": "a*"}]),
}
_THROUGHPUT: dict[str, tuple[str, object]] = {
    "name-with-space": ("provisionedModelName", "a b"),
    "name-of-64-characters": ("provisionedModelName", _LONG),
    "no-units": ("modelUnits", 0),
    "commitment-unknown": ("commitmentDuration", "OneDay"),
    "token-with-underscore": ("clientRequestToken", "a_b"),
}
_DEPLOYMENT: dict[str, tuple[str, object]] = {
    "name-with-space": ("modelDeploymentName", "a b"),
    "name-of-64-characters": ("modelDeploymentName", _LONG),
    "description-empty": ("description", ""),
    "token-with-underscore": ("clientRequestToken", "a_b"),
}


def constraint_checks(place: Place) -> Iterator[ConformanceCheck]:
    """All of them."""
    job = {
        "jobName": ABSENT,
        "customModelName": ABSENT,
        "roleArn": f"arn:aws:iam::{place.account}:role/{ABSENT}",
        "baseModelIdentifier": ABSENT_BASE_MODEL,
        "trainingDataConfig": _SET,
        "outputDataConfig": _OUTPUT,
    }
    yield from _checks(place, "job", "CreateModelCustomizationJob", job, _JOB, lacking="roleArn", absent=INVALID)
    throughput = {"provisionedModelName": ABSENT, "modelUnits": 1, "modelId": absent_model(place)}
    yield from _checks(
        place, "throughput", "CreateProvisionedModelThroughput", throughput, _THROUGHPUT, lacking="modelId"
    )
    deployment = {"modelDeploymentName": ABSENT, "modelArn": absent_model(place)}
    yield from _checks(place, "deployment", "CreateCustomModelDeployment", deployment, _DEPLOYMENT, lacking="modelArn")
    wrong_role: dict[str, object] = {**job, "roleArn": "no role"}
    yield _check(
        place,
        "create-job-role-malformed",
        "CreateModelCustomizationJob",
        wrong_role,
        refused(INVALID, naming="roleArn"),
    )


def _checks(
    place: Place,
    kind: str,
    operation: str,
    complete: Mapping[str, object],
    wrong: Mapping[str, tuple[str, object]],
    *,
    lacking: str,
    absent: str = NOT_FOUND,
) -> Iterator[ConformanceCheck]:
    """Of a request that is complete but about nothing: each wrong member, each missing one, and nothing else wrong."""
    for name, (member, value) in wrong.items():
        parameters = {**complete, member: value}
        del parameters[lacking]
        expects = refused(INVALID, naming=member)
        yield _check(place, f"create-{kind}-{name}", operation, parameters, expects)
    for member in complete:
        parameters = {key: value for key, value in complete.items() if key != member}
        expects = refused(INVALID, naming=member)
        yield _check(place, f"create-{kind}-needs-{member}", operation, parameters, expects)
    yield _check(place, f"create-{kind}-of-absent-model", operation, dict(complete), refused(absent))


def _check(
    place: Place, name: str, operation: str, parameters: dict[str, object], expects: ExpectedRefusal
) -> ConformanceCheck:
    return ConformanceCheck(name, Tier.FREE, AwsRequest("bedrock", operation, parameters, place.home), expects)

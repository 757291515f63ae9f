"""What the preflight lets IAM simulate: which actions, on which resources, with which condition keys."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lambdas.domain.preflight.role import KEY, PASSED, READS, WRITES
from lambdas.domain.preflight.subject import EnvironmentResources


class PolicySimulation(NamedTuple):
    """One question to SimulatePrincipalPolicy."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str] = {}


def reading(resources: EnvironmentResources) -> PolicySimulation:
    """The job reads the data set."""
    data = tuple(resources.object_arn(f"dataset/{name}.jsonl") for name in ("train", "validation"))
    return PolicySimulation(("s3:GetObject",), data)


def writing(resources: EnvironmentResources) -> tuple[PolicySimulation, ...]:
    """The job writes its output, and looks for what is there."""
    output = (resources.object_arn("customization/metrics.csv"),)
    return (
        PolicySimulation(("s3:GetObject", "s3:PutObject"), output),
        PolicySimulation(("s3:ListBucket",), (resources.output_bucket_arn,)),
    )


def passing(resources: EnvironmentResources) -> PolicySimulation:
    """Who starts the job hands its role to Bedrock."""
    return PolicySimulation(("iam:PassRole",), (resources.role_arn,), {"iam:PassedToService": "bedrock.amazonaws.com"})


def using_key(key_arn: str) -> PolicySimulation:
    """The job's role uses the key for data and output."""
    return PolicySimulation(("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,))


def using_key_for_models(key_arn: str, region: str) -> PolicySimulation:
    """Bedrock encrypts the model in the name of who starts the job."""
    actions = ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey")
    return PolicySimulation(actions, (key_arn,), {"kms:ViaService": f"bedrock.{region}.amazonaws.com"})


def samples() -> Iterator[tuple[str, PolicySimulation]]:
    """Each simulation by the name of its check, for an environment that is none."""
    account, region = "123456789012", "us-east-1"
    key_arn = f"arn:aws:kms:{region}:{account}:key/id"
    resources = EnvironmentResources(
        "input", "output", "runs/id/", f"arn:aws:iam::{account}:role/job", None, key_arn=key_arn
    )
    yield READS, reading(resources)
    yield from ((WRITES, each) for each in writing(resources))
    yield PASSED, passing(resources)
    yield KEY, using_key(key_arn)
    yield KEY, using_key_for_models(key_arn, region)

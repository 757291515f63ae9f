"""What the preflight lets IAM simulate: which actions, on which resources, with which condition keys."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lambdas.domain.preflight.role import KEY, PASSED, READS, WRITES
from lambdas.domain.preflight.subject import EnvironmentResources


class Simulation(NamedTuple):
    """One question to SimulatePrincipalPolicy."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    context: Mapping[str, str] = {}


def reading(resources: EnvironmentResources) -> Simulation:
    """The job reads the data set."""
    data = tuple(resources.object_arn(f"dataset/{name}.jsonl") for name in ("train", "validation"))
    return Simulation(("s3:GetObject",), data)


def writing(resources: EnvironmentResources) -> tuple[Simulation, ...]:
    """The job writes its output, and looks for what is there."""
    output = (resources.object_arn("customization/metrics.csv"),)
    return (
        Simulation(("s3:GetObject", "s3:PutObject"), output),
        Simulation(("s3:ListBucket",), (resources.output_bucket_arn,)),
    )


def passing(resources: EnvironmentResources) -> Simulation:
    """Who starts the job hands its role to Bedrock."""
    return Simulation(("iam:PassRole",), (resources.role_arn,), {"iam:PassedToService": "bedrock.amazonaws.com"})


def using_key(key_arn: str) -> Simulation:
    """The job's role uses the key for data and output."""
    return Simulation(("kms:Decrypt", "kms:GenerateDataKey"), (key_arn,))


def using_key_for_models(key_arn: str, region: str) -> Simulation:
    """Bedrock encrypts the model in the name of who starts the job."""
    actions = ("kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey")
    return Simulation(actions, (key_arn,), {"kms:ViaService": f"bedrock.{region}.amazonaws.com"})


def samples() -> Iterator[tuple[str, Simulation]]:
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

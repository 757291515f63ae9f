"""What preflight learns of the service role from the embedded AWS is what AWS would tell."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.embedded_aws import ACCOUNT
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

ROLE = f"arn:aws:iam::{ACCOUNT}:role/simulated"
BUCKET = "arn:aws:s3:::data"
POLICY: list[dict[str, Any]] = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{BUCKET}/runs/*"},
    {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": BUCKET,
        "Condition": {"StringLike": {"s3:prefix": ["runs/*"]}},
    },
    {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
    },
    {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": "*"},
    {
        "Effect": "Deny",
        "Action": "kms:*",
        "Resource": "*",
        "Condition": {"StringNotEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}},
    },
]
TRUST = {
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}]
}


@pytest.fixture(name="iam", scope="module")
def _iam(sandbox: Sandbox) -> Iterator[Any]:
    iam = sandbox.aws.client("iam")
    iam.create_role(RoleName="simulated", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="simulated", PolicyName="it", PolicyDocument=json.dumps({"Statement": POLICY}))
    yield iam
    iam.delete_role_policy(RoleName="simulated", PolicyName="it")
    iam.delete_role(RoleName="simulated")


def decisions(iam: Any, action: str, resources: list[str], **context: str) -> dict[str, str]:
    """The decision for each resource; `s3__prefix` is the context key `s3:prefix`."""
    answer = iam.simulate_principal_policy(
        PolicySourceArn=ROLE,
        ActionNames=[action],
        ResourceArns=resources,
        ContextEntries=[
            {"ContextKeyName": name.replace("__", ":"), "ContextKeyType": "string", "ContextKeyValues": [value]}
            for name, value in context.items()
        ],
    )
    return {result["EvalResourceName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


def test_each_resource_has_a_decision(iam: Any) -> None:
    """A role that reads one of two folders must not pass for one that reads both."""
    folders = [f"{BUCKET}/runs/1/train.jsonl", f"{BUCKET}/input/train.jsonl"]
    assert decisions(iam, "s3:GetObject", folders) == {folders[0]: "allowed", folders[1]: "implicitDeny"}


@pytest.mark.parametrize(
    ("action", "resource", "context", "decision"),
    [
        ("iam:PassRole", ROLE, {"iam__PassedToService": "bedrock.amazonaws.com"}, "allowed"),
        ("iam:PassRole", ROLE, {"iam__PassedToService": "lambda.amazonaws.com"}, "implicitDeny"),
        ("iam:PassRole", ROLE, {}, "implicitDeny"),
        ("s3:ListBucket", BUCKET, {"s3__prefix": "runs/1/"}, "allowed"),
        ("s3:ListBucket", BUCKET, {"s3__prefix": "input/"}, "implicitDeny"),
        ("kms:Decrypt", "arn:aws:kms:us-west-2:1:key/1", {"kms__ViaService": "s3.us-west-2.amazonaws.com"}, "allowed"),
        (
            "kms:Decrypt",
            "arn:aws:kms:us-west-2:1:key/1",
            {"kms__ViaService": "ec2.us-west-2.amazonaws.com"},
            "explicitDeny",
        ),
    ],
)
def test_a_condition_is_met_by_the_keys_given(
    iam: Any, action: str, resource: str, context: dict[str, str], decision: str
) -> None:
    """A role that may be passed to Bedrock alone, as ours, must not look as if nobody could pass it."""
    assert decisions(iam, action, [resource], **context) == {resource: decision}


def test_a_key_that_nobody_gave_is_told(iam: Any) -> None:
    """Otherwise a denial for want of a key looks like one for want of a permission."""
    answer = iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["iam:PassRole"], ResourceArns=[ROLE])
    [result] = answer["EvaluationResults"]
    assert result["ResourceSpecificResults"][0]["MissingContextValues"] == ["iam:PassedToService"]


def test_an_action_that_aws_does_not_have_is_refused(iam: Any) -> None:
    """A misspelt action would look like one that is denied, or, with a wildcard, like one that is allowed."""
    with pytest.raises(iam.exceptions.InvalidInputException):
        iam.simulate_principal_policy(PolicySourceArn=ROLE, ActionNames=["s3:ReadObject"])


def test_a_role_that_is_not_there_is_told(iam: Any) -> None:
    """Not as one without permissions."""
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.simulate_principal_policy(PolicySourceArn=f"{ROLE}-not", ActionNames=["s3:GetObject"])


def test_a_role_tells_whom_it_trusts(iam: Any) -> None:
    """Preflight reads it."""
    assert iam.get_role(RoleName="simulated")["Role"]["AssumeRolePolicyDocument"]["Statement"] == TRUST["Statement"]


def test_a_bucket_tells_its_region(sandbox: Sandbox) -> None:
    """Bedrock reads buckets of its own Region only."""
    s3, region = sandbox.aws.client("s3"), sandbox.aws.region
    s3.create_bucket(Bucket="located", CreateBucketConfiguration={"LocationConstraint": region})
    assert s3.get_bucket_location(Bucket="located")["LocationConstraint"] == region
    assert s3.head_bucket(Bucket="located")["BucketRegion"] == region


def test_a_key_tells_its_state(sandbox: Sandbox) -> None:
    """A disabled key fails the job after hours of waiting."""
    kms = sandbox.aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Enabled"
    kms.disable_key(KeyId=arn)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "Disabled"

"""The smoke test's question to IAM, answered for a role by its policies as IAM would."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cli.account import Account
from cli.smoke.caller import NotPermittedError, check_caller
from cli.target import target_of
from local.embedded_aws import ACCOUNT
from tests.local.conftest import Sandbox

pytestmark = pytest.mark.xdist_group("embedded-aws")

LISTS = {"Effect": "Allow", "Action": ["bedrock:List*", "logs:Describe*", "s3:ListAllMyBuckets"], "Resource": "*"}
OWN = {
    "Effect": "Allow",
    "Action": ["cloudformation:*", "logs:*", "s3:*", "sns:*", "sqs:*", "ssm:*"],
    "Resource": [
        "arn:aws:cloudformation:*:*:stack/smoke-*",
        "arn:aws:logs:*:*:log-group:/aws/lambda/smoke-*",
        "arn:aws:s3:::smoke-*",
        "arn:aws:sns:*:*:smoke-*",
        "arn:aws:sqs:*:*:smoke-*",
        "arn:aws:ssm:*:*:parameter/smoke-*",
    ],
}
MACHINE = [f"arn:aws:states:*:*:{kind}:WorkflowFineTuning*" for kind in ("stateMachine", "execution")]
OTHERS = [
    {"Effect": "Allow", "Action": "bedrock:DeleteCustomModel", "Resource": "arn:aws:bedrock:*:*:custom-model/*"},
    {"Effect": "Allow", "Action": "states:*", "Resource": MACHINE},
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"},
]


@pytest.fixture(name="iam")
def _iam(sandbox: Sandbox) -> Iterator[Any]:
    iam = sandbox.aws.client("iam")
    iam.create_role(RoleName="smoker", AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    yield iam
    iam.delete_role_policy(RoleName="smoker", PolicyName="it")
    iam.delete_role(RoleName="smoker")


def check(sandbox: Sandbox, *statements: object) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    sandbox.aws.client("iam").put_role_policy(RoleName="smoker", PolicyName="it", PolicyDocument=policy)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/smoker/somebody"
    account = Account(sandbox.aws, sandbox.aws.region, session)
    return list(check_caller(account, target_of(None, "us-east-1", "smoke-1")))


@pytest.mark.usefixtures("iam")
def test_a_role_with_grants_for_its_own_names_may_go_on(sandbox: Sandbox) -> None:
    assert check(sandbox, LISTS, OWN, *OTHERS) == []


@pytest.mark.usefixtures("iam")
def test_a_role_that_cannot_read_the_queue_is_refused(sandbox: Sandbox) -> None:
    denied = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes"]
    with pytest.raises(NotPermittedError, match=f"may not do {', '.join(denied)}: use a role"):
        check(sandbox, LISTS, OWN, *OTHERS, {"Effect": "Deny", "Action": denied, "Resource": "*"})

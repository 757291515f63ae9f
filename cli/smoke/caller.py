"""Whether the caller may do what the smoke test does: asked of IAM, before anything is created."""

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account

# What it does itself; all else is done by the CDK's roles and those of the environment.
OWN_ACTIONS = (
    "bedrock:DeleteCustomModel",
    "bedrock:ListCustomModelDeployments",
    "bedrock:ListCustomModels",
    "bedrock:ListModelCustomizationJobs",
    "bedrock:ListProvisionedModelThroughputs",
    "bedrock:ListTagsForResource",
    "cloudformation:DescribeStacks",
    "logs:DeleteLogGroup",
    "logs:DescribeLogGroups",
    "s3:GetObject",
    "s3:ListAllMyBuckets",
    "s3:ListBucket",
    "s3:PutObject",
    "sns:Subscribe",
    "sqs:CreateQueue",
    "sqs:DeleteQueue",
    "sqs:ReceiveMessage",
    "ssm:DeleteParameter",
    "ssm:GetParameter",
    "states:DescribeExecution",
    "states:GetExecutionHistory",
    "states:ListExecutions",
)


class NotPermittedError(Exception):
    """The caller may not do all of it; the message says what is missing."""


def check_caller(account: Account, qualifier: str) -> Iterator[str]:
    """Yields a sentence where IAM does not tell; raises NotPermittedError where the caller may not do something."""
    number, partition = account.caller.split(":")[4], account.caller.split(":")[1]
    if account.caller.endswith(":root"):
        return
    role = f"arn:{partition}:iam::{number}:role/cdk-{qualifier}-deploy-role-{number}-{account.region}"
    try:
        source = _source(account)
        denied = _denied(account, source, OWN_ACTIONS, "*") + _denied(account, source, ["sts:AssumeRole"], role)
    except (BotoCoreError, ClientError) as error:
        yield f"Whether {account.caller} may do all that is needed cannot be told: {error}"
        return
    if denied:
        raise NotPermittedError(
            f"{account.caller} may not do {', '.join(denied)}: use a role that may create and delete, such as one with "
            "AdministratorAccess. Nothing was created."
        )


def _source(account: Account) -> str:
    """IAM simulates a role, not the session of one, whose ARN has no path of the role's."""
    if ":assumed-role/" not in account.caller:
        return account.caller
    name = account.caller.split("/")[1]
    return str(account.client("iam").get_role(RoleName=name)["Role"]["Arn"])


def _denied(account: Account, source: str, actions: Any, resource: str) -> list[str]:
    pages = account.client("iam").get_paginator("simulate_principal_policy")
    results = [
        result
        for page in pages.paginate(PolicySourceArn=source, ActionNames=list(actions), ResourceArns=[resource])
        for result in page["EvaluationResults"]
    ]
    return [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]

"""Whether the caller may do what the smoke test does: asked of IAM, before anything is created."""

from collections.abc import Iterable, Iterator

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account
from cli.target import RequestedEnvironment

# What it does itself, by the resource, in an environment's own name; all else is done by the CDK's roles and those of
# the environment. CloudFormation names a state machine by its place in the stack.
OWN_ACTIONS = {
    "*": (
        "bedrock:ListCustomModelDeployments",
        "bedrock:ListCustomModels",
        "bedrock:ListModelCustomizationJobs",
        "bedrock:ListProvisionedModelThroughputs",
        "logs:DescribeLogGroups",
        "s3:ListAllMyBuckets",
    ),
    "arn:{partition}:bedrock:{region}:{account}:custom-model/{name}": (
        "bedrock:DeleteCustomModel",
        "bedrock:ListTagsForResource",
    ),
    "arn:{partition}:cloudformation:{region}:{account}:stack/{name}-data/1": (
        "cloudformation:DescribeStackResources",
        "cloudformation:DescribeStacks",
    ),
    "arn:{partition}:cloudformation:{region}:{account}:stack/{name}-pipeline/1": ("cloudformation:DescribeStacks",),
    "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/{name}-pipeline": ("logs:DeleteLogGroup",),
    "arn:{partition}:s3:::{name}-data-output": ("s3:ListBucket",),
    "arn:{partition}:s3:::{name}-data-output/runs/1": ("s3:GetObject",),
    "arn:{partition}:s3:::{name}-data-input/1": ("s3:PutObject",),
    "arn:{partition}:sns:{region}:{account}:{name}-pipeline-results": ("sns:Subscribe",),
    "arn:{partition}:sqs:{region}:{account}:{name}-inbox": (
        "sqs:CreateQueue",
        "sqs:DeleteMessage",
        "sqs:DeleteQueue",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SetQueueAttributes",
    ),
    "arn:{partition}:ssm:{region}:{account}:parameter/{name}/champion": ("ssm:DeleteParameter", "ssm:GetParameter"),
    "arn:{partition}:ssm:{region}:{account}:parameter/{name}/endpoint": ("ssm:DeleteParameter", "ssm:GetParameter"),
    "arn:{partition}:states:{region}:{account}:stateMachine:WorkflowFineTuning": ("states:ListExecutions",),
    "arn:{partition}:states:{region}:{account}:execution:WorkflowFineTuning:1": (
        "states:DescribeExecution",
        "states:GetExecutionHistory",
    ),
    "arn:{partition}:iam::{account}:role/cdk-{qualifier}-deploy-role-{account}-{region}": ("sts:AssumeRole",),
}
# With a key of the environment's own: to upload, to read, and to see that it is to be deleted.
OWN_KEY_ACTIONS = {
    "arn:{partition}:kms:{region}:{account}:key/1": ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey")
}


class NotPermittedError(Exception):
    """The caller may not do all of it; the message says what is missing."""


def check_caller(account: Account, target: RequestedEnvironment) -> Iterator[str]:
    """Yields a sentence where IAM does not tell; raises NotPermittedError where the caller may not do something."""
    if account.caller.endswith(":root"):
        return
    names = {
        "partition": account.caller.split(":")[1],
        "account": account.caller.split(":")[4],
        "region": account.region,
        "name": target.settings.deployment,
        "qualifier": target.qualifier,
    }
    needed = OWN_ACTIONS | (OWN_KEY_ACTIONS if target.settings.customer_managed_key else {})
    try:
        source = _source(account)
        denied = [
            action
            for resource, actions in needed.items()
            for action in _denied(account, source, actions, resource.format(**names))
        ]
    except (BotoCoreError, ClientError) as error:
        yield f"Whether {account.caller} may do all that is needed cannot be told: {error}"
        return
    if denied:
        missing = ", ".join(dict.fromkeys(denied))
        raise NotPermittedError(
            f"{account.caller} may not do {missing}: use a role that may create and delete, such as one with "
            "AdministratorAccess. Nothing was created."
        )


def _source(account: Account) -> str:
    """IAM simulates a role, not the session of one, whose ARN has no path of the role's."""
    if ":assumed-role/" not in account.caller:
        return account.caller
    name = account.caller.split("/")[1]
    return str(account.client("iam").get_role(RoleName=name)["Role"]["Arn"])


def _denied(account: Account, source: str, actions: Iterable[str], resource: str) -> list[str]:
    pages = account.client("iam").get_paginator("simulate_principal_policy")
    results = [
        result
        for page in pages.paginate(PolicySourceArn=source, ActionNames=list(actions), ResourceArns=[resource])
        for result in page["EvaluationResults"]
    ]
    return [each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"]

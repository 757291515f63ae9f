"""Log groups of the environment: kept for the set time, deleted with their stack."""

from typing import get_args

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.settings import LogRetentionDays, Settings

# CDK names the retention times in the order of their days; only "for ever" has no number.
RETENTION = dict(zip(get_args(LogRetentionDays), list(logs.RetentionDays)[:-1], strict=True))


def log_group(
    scope: Construct, construct_id: str, settings: Settings, *, key: kms.IKey | None, name: str | None = None
) -> logs.LogGroup:
    """A log group with the environment's retention, under the customer's key where there is one."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        encryption_key=key,
        retention=RETENTION[settings.log_retention_days],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def vended_name(stack: cdk.Stack, service: str) -> str:
    """The name of a log group that a service of AWS writes to, unique to this stack.

    Delivery to any other name takes room in the account's one resource policy of CloudWatch Logs, which is soon full
    (Step Functions developer guide, "Logging using CloudWatch Logs").
    """
    # A stack's id ends with a UUID: that of a stack made anew is another one, and so is its log group.
    unique = cdk.Fn.select(0, cdk.Fn.split("-", cdk.Fn.select(2, cdk.Fn.split("/", stack.stack_id))))
    return f"/aws/vendedlogs/{service}/{stack.stack_name}-{unique}"

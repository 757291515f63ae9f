"""Log groups of the deployment: kept for the set time, deleted with their stack."""

from typing import get_args

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.settings import LogRetentionDays, Settings

# CDK names the retention times in the order of their days; only "for ever" has no number.
RETENTION = dict(zip(get_args(LogRetentionDays), list(logs.RetentionDays)[:-1], strict=True))


def log_group(scope: Construct, construct_id: str, settings: Settings) -> logs.LogGroup:
    """A log group with the deployment's retention."""
    retention = RETENTION[settings.log_retention_days]
    return logs.LogGroup(scope, construct_id, retention=retention, removal_policy=cdk.RemovalPolicy.DESTROY)

"""The role of one Lambda function: its own log group, its traces, and what its work needs; no managed policy."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.acknowledgements import acknowledge, acknowledge_wildcards


def lambda_role(
    scope: Construct, construct_id: str, *, log_group: logs.LogGroup, statements: Sequence[iam.PolicyStatement] = ()
) -> iam.Role:
    """A role that Lambda assumes."""
    role = iam.Role(scope, construct_id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    for statement in (
        iam.PolicyStatement(actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[log_group.log_group_arn]),
        iam.PolicyStatement(actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources=["*"]),
        *statements,
    ):
        role.add_to_policy(statement)
    acknowledge_wildcards(role, statements)
    acknowledge(
        role,
        {
            "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "X-Ray's write actions, the List actions of Bedrock and "
            "Service Quotas, and GetFoundationModelAvailability, where there are any, know no resources."
        },
    )
    return role

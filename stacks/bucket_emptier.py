"""Empties the buckets when their stack is deleted: a small Lambda behind one custom resource per bucket.

CDK's `auto_delete_objects` does the same with a Node function that the embedded AWS cannot run: docs/decisions/bucket-emptier.md.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.code import architecture, emptier_code, runtime
from stacks.lambda_role import lambda_role
from stacks.log_groups import log_group
from stacks.settings import Settings

TIMEOUT = cdk.Duration.minutes(15)


class BucketEmptier(Construct):
    """Takes the buckets by their construct ids; each is emptied just before CloudFormation deletes it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, buckets: Mapping[str, s3.Bucket], settings: Settings
    ) -> None:
        super().__init__(scope, construct_id)
        logs = log_group(self, "Logs", settings)
        statements = [
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[cdk.Stack.of(self).stack_id]),
            iam.PolicyStatement(
                actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn for bucket in buckets.values()]
            ),
            iam.PolicyStatement(
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[bucket.arn_for_objects("*") for bucket in buckets.values()],
            ),
        ]
        function = lambda_.Function(
            self,
            "Function",
            description="Empties the deployment's buckets when their stack is deleted.",
            code=emptier_code(),
            handler="lambdas.handlers.empty_bucket.handler",
            runtime=runtime(settings),
            architecture=architecture(settings),
            memory_size=256,
            timeout=TIMEOUT,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs,
            role=lambda_role(self, "Role", log_group=logs, statements=statements),
        )
        for name, bucket in buckets.items():
            request = cdk.CustomResource(
                self,
                name,
                resource_type="Custom::EmptyBucket",
                service_token=function.function_arn,
                service_timeout=TIMEOUT.plus(cdk.Duration.minutes(1)),
                properties={"BucketName": bucket.bucket_name},
            )
            if bucket.policy:
                # A deletion goes the other way round: first the policy, so that S3 delivers no further access logs, then the
                # objects, then the bucket.
                bucket.policy.node.add_dependency(request)

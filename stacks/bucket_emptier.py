"""Empties the buckets when their stack is deleted, and deletes the key: a small Lambda behind custom resources.

Why it is not CDK's `auto_delete_objects`: docs/decisions/bucket-emptier.md.
"""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge, resource_finding
from stacks.code import acknowledge_runtime, architecture, emptier_code, runtime
from stacks.lambda_role import lambda_role
from stacks.log_groups import log_group
from stacks.settings import Settings

TIMEOUT = cdk.Duration.minutes(15)


class BucketEmptier(Construct):
    """Takes the buckets by their construct ids; each is emptied just before CloudFormation deletes it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        buckets: Mapping[str, s3.Bucket],
        key: kms.Key | None,
        settings: Settings,
    ) -> None:
        super().__init__(scope, construct_id)
        logs = log_group(self, "Logs", settings, key=key)
        all_objects = [bucket.arn_for_objects("*") for bucket in buckets.values()]
        statements = [
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[cdk.Stack.of(self).stack_id]),
            iam.PolicyStatement(
                actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn for bucket in buckets.values()]
            ),
            iam.PolicyStatement(
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=all_objects,
            ),
        ]
        if key:
            statements.append(iam.PolicyStatement(actions=["kms:ScheduleKeyDeletion"], resources=[key.key_arn]))
        role = lambda_role(self, "Role", log_group=logs)
        for statement in statements:
            role.add_to_policy(statement)
        function = lambda_.Function(
            self,
            "Function",
            description="Empties the environment's buckets when their stack is deleted.",
            code=emptier_code(),
            handler="lambdas.handlers.empty_bucket.handler",
            runtime=runtime(settings),
            architecture=architecture(settings),
            memory_size=256,
            timeout=TIMEOUT,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=logs,
            role=role,
        )
        acknowledge_runtime(function)
        acknowledge(
            function,
            {
                "Serverless::Serverless-LambdaDLQ": "CloudFormation waits for each answer and itself reports a "
                "missing one; a dead letter would tell nobody more."
            },
        )
        for objects in all_objects:
            reason = (
                "It must delete every object, whatever its key, and does so only while the stack itself is deleted."
            )
            acknowledge(role, {resource_finding(role, objects): reason})

        def request_for(name: str, kind: str, properties: Mapping[str, str]) -> cdk.CustomResource:
            return cdk.CustomResource(
                self,
                name,
                resource_type=f"Custom::{kind}",
                service_token=function.function_arn,
                service_timeout=TIMEOUT.plus(cdk.Duration.minutes(1)),
                properties=properties,
            )

        deletion = request_for("Key", "DeleteKey", {"KeyId": key.key_id}) if key else None
        for name, bucket in buckets.items():
            request = request_for(name, "EmptyBucket", {"BucketName": bucket.bucket_name})
            if deletion:
                # A deletion goes the other way round: the key is the last to go.
                request.node.add_dependency(deletion)
            if bucket.policy:
                # A deletion goes the other way round: first the policy, so that S3 delivers no more access logs, then
                # the objects, then the bucket.
                bucket.policy.node.add_dependency(request)

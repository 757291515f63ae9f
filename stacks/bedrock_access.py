"""ARNs of Bedrock in policies, and what asks a model through them."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct


def bedrock_arn(scope: Construct, resource: str, *, account: str | None = None) -> str:
    """An ARN in the stack's Region; of its account, unless another one or none is given."""
    return cdk.Stack.of(scope).format_arn(
        service="bedrock", resource=resource, arn_format=cdk.ArnFormat.NO_RESOURCE_NAME, account=account
    )


def ask_models(scope: Construct) -> list[iam.PolicyStatement]:
    """In this Region, or through a cross-Region inference profile, which asks in others, too, but only for it."""
    base, profile = bedrock_arn(scope, "foundation-model/*", account=""), bedrock_arn(scope, "inference-profile/*")
    anywhere = cdk.Stack.of(scope).format_arn(
        service="bedrock",
        region="*",
        account="",
        resource="foundation-model/*",
        arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
    )
    return [
        iam.PolicyStatement(actions=["bedrock:InvokeModel"], resources=[base, profile]),
        iam.PolicyStatement(
            actions=["bedrock:InvokeModel"],
            resources=[anywhere],
            conditions={"StringLike": {"bedrock:InferenceProfileArn": profile}},
        ),
    ]

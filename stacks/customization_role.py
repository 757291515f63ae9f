"""The role that Bedrock assumes for a customization job: it reads a run's data set, writes the job's output."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge_wildcards

DATASETS = "runs/*/dataset/*"
OUTPUTS = "runs/*/customization/*"


class CustomizationRole(Construct):
    """As "Create a service role for model customization" in the Bedrock user guide has it, narrowed to the runs."""

    def __init__(self, scope: Construct, construct_id: str, *, bucket: s3.Bucket, key: kms.Key | None) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        jobs = stack.format_arn(service="bedrock", resource="model-customization-job", resource_name="*")
        self.role = iam.Role(
            self,
            "Role",
            description="Lets Bedrock read a run's data set and write the output of its customization job.",
            assumed_by=iam.ServicePrincipal(
                "bedrock.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnEquals": {"aws:SourceArn": jobs},
                },
            ),
        )
        statements = [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(DATASETS)]),
            # GetObject on the output, and ListBucket where a request names no prefix (HeadBucket), are in AWS's own
            # policy for this role ("Create a service role for model customization"): without them a job may fail only
            # after hours of training.
            iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[bucket.arn_for_objects(OUTPUTS)]),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions={"StringLikeIfExists": {"s3:prefix": [DATASETS, OUTPUTS]}},
            ),
        ]
        if key:
            actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
            statements.append(iam.PolicyStatement(actions=actions, resources=[key.key_arn]))
        for statement in statements:
            self.role.add_to_policy(statement)
        acknowledge_wildcards(self.role, statements)

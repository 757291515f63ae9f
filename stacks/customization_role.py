"""The role that Bedrock assumes for a customization job: it reads a run's data set, writes the job's output, and nothing else."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

DATASETS = "runs/*/dataset/*"
OUTPUTS = "runs/*/customization/*"


class CustomizationRole(Construct):
    """The service role of "Create a service role for model customization" in the Bedrock user guide, narrowed to the runs."""

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
        for statement in (
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(DATASETS)]),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[bucket.arn_for_objects(OUTPUTS)]),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [DATASETS, OUTPUTS]}},
            ),
        ):
            self.role.add_to_policy(statement)
        if key:
            self.role.add_to_policy(
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"], resources=[key.key_arn]
                )
            )

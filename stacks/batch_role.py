"""The role that Bedrock assumes for a batch job: it reads the job's questions, asks the model, writes the answers."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge_wildcards
from stacks.bedrock_access import ask_models

INPUTS = "runs/*/batch/*/asks.jsonl"
OUTPUTS = "runs/*/batch/*/output/*"


class BatchRole(Construct):
    """As "Create a custom service role for batch inference" in the Bedrock user guide has it, narrowed to the runs.

    It is not the customization role: that one reads data sets and may ask no model.
    """

    def __init__(self, scope: Construct, construct_id: str, *, bucket: s3.Bucket, key: kms.Key | None) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        jobs = stack.format_arn(service="bedrock", resource="model-invocation-job", resource_name="*")
        self.role = iam.Role(
            self,
            "Role",
            description="Lets Bedrock read the questions of a run's batch job, ask the model and write the answers.",
            assumed_by=iam.ServicePrincipal(
                "bedrock.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": stack.account},
                    "ArnEquals": {"aws:SourceArn": jobs},
                },
            ),
        )
        statements = [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[bucket.arn_for_objects(INPUTS)]),
            # GetObject on the output, as in AWS's own policy for this role.
            iam.PolicyStatement(actions=["s3:GetObject", "s3:PutObject"], resources=[bucket.arn_for_objects(OUTPUTS)]),
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[bucket.bucket_arn],
                conditions={"StringLikeIfExists": {"s3:prefix": [INPUTS, OUTPUTS, OUTPUTS.removesuffix("/*")]}},
            ),
            # A job through an inference profile asks in the role's name.
            *ask_models(self),
        ]
        if key:
            actions = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
            statements.append(iam.PolicyStatement(actions=actions, resources=[key.key_arn]))
        for statement in statements:
            self.role.add_to_policy(statement)
        acknowledge_wildcards(self.role, statements)

"""The role that Bedrock assumes for a customization job: it reads a run's data set, writes the job's output."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge, acknowledge_wildcards
from stacks.settings import Settings

DATASETS = "runs/*/dataset/*"
OUTPUTS = "runs/*/customization/*"


class CustomizationRole(Construct):
    """As "Create a service role for model customization" in the Bedrock user guide has it, narrowed to the runs."""

    def __init__(
        self, scope: Construct, construct_id: str, *, bucket: s3.Bucket, key: kms.Key | None, settings: Settings
    ) -> None:
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
        if settings.vpc_subnet_ids:
            statements += in_vpc(stack, settings)
            acknowledge(
                self.role,
                {
                    "AwsSolutions::AwsSolutions-IAM5[Resource::*]": "EC2's Describe actions know no resources; network "
                    "interfaces are named by Bedrock, and deleted only with its tags and in the set subnets."
                },
            )
        for statement in statements:
            self.role.add_to_policy(statement)
        acknowledge_wildcards(self.role, statements)


def in_vpc(stack: cdk.Stack, settings: Settings) -> list[iam.PolicyStatement]:
    """The network interfaces of jobs ("Protect your model customization jobs using a VPC", Bedrock user guide)."""

    def ec2(kind: str, name: str) -> str:
        return stack.format_arn(service="ec2", resource=kind, resource_name=name)

    managed, job_tag = "BedrockManaged", "BedrockModelCustomizationJobArn"
    jobs = stack.format_arn(service="bedrock", resource="model-customization-job", resource_name="*")
    subnets = [ec2("subnet", each) for each in settings.vpc_subnet_ids]
    groups = [ec2("security-group", each) for each in settings.vpc_security_group_ids]
    described = ("NetworkInterfaces", "Vpcs", "DhcpOptions", "Subnets", "SecurityGroups")
    return [
        iam.PolicyStatement(actions=[f"ec2:Describe{each}" for each in described], resources=["*"]),
        iam.PolicyStatement(
            actions=["ec2:CreateNetworkInterface"],
            resources=[ec2("network-interface", "*")],
            conditions={
                "StringEquals": {f"aws:RequestTag/{managed}": "true"},
                "ArnEquals": {f"aws:RequestTag/{job_tag}": jobs},
            },
        ),
        iam.PolicyStatement(actions=["ec2:CreateNetworkInterface"], resources=[*subnets, *groups]),
        iam.PolicyStatement(
            actions=[
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            resources=["*"],
            conditions={
                "StringEquals": {f"ec2:ResourceTag/{managed}": "true"},
                "ArnEquals": {"ec2:Subnet": subnets, f"ec2:ResourceTag/{job_tag}": jobs},
            },
        ),
        iam.PolicyStatement(
            actions=["ec2:CreateTags"],
            resources=[ec2("network-interface", "*")],
            conditions={
                "StringEquals": {"ec2:CreateAction": "CreateNetworkInterface"},
                "ForAllValues:StringEquals": {"aws:TagKeys": [managed, job_tag]},
            },
        ),
    ]

"""What holds state: the buckets, the key where one is wanted, and the roles in which Bedrock reads and writes them."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.batch_role import BatchRole
from stacks.customization_role import CustomizationRole
from stacks.settings import Settings
from stacks.storage import Storage


class DataStack(cdk.Stack):
    """`<environment>-data`."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Fine-tuning: buckets, key and service roles",
            # Who deletes it alone leaves a pipeline without its data; `make destroy` lifts it.
            termination_protection=settings.keep_data,
            **kwargs,
        )
        self.key = self._key(settings) if settings.customer_managed_key else None
        storage = Storage(self, "Storage", key=self.key, settings=settings)
        role = CustomizationRole(
            self, "Customization", bucket=storage.output_bucket, key=self.key, settings=settings
        ).role
        batch_role = BatchRole(self, "Batch", bucket=storage.output_bucket, key=self.key).role

        identity = ssm.StringParameter(
            self,
            "Identity",
            parameter_name=identity_parameter(settings),
            string_value=self.stack_id,
            description="Which data stack there is: a pipeline stack is deployed again where it is another one",
        )
        identity.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        cdk.CfnOutput(self, "InputBucket", value=storage.input_bucket.bucket_name)
        cdk.CfnOutput(self, "OutputBucket", value=storage.output_bucket.bucket_name)
        cdk.CfnOutput(self, "AccessLogsBucket", value=storage.access_logs_bucket.bucket_name)
        cdk.CfnOutput(self, "CustomizationRoleArn", value=role.role_arn)
        cdk.CfnOutput(self, "BatchRoleArn", value=batch_role.role_arn)
        cdk.CfnOutput(
            self,
            "DataAfterDestroy",
            description="Whether cdk destroy keeps the buckets, their objects and the key, or deletes them",
            value="kept" if settings.keep_data else "deleted",
        )
        if self.key:
            cdk.CfnOutput(self, "KeyArn", value=self.key.key_arn)

    def _key(self, settings: Settings) -> kms.Key:
        """Encrypts objects, custom models, topics and logs; the IAM policies of its users say who may use it."""
        key = kms.Key(
            self,
            "Key",
            description=f"Data and models of {settings.deployment}",
            enable_key_rotation=True,
            # Where the setting goes back, what it encrypts must stay readable: with the stack the emptier deletes it.
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
            pending_window=cdk.Duration.days(7),
        )
        # An alarm has no role whose policy could allow it to encrypt its message for the topic.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        for statement in (self._logs_use_it(), models_use_it(self.account)):
            key.add_to_resource_policy(statement)
        return key

    def _logs_use_it(self) -> iam.PolicyStatement:
        """CloudWatch Logs encrypts with it, for the log groups of this account ("Encrypt log data", its user guide)."""
        groups = self.format_arn(
            service="logs", resource="log-group", resource_name="*", arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME
        )
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
            # No kms:DescribeKey: such a request has no encryption context, so that the condition would never allow it.
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        )


def models_use_it(account: str) -> iam.PolicyStatement:
    """Bedrock itself decrypts a Nova model for Provisioned Throughput (Nova user guide, "Encryption of custom models").

    Bedrock need not name the account that it acts for; where it does, it is this one.
    """
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal("bedrock.amazonaws.com")],
        actions=["kms:Decrypt", "kms:GenerateDataKey"],
        resources=["*"],
        conditions={
            "ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "aws:bedrock:custom-model"},
            "StringEqualsIfExists": {"aws:SourceAccount": account},
        },
    )


def identity_parameter(settings: Settings) -> str:
    """The name of the parameter that holds the data stack's id."""
    return f"/{settings.deployment}/data-stack"


class Data:
    """What the pipeline stack sees of the data stack: its outputs, read when the pipeline is deployed.

    They are no exports, which would forbid to replace what the other stack uses. Where the data stack was made anew,
    the pipeline's template is the same; its parameter with the data stack's `identity` makes the CDK CLI and
    CloudFormation deploy it all the same.
    """

    def __init__(self, scope: Construct, stack: DataStack, settings: Settings) -> None:
        cdk.Stack.of(scope).add_stack_dependency(stack)
        self.identity = cdk.CfnParameter(
            scope,
            "DataStack",
            type="AWS::SSM::Parameter::Value<String>",
            default=identity_parameter(settings),
            description="The id of the data stack: another one has other buckets",
        ).value_as_string
        self._stack = stack
        self.input_bucket = s3.Bucket.from_bucket_name(scope, "InputBucket", self._output("InputBucket"))
        self.output_bucket = s3.Bucket.from_bucket_name(scope, "OutputBucket", self._output("OutputBucket"))
        self.customization_role_arn = self._output("CustomizationRoleArn")
        self.batch_role_arn = self._output("BatchRoleArn")
        self.key = kms.Key.from_key_arn(scope, "Key", self._output("KeyArn")) if stack.key else None

    def _output(self, name: str) -> str:
        return cdk.Fn.get_stack_output(self._stack.stack_name, name)

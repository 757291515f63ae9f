"""What holds state: the buckets, the key where one is wanted, and the role in which Bedrock reads and writes them."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from stacks.customization_role import CustomizationRole
from stacks.settings import Settings
from stacks.storage import Storage


class DataStack(cdk.Stack):
    """`<deployment>-data`."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, description="Fine-tuning: buckets, key and service role", **kwargs)
        self.key = self._key(settings) if settings.customer_managed_key else None
        storage = Storage(self, "Storage", key=self.key, settings=settings)
        self.input_bucket = storage.input_bucket
        self.output_bucket = storage.output_bucket
        self.customization_role = CustomizationRole(
            self, "Customization", bucket=self.output_bucket, key=self.key
        ).role

        cdk.CfnOutput(self, "InputBucketName", key="InputBucket", value=self.input_bucket.bucket_name)
        cdk.CfnOutput(self, "OutputBucketName", key="OutputBucket", value=self.output_bucket.bucket_name)

    def _key(self, settings: Settings) -> kms.Key:
        """Encrypts the objects, the custom models and the topic; who may use it is said by the IAM policies of its users."""
        return kms.Key(
            self,
            "Key",
            description=f"Data and models of {settings.deployment}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN if settings.keep_data else cdk.RemovalPolicy.DESTROY,
            pending_window=cdk.Duration.days(7),
        )

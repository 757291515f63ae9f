"""The three buckets: what is dropped, what comes out, and who read or wrote either. No physical names."""

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.acknowledgements import acknowledge
from stacks.bucket_emptier import BucketEmptier
from stacks.settings import Settings

KEEP_OLD_VERSIONS = cdk.Duration.days(30)
KEEP_ACCESS_LOGS = cdk.Duration.days(90)
ABORT_UPLOADS = cdk.Duration.days(7)


class Storage(Construct):
    """`input_bucket` tells the default event bus of its objects; `output_bucket` tells nobody: no run starts itself."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.Key | None, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._removal = removal_policy(settings)
        # S3 delivers access logs only to buckets with its own keys ("Enabling server access logging", S3 user guide).
        self.access_logs_bucket = self._bucket("AccessLogsBucket", key=None, logs=None, expiration=KEEP_ACCESS_LOGS)
        self.input_bucket = self._bucket("InputBucket", key=key, logs=self.access_logs_bucket)
        self.output_bucket = self._bucket("OutputBucket", key=key, logs=self.access_logs_bucket)
        acknowledge(
            self.access_logs_bucket,
            {"AwsSolutions::AwsSolutions-S1": "It holds the others' access logs: its own would go on for ever."},
        )
        send_events(self.input_bucket)
        if not settings.keep_data:
            buckets = {"Input": self.input_bucket, "Output": self.output_bucket, "AccessLogs": self.access_logs_bucket}
            BucketEmptier(self, "Emptier", buckets=buckets, key=key, settings=settings)

    def _bucket(
        self, name: str, *, key: kms.Key | None, logs: s3.Bucket | None, expiration: cdk.Duration | None = None
    ) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            name,
            encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
            encryption_key=key,
            bucket_key_enabled=True if key else None,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=ABORT_UPLOADS,
                    noncurrent_version_expiration=KEEP_OLD_VERSIONS,
                    expiration=expiration,
                )
            ],
            server_access_logs_bucket=logs,
            server_access_logs_prefix=f"{name}/" if logs else None,
            removal_policy=self._removal,
        )
        if bucket.policy:
            # A bucket that is kept goes on refusing plain HTTP, and taking access logs.
            bucket.policy.apply_removal_policy(self._removal)
        return bucket


def removal_policy(settings: Settings) -> cdk.RemovalPolicy:
    """What becomes of data with its stack. One that fails at first leaves nothing: it has no data yet."""
    return cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.keep_data else cdk.RemovalPolicy.DESTROY


def send_events(bucket: s3.Bucket) -> None:
    """Events to the default bus by the bucket's own property; CDK's `event_bridge_enabled` adds a custom resource."""
    resource = bucket.node.default_child
    if not isinstance(resource, s3.CfnBucket):
        raise TypeError(f"{bucket.node.path} is no bucket of this stack")
    resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
        event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
    )

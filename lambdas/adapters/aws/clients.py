"""The boto3 clients of one account and Region, each made at its first use.

Region, credentials and endpoints come from boto3's own environment, so `AWS_ENDPOINT_URL_BEDROCK` and its kind work.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_stepfunctions import SFNClient


# The retries here bridge seconds; the state machine's Retry bridges minutes.
def _insistent(attempts: int, connect_timeout: int, read_timeout: int) -> Config:
    """A client's settings; botocore's own `max_attempts` would count the repetitions alone."""
    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return Config(retries=retries, connect_timeout=connect_timeout, read_timeout=read_timeout)


def longest_seconds(config: Config) -> float:
    """How long a call of a client with these settings may take: each attempt, and the pauses between them."""
    attempts: int = config.retries["total_max_attempts"]  # type: ignore[attr-defined] # set by Config's own __init__
    each = config.connect_timeout + config.read_timeout  # type: ignore[attr-defined] # the same
    return float(attempts * each + (attempts - 1) * LONGEST_BACKOFF_SECONDS)


# Of botocore's standard mode.
LONGEST_BACKOFF_SECONDS = 20
STORAGE = _insistent(5, connect_timeout=5, read_timeout=30)
# Two attempts end within the 30 seconds of PurchaseThroughputOrDeploy: how long a purchase that was cut off may still
# take effect is then known.
CONTROL = _insistent(2, connect_timeout=3, read_timeout=10)
# A model may think for a while before it sends the first byte. Who asks repeats the question, as long as it has time.
INFERENCE = _insistent(2, connect_timeout=5, read_timeout=120)


class Maker(Protocol):
    """boto3, or a session of it."""

    def client(self, service_name: Any, *, config: Config) -> Any:
        """A client of the service."""


class Clients:
    """Clients of the maker: boto3's default session, unless another session is given."""

    def __init__(self, maker: Maker = boto3) -> None:
        self._maker = maker

    @cached_property
    def s3(self) -> "S3Client":
        """Amazon S3."""
        made: S3Client = self._maker.client("s3", config=STORAGE)
        return made

    @cached_property
    def bedrock(self) -> "BedrockClient":
        """Bedrock's control plane: customization jobs, custom models, and what serves them."""
        made: BedrockClient = self._maker.client("bedrock", config=CONTROL)
        return made

    @cached_property
    def bedrock_runtime(self) -> "BedrockRuntimeClient":
        """Bedrock's inference."""
        made: BedrockRuntimeClient = self._maker.client("bedrock-runtime", config=INFERENCE)
        return made

    @cached_property
    def service_quotas(self) -> Any:
        """Service Quotas."""
        made: Any = self._maker.client("service-quotas", config=STORAGE)
        return made

    @cached_property
    def iam(self) -> Any:
        """IAM."""
        made: Any = self._maker.client("iam", config=CONTROL)
        return made

    @cached_property
    def kms(self) -> Any:
        """KMS."""
        made: Any = self._maker.client("kms", config=CONTROL)
        return made

    @cached_property
    def step_functions(self) -> "SFNClient":
        """Step Functions."""
        made: SFNClient = self._maker.client("stepfunctions", config=CONTROL)
        return made

    @cached_property
    def functions(self) -> Any:
        """AWS Lambda."""
        return self._maker.client("lambda", config=CONTROL)

    @cached_property
    def ec2(self) -> Any:
        """EC2, of which VPCs are a part."""
        return self._maker.client("ec2", config=CONTROL)

    @cached_property
    def sns(self) -> "SNSClient":
        """Amazon SNS."""
        made: SNSClient = self._maker.client("sns", config=CONTROL)
        return made

    @cached_property
    def ssm(self) -> "SSMClient":
        """Systems Manager's parameters."""
        made: SSMClient = self._maker.client("ssm", config=CONTROL)
        return made

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        """CloudFormation."""
        made: CloudFormationClient = self._maker.client("cloudformation", config=CONTROL)
        return made

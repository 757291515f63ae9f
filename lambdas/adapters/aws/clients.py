"""The boto3 clients, each made once in a process: Lambda keeps a process for many invocations.

Region, credentials and endpoints come from boto3's own environment, so `AWS_ENDPOINT_URL_BEDROCK` and its kind work.
"""

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_s3 import S3Client
    from types_boto3_sns import SNSClient
    from types_boto3_ssm import SSMClient
    from types_boto3_stepfunctions import SFNClient

# The retries here bridge seconds; the state machine's Retry bridges minutes.
STORAGE = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=30)
# Two attempts end within the 30 seconds of PurchaseThroughput: how long a purchase that was cut off may still take
# effect is then known.
CONTROL = Config(retries={"mode": "standard", "max_attempts": 2}, connect_timeout=3, read_timeout=10)
# A model may think for a while before it sends the first byte.
INFERENCE = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=120)


@cache
def s3() -> "S3Client":
    """Amazon S3."""
    return boto3.client("s3", config=STORAGE)


@cache
def bedrock() -> "BedrockClient":
    """Bedrock's control plane: customization jobs, custom models, provisioned throughput."""
    return boto3.client("bedrock", config=CONTROL)


@cache
def bedrock_runtime() -> "BedrockRuntimeClient":
    """Bedrock's inference."""
    return boto3.client("bedrock-runtime", config=INFERENCE)


@cache
def service_quotas() -> Any:
    """Service Quotas."""
    return boto3.client("service-quotas", config=STORAGE)


@cache
def iam() -> Any:
    """IAM."""
    return boto3.client("iam", config=CONTROL)


@cache
def kms() -> Any:
    """KMS."""
    return boto3.client("kms", config=CONTROL)


@cache
def step_functions() -> "SFNClient":
    """Step Functions."""
    return boto3.client("stepfunctions", config=CONTROL)


@cache
def sns() -> "SNSClient":
    """Amazon SNS."""
    return boto3.client("sns", config=CONTROL)


@cache
def ssm() -> "SSMClient":
    """Systems Manager's parameters."""
    return boto3.client("ssm", config=CONTROL)

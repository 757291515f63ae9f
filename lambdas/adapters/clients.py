"""The boto3 clients, each made once in a process: Lambda keeps a process for many invocations.

Region, credentials and endpoints come from boto3's own environment, so `AWS_ENDPOINT_URL_BEDROCK` and its kind work.
"""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_bedrock import BedrockClient
    from types_boto3_bedrock_runtime import BedrockRuntimeClient
    from types_boto3_s3 import S3Client

# The retries here bridge seconds; the state machine's Retry bridges minutes.
CONTROL = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=30)
# A model may think for a while before it sends the first byte.
INFERENCE = Config(retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=120)


@cache
def s3() -> "S3Client":
    """Amazon S3."""
    return boto3.client("s3", config=CONTROL)


@cache
def bedrock() -> "BedrockClient":
    """Bedrock's control plane: customization jobs, custom models, provisioned throughput."""
    return boto3.client("bedrock", config=CONTROL)


@cache
def bedrock_runtime() -> "BedrockRuntimeClient":
    """Bedrock's inference."""
    return boto3.client("bedrock-runtime", config=INFERENCE)

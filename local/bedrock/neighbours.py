"""Clients of the services beside the emulated S3: what Bedrock asks of them in its own name."""

import os
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


def client(service: str, s3: "S3Client") -> Any:
    """A client of a service at the same endpoint as this S3's; of its credentials only the session token counts."""
    endpoint = s3.meta.endpoint_url
    session: Any = boto3.Session(
        aws_access_key_id="simulated",
        aws_secret_access_key="simulated",  # noqa: S106 - no secret: the emulated services check none
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        region_name=s3.meta.region_name,
    )
    return session.client(service, endpoint_url=endpoint if "127.0.0.1" in endpoint else None)

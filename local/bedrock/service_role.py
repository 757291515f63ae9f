"""What Bedrock does for a job in the name of its role: it assumes the role, looks whether it may, reads and writes.

On an embedded AWS that enforces permissions, the role's policies decide on each call, and its trust policy on whether
Bedrock may have it at all. Elsewhere the role may do anything. Messages are those of "Troubleshooting model
customization issues" (Bedrock user guide); that of a role that does not trust Bedrock is told nowhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from local.bedrock.errors import ValidationError
from local.bedrock.training_data import split_uri

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

# Bedrock writes it below the output's prefix before it takes a job.
WRITE_CHECK = ".write_access_check_file.temp"
DENIED = ("AccessDenied", "403")
BEDROCK = "bedrock.amazonaws.com"
# Of a condition key: one value, or several.
Context = Mapping[str, str | tuple[str, ...]]


class ServiceRoles(Protocol):
    """How Bedrock comes to a role."""

    def may(self, principal: str, action: str, resource: str, context: Context) -> bool:
        """Whether a role, or Bedrock itself, may do an action on a resource under these condition keys."""

    def s3(self, role_arn: str) -> "S3Client":
        """A client that may do what the role may."""


class AnyRole:
    """A role that may do anything, be it that there is none."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def may(self, _principal: str, _action: str, _resource: str, _context: Context) -> bool:
        """It may."""
        return True

    def s3(self, _role_arn: str) -> "S3Client":
        """The one client."""
        return self._s3


def check_access(roles: ServiceRoles, request: Mapping[str, Any], job_arn: str) -> None:
    """What is looked at when a customization job is created. Raises ValidationError."""
    check_role(roles, request["roleArn"], job_arn)
    check_storage(roles, request["roleArn"], _inputs(request), request["outputDataConfig"]["s3Uri"])


def check_role(roles: ServiceRoles, role_arn: str, job_arn: str) -> None:
    """Raises ValidationError where the role does not trust Bedrock with this job."""
    context = {"aws:SourceAccount": job_arn.split(":")[4], "aws:SourceArn": job_arn}
    if not roles.may(BEDROCK, "sts:AssumeRole", role_arn, context):
        raise ValidationError(f"Could not assume the provided IAM role {role_arn}: its trust policy does not allow it.")


def check_storage(roles: ServiceRoles, role_arn: str, inputs: Iterable[str], output: str) -> None:
    """Raises ValidationError with the place that the role may not read or write."""
    s3 = roles.s3(role_arn)
    for uri in inputs:
        bucket, key = split_uri(uri)
        if key and _is_denied(s3, bucket, key):
            raise ValidationError(
                f"Could not validate GetObject permissions to access Amazon S3 bucket: {bucket} at key {key}"
            )
    bucket, prefix = split_uri(output)
    key = "/".join(part for part in (prefix.rstrip("/"), WRITE_CHECK) if part)
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
        s3.get_object(Bucket=bucket, Key=key)
        s3.list_objects_v2(Bucket=bucket, Prefix=prefix.rstrip("/"), MaxKeys=1)
    except ClientError as error:
        # What else is wrong with the place the job finds, later.
        if error.response["Error"]["Code"] in DENIED:
            raise ValidationError(
                f"Could not validate PutObject permissions to access S3 bucket: {bucket} at key {key}"
            ) from error


def _inputs(request: Mapping[str, Any]) -> Iterator[str]:
    yield request["trainingDataConfig"]["s3Uri"]
    for validator in request.get("validationDataConfig", {}).get("validators", []):
        yield validator["s3Uri"]


def _is_denied(s3: "S3Client", bucket: str, key: str) -> bool:
    """An object that is not there is found by the job, later."""
    try:
        s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        return error.response["Error"]["Code"] in DENIED
    return False

"""Emptying a versioned bucket. It runs on boto3 alone, for the bucket emptier."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef


class BucketNotEmptied(Exception):  # noqa: N818 - named like the errors of the domain
    """Objects are left in the bucket; the message says why and what to do."""


class VersionedBuckets:
    """Buckets that keep the versions of their objects."""

    def __init__(self, s3: "S3Client") -> None:
        self._s3 = s3

    def empty(self, bucket: str, *, time_left: Callable[[], bool]) -> int:
        """Deletes every version and delete marker; returns their number.

        A bucket that does not exist is empty. Raises BucketNotEmptied when the time is up or S3 refuses a deletion.
        """
        deleted = 0
        try:
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found: list[ObjectIdentifierTypeDef] = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                ]
                if not found:
                    continue
                if not time_left():
                    raise BucketNotEmptied(
                        f"{deleted} object versions were deleted from {bucket} before the time was up, more are left. "
                        "Delete the stack again: it goes on from here."
                    )
                self._delete(bucket, found)
                deleted += len(found)
        except self._s3.exceptions.NoSuchBucket:
            return deleted
        return deleted

    def _delete(self, bucket: str, found: "list[ObjectIdentifierTypeDef]") -> None:
        """Deletes a page's entries: at most 1,000, as many as DeleteObjects takes."""
        refused = self._s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True}).get("Errors", [])
        if refused:
            first = refused[0]
            raise BucketNotEmptied(
                f"S3 did not delete {len(refused)} object versions in {bucket}; the first is {first.get('Key')}: "
                f"{first.get('Code')} {first.get('Message')}. Remove what protects it, then delete the stack again."
            )

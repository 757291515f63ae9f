"""What the deletion of a stack needs from AWS: whether it is one, and the emptying of a versioned bucket."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

# A stack whose creation failed is taken down like one that is destroyed; a rolled-back update keeps its resources.
REMOVAL = frozenset({"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})


class BucketNotEmptied(Exception):  # noqa: N818 - named like the errors of the domain
    """Objects are left in the bucket; the message says why and what to do."""


def is_being_removed(stack_id: str) -> bool:
    """Whether the stack as a whole is being deleted, rather than a resource of it replaced or taken out."""
    stacks = boto3.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return stacks[0]["StackStatus"] in REMOVAL


def empty_bucket(bucket: str, *, time_left: Callable[[], bool]) -> int:
    """Deletes every version and delete marker; returns their number.

    A bucket that does not exist is empty. Raises BucketNotEmptied when the time is up or S3 refuses a deletion.
    """
    s3 = boto3.client("s3")
    deleted = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
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
            # A page holds at most 1,000 entries, as many as DeleteObjects takes.
            refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True}).get("Errors", [])
            if refused:
                first = refused[0]
                raise BucketNotEmptied(
                    f"S3 did not delete {len(refused)} object versions in {bucket}; the first is {first.get('Key')}: "
                    f"{first.get('Code')} {first.get('Message')}. Remove what protects it, then delete the stack again."
                )
            deleted += len(found)
    except s3.exceptions.NoSuchBucket:
        return deleted
    return deleted

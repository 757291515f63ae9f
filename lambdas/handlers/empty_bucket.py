"""Custom resources of the data stack: what goes with the stack, and stays where it is only taken out of the template.

`Custom::EmptyBucket` empties a bucket before the deletion, which only takes empty ones. `Custom::DeleteKey` schedules a
key's deletion: CloudFormation would do so, too, where the setting that made the key goes back, and what the key
encrypts could not be read any more. It runs on boto3 alone.
"""

import gc
import logging
from contextlib import suppress
from typing import Any, Protocol

from lambdas.adapters.aws.clients import Clients
from lambdas.adapters.aws.custom_resource import ResourceRequest, serve
from lambdas.adapters.aws.stacks import Stacks
from lambdas.adapters.aws.versioned_buckets import BucketNotEmptied, VersionedBuckets

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)
gc.enable()

# What a page's deletion and the answer to CloudFormation may take, with a wide margin.
RESERVED_MILLISECONDS = 30_000
# The least that KMS takes.
PENDING_DAYS = 7


class InvocationContext(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


def handler(event: dict[str, Any], context: InvocationContext) -> None:
    """Takes CloudFormation's request with a `BucketName` or `KeyId`; the answer goes to its `ResponseURL`."""
    request, clients = ResourceRequest.parse(event), Clients()
    if request.key is not None:
        key = request.key
        serve(request, lambda: _delete_key(request, key, Stacks(clients.cloudformation), clients))
        return
    serve(request, lambda: _empty(request, context, Stacks(clients.cloudformation), VersionedBuckets(clients.s3)))


def _delete_key(request: ResourceRequest, key: str, stacks: Stacks, clients: Clients) -> None:
    if not request.is_deletion or not stacks.is_being_deleted(request.stack_id):
        return
    # Somebody may have done so before.
    with suppress(clients.kms.exceptions.KMSInvalidStateException, clients.kms.exceptions.NotFoundException):
        clients.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=PENDING_DAYS)
    logger.info("The key %s is deleted in %d days", key, PENDING_DAYS)


def _empty(request: ResourceRequest, context: InvocationContext, stacks: Stacks, buckets: VersionedBuckets) -> None:
    if not request.is_deletion:
        return
    if request.bucket is None:
        raise BucketNotEmptied("The request has no ResourceProperties.BucketName.")
    if not stacks.is_being_removed(request.stack_id):
        logger.info("The stack stays, so the objects of %s stay", request.bucket)
        return
    deleted = buckets.empty(
        request.bucket, time_left=lambda: context.get_remaining_time_in_millis() > RESERVED_MILLISECONDS
    )
    logger.info("Deleted %d versions of objects from %s", deleted, request.bucket)

"""Custom resource `Custom::EmptyBucket`: empties a bucket before its stack's deletion, which only takes empty ones.

It deletes nothing unless the stack as a whole goes: a bucket that is only taken out of the template keeps its objects.
It runs on boto3 alone.
"""

import gc
import logging
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


class InvocationContext(Protocol):
    """What is used of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


def handler(event: dict[str, Any], context: InvocationContext) -> None:
    """Takes CloudFormation's request with `ResourceProperties.BucketName`; the answer goes to its `ResponseURL`."""
    request, clients = ResourceRequest.parse(event), Clients()
    serve(request, lambda: _empty(request, context, Stacks(clients.cloudformation), VersionedBuckets(clients.s3)))


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

"""Custom resource `Custom::EmptyBucket`: empties a bucket before its stack's deletion, which only takes empty ones.

It answers CloudFormation in every case, so that a stack never waits for it in vain, and it deletes nothing unless the
stack as a whole goes: a bucket that is only taken out of the template keeps its objects. It runs on boto3 alone.
"""

import json
import logging
import urllib.request
from typing import Any, Protocol

from lambdas.adapters.aws.bucket_emptying import empty_bucket, is_being_removed

logger = logging.getLogger(__name__)
logger.setLevel(logging.INFO)

# What a page's deletion and the answer to CloudFormation may take, with a wide margin.
RESERVED_MILLISECONDS = 30_000
# CloudFormation accepts an answer of at most 4 KB.
REASON_CHARACTERS = 1_000


class Context(Protocol):
    """What is used of Lambda's context."""

    log_stream_name: str

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""


def handler(event: dict[str, Any], context: Context) -> None:
    """Event: CloudFormation's request with `ResourceProperties.BucketName`. The answer goes to its `ResponseURL`."""
    bucket = event.get("ResourceProperties", {}).get("BucketName", "")
    answer = {
        "Status": "SUCCESS",
        "PhysicalResourceId": event.get("PhysicalResourceId") or bucket or event["LogicalResourceId"],
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    try:
        if event["RequestType"] == "Delete":
            _delete(bucket, event["StackId"], context)
    except Exception as error:  # whatever happened, CloudFormation must hear of it
        logger.exception("The bucket %s was not emptied", bucket)
        answer |= {"Status": "FAILED", "Reason": f"{type(error).__name__}: {error}"[:REASON_CHARACTERS]}
    _send(event["ResponseURL"], answer)


def _delete(bucket: str, stack_id: str, context: Context) -> None:
    if not is_being_removed(stack_id):
        logger.info("The stack stays, so the objects of %s stay", bucket)
        return
    deleted = empty_bucket(bucket, time_left=lambda: context.get_remaining_time_in_millis() > RESERVED_MILLISECONDS)
    logger.info("Deleted %d versions of objects from %s", deleted, bucket)


def _send(url: str, answer: dict[str, str]) -> None:
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own, from its signed request
        url, data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310 - as above
        logger.info("CloudFormation answered %s", response.status)

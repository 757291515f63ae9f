"""CloudFormation's request for a custom resource, and the answer to it. It runs on boto3 alone, for the bucket emptier.

CloudFormation gets an answer in every case, so that a stack never waits for one in vain.
"""

import json
import logging
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

logger = logging.getLogger(__name__)

# CloudFormation accepts an answer of at most 4 KB.
REASON_CHARACTERS = 1_000


@dataclass(frozen=True)
class ResourceRequest:
    """A request: `is_deletion` of the resource, which is also sent for one that is only taken out of the template."""

    is_deletion: bool
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str
    response_url: str
    bucket: str | None
    key: str | None = None

    @classmethod
    def parse(cls, event: Mapping[str, Any]) -> Self:
        """The request in CloudFormation's event; a new resource is named after its bucket or key, if it has one."""
        properties = event.get("ResourceProperties", {})
        bucket, key = properties.get("BucketName"), properties.get("KeyId")
        return cls(
            is_deletion=event["RequestType"] == "Delete",
            stack_id=event["StackId"],
            request_id=event["RequestId"],
            logical_id=event["LogicalResourceId"],
            physical_id=event.get("PhysicalResourceId") or bucket or key or event["LogicalResourceId"],
            response_url=event["ResponseURL"],
            bucket=bucket,
            key=key,
        )


def serve(request: ResourceRequest, act: Callable[[], str | None]) -> None:
    """Does what was asked for, and answers: success, or failure with the reason that `act` returns or raises."""
    try:
        reason = act()
    except Exception as error:  # whatever happened, CloudFormation must hear of it
        logger.exception("The request for %s failed", request.physical_id)
        reason = f"{type(error).__name__}: {error}"
    _answer(request, reason)


def _answer(request: ResourceRequest, failure: str | None) -> None:
    """Sends the answer; CloudFormation shows the reason of a failure to people."""
    body = {
        "Status": "SUCCESS" if failure is None else "FAILED",
        "Reason": (failure or "")[:REASON_CHARACTERS],
        "PhysicalResourceId": request.physical_id,
        "StackId": request.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.logical_id,
    }
    sent = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own, from its signed request
        request.response_url, data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(sent, timeout=20):  # noqa: S310 - as above
        pass

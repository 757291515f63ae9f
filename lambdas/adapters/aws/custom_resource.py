"""The answer to CloudFormation's request for a custom resource."""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Literal

# CloudFormation accepts an answer of at most 4 KB.
REASON_CHARACTERS = 1_000


def answer(request: Mapping[str, Any], status: Literal["SUCCESS", "FAILED"], reason: str = "") -> None:
    """Sends the answer to the request's `ResponseURL`; CloudFormation shows the reason of a failure to people."""
    body = {
        "Status": status,
        "Reason": reason[:REASON_CHARACTERS],
        "PhysicalResourceId": request.get("PhysicalResourceId") or request["LogicalResourceId"],
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
    }
    sent = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own, from its signed request
        request["ResponseURL"], data=json.dumps(body).encode(), method="PUT", headers={"Content-Type": ""}
    )
    with urllib.request.urlopen(sent, timeout=20):  # noqa: S310 - as above
        pass

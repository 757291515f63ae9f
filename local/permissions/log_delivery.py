"""A state machine that logs is made only where its role may arrange the delivery, as Step Functions looks when it is.

The actions are those of "Logging using CloudWatch Logs" (Step Functions developer guide).
"""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners

from local import patches
from local.permissions.guard import Guard
from local.permissions.request import AccessRequest, session_of
from local.permissions.state_machine_role import ORIGIN

MACHINE = "AWS::StepFunctions::StateMachine"
NEEDED = (
    *(f"{verb}LogDelivery" for verb in ("Create", "Get", "Update", "Delete")),
    *("ListLogDeliveries", "PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)


def apply(guard: Guard) -> None:
    """Patch the imported ministack, in place; raises UnknownMinistackError where it is not as expected."""
    handlers = provisioners._RESOURCE_HANDLERS
    patches._require("create" in handlers.get(MACHINE, {}), "provisioners._RESOURCE_HANDLERS", MACHINE)
    handlers[MACHINE]["create"] = creating(handlers[MACHINE]["create"], guard)


def creating(create: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    """The creation of a state machine by CloudFormation, which fails where its role may not arrange what it logs."""

    def create_if_allowed(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if properties.get("LoggingConfiguration", {}).get("Level", "OFF") != "OFF":
            principal = session_of(properties["RoleArn"], logical_id)
            for action in NEEDED:
                if guard.refusal(AccessRequest(principal, f"logs:{action}", ("*",), {}, ORIGIN)):
                    raise ValueError("The state machine IAM Role is not authorized to access the Log Destination")
        return create(logical_id, properties, stack)

    return create_if_allowed

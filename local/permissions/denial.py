"""AWS's answer to who may not make a call, in each service's own code and words."""

from dataclasses import dataclass
from http import HTTPStatus

from local.permissions.evaluator import AccessDecision
from local.permissions.request import AccessRequest

# AccessDeniedException in the services that speak JSON.
CODES = {
    "s3": "AccessDenied",
    "iam": "AccessDenied",
    "sts": "AccessDenied",
    "cloudformation": "AccessDenied",
    "sns": "AuthorizationError",
    "ec2": "UnauthorizedOperation",
}
# Their answers have no body, and so no message.
WITHOUT_BODY = ("HeadObject", "HeadBucket")


@dataclass(frozen=True)
class Denial:
    """The error of a call that IAM refuses."""

    code: str
    message: str
    status: int = HTTPStatus.FORBIDDEN.value


def denial(service: str, operation: str, request: AccessRequest, resource: str, decision: AccessDecision) -> Denial:
    """What the caller of an operation reads."""
    if operation in WITHOUT_BODY:
        return Denial("403", "Forbidden")
    return Denial(CODES.get(service, "AccessDeniedException"), message(service, request, resource, decision))


def message(service: str, request: AccessRequest, resource: str, decision: AccessDecision) -> str:
    """AWS's sentence on a refusal."""
    shown = f'"{resource}"' if service == "s3" else resource
    sentence = (
        f"User: {request.principal_arn} is not authorized to perform: {request.action} on resource: {shown} "
        f"{decision.reason(request.action)}"
    )
    return f"You are not authorized to perform this operation. {sentence}" if service == "ec2" else sentence

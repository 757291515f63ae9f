"""Requests that can create, change or delete nothing, whatever AWS makes of them.

The checks of the tiers free and cents see how AWS refuses. Should AWS be more lenient than assumed, such a request must
still come to nothing. A request is harmless if it only reads, or lacks a member that the service model requires, or
names as what it is about a resource that cannot exist. What it tests is wrong beside that: AWS lists all violations
of a request.
"""

from functools import cache

from botocore.model import OperationModel
from botocore.session import get_session

from local.conformance.calls import AwsRequest

# Reads, and questions to models. CountTokens is free.
_READS = ("Get", "List", "Converse", "CountTokens")
# A name and an id that this project never gives, and nobody else has a reason to.
ABSENT = "fine-tuning-conformance-absent"
# No resource can have this name.
MALFORMED = f"{ABSENT}, malformed!"
ABSENT_ID = "absent000000"
ABSENT_BASE_MODEL = "amazon.fine-tuning-conformance-absent-v1:0"
# The member that names what a request is about.
_ABOUT = {
    "CreateModelCustomizationJob": "baseModelIdentifier",
    "CreateProvisionedModelThroughput": "modelId",
    "CreateCustomModelDeployment": "modelArn",
    "UpdateProvisionedModelThroughput": "provisionedModelId",
    "UpdateCustomModelDeployment": "customModelDeploymentIdentifier",
    "DeleteProvisionedModelThroughput": "provisionedModelId",
    "DeleteCustomModelDeployment": "customModelDeploymentIdentifier",
    "DeleteCustomModel": "modelIdentifier",
    "StopModelCustomizationJob": "jobIdentifier",
    "TagResource": "resourceARN",
    "UntagResource": "resourceARN",
}


class HarmfulRequestError(Exception):
    """A check of a tier that creates nothing would send a request that could."""


def require_harmless(request: AwsRequest) -> None:
    """Raises HarmfulRequestError unless the request can have no effect."""
    if request.operation.startswith(_READS) or _lacks_a_member(request) or _is_about_nothing(request):
        return
    raise HarmfulRequestError(
        f"The request {request.operation} could have an effect: it lacks no required member and names "
        "something that may exist."
    )


def _lacks_a_member(request: AwsRequest) -> bool:
    shape = _operation(request).input_shape
    return shape is not None and any(request.parameters.get(name) is None for name in shape.required_members)


def _is_about_nothing(request: AwsRequest) -> bool:
    named = str(request.parameters.get(_ABOUT.get(request.operation, ""), ""))
    return named in (ABSENT, MALFORMED, ABSENT_BASE_MODEL) or named.endswith(f"/{ABSENT_ID}")


@cache
def _service(name: str) -> dict[str, OperationModel]:
    model = get_session().get_service_model(name)
    return {operation: model.operation_model(operation) for operation in model.operation_names}


def _operation(request: AwsRequest) -> OperationModel:
    return _service(request.service)[request.operation]

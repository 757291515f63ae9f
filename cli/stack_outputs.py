"""The outputs of a deployed stack, which name what is known only once it is deployed."""

from typing import Any

from botocore.exceptions import ClientError


def outputs_of(cloudformation: Any, stack: str) -> dict[str, str] | None:
    """The stack's outputs by their names; None where the account has no such stack in the client's Region."""
    try:
        [described] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        # CloudFormation has no error of its own for it.
        if "does not exist" not in error.response["Error"].get("Message", ""):
            raise
        return None
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}

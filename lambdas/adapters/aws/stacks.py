"""CloudFormation's stacks. It runs on boto3 alone, for the bucket emptier."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient

# A stack whose creation failed is taken down like one that is destroyed; a rolled-back update keeps its resources.
REMOVAL = frozenset({"DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"})


class Stacks:
    """Stacks of this account and Region."""

    def __init__(self, client: "CloudFormationClient") -> None:
        self._client = client

    def is_being_removed(self, stack_id: str) -> bool:
        """Whether the stack as a whole is being deleted, rather than a resource of it replaced or taken out."""
        return self._status(stack_id) in REMOVAL

    def is_being_deleted(self, stack_id: str) -> bool:
        """The same without a creation that failed: what it made CloudFormation takes away whatever its policy."""
        return self._status(stack_id) == "DELETE_IN_PROGRESS"

    def find_status(self, name: str) -> str | None:
        """The status of the stack of that name; None where there is none."""
        try:
            return self._status(name)
        except ClientError as error:
            # CloudFormation has no error of its own for it.
            if "does not exist" not in error.response["Error"].get("Message", ""):
                raise
            return None

    def _status(self, stack_id: str) -> str:
        return self._client.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]

"""Whose something in Bedrock is, by its tags: the name of another environment may begin alike."""

from lambdas.adapters.adapters import Adapters
from lambdas.adapters.aws.service_errors import NotFound, Refused


def may_be_ours(environment: str, arn: str, adapters: Adapters) -> bool:
    """Whether nothing says that it is another environment's. Raises ServiceBusy.

    True also where the tags are refused or do not show yet. False where Bedrock no longer knows the ARN: a list may lag
    behind.
    """
    try:
        tags = adapters.bedrock.tags_of(arn)
    except NotFound:
        return False
    except Refused:
        return True
    return not tags or tags.get("deployment") == environment


def tagged_run(environment: str, arn: str, adapters: Adapters) -> str | None:
    """The run whose model the environment's own deployment serves. Raises ServiceBusy and Refused."""
    try:
        tags = adapters.bedrock.tags_of(arn)
    except NotFound:
        return None
    return tags.get("run-id") if tags.get("deployment") == environment else None

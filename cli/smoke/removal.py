"""The end of the smoke test's environment: destroyed with all that it has made, and looked at once more."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.account import Account
from cli.smoke.inbox import name_of
from cli.smoke.outside import left_in_bedrock
from cli.smoke.places import SmokePlace
from cli.stack_outputs import outputs_of
from cli.target import RequestedEnvironment

# A job is stopped within minutes, and what Bedrock creates cannot be deleted before it exists, up to half an hour.
LONGEST_SECONDS = 45 * 60
# SQS takes up to a minute to delete a queue ("DeleteQueue", SQS API reference).
LONGEST_QUEUE_SECONDS = 90
NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
STAYING = (
    "What stays costs nothing or cents: Bedrock's records of the job, which nobody can delete; the CDK's assets in the "
    "bootstrap bucket; a KMS key of the environment's own, if cdk.json asks for one, for seven days."
)
# A step's name, and what it does.
Step = tuple[str, Callable[[], object]]


def remove(place: SmokePlace, target: RequestedEnvironment, tell: Callable[[str], None]) -> list[str]:
    """Deletes the stacks and what they have made; what is left, and what could not be looked at."""
    name, account = target.settings.deployment, place.account
    problems: list[str] = []
    keys: list[str] = []
    steps: tuple[Step, ...] = (
        ("the key", lambda: keys.extend(_keys(account, name))),
        ("the stacks", lambda: _destroy(place, target)),
        ("what works in Bedrock", lambda: _wait(place, name)),
        ("custom models", lambda: _delete_models(account, name)),
        ("the champion", lambda: _delete_champion(account, name)),
        ("the queue", lambda: _delete_queue(place, name)),
        ("log groups", lambda: _delete_log_groups(account, name)),
    )
    for what, step in steps:
        try:
            step()
        except (BotoCoreError, ClientError, RuntimeError) as error:
            problems.append(f"{what} could not be deleted: {error}")
    try:
        problems += left(account, name, keys)
    except (BotoCoreError, ClientError) as error:
        problems.append(f"what is left cannot be listed: {error}")
    for problem in problems:
        tell(f"Left: {problem}")
    return problems


def left(account: Account, name: str, keys: Iterable[str] = ()) -> Iterator[str]:
    """What of the environment there still is; the ids of its keys stand nowhere once its stacks are gone."""
    for stack in (f"{name}-data", f"{name}-pipeline"):
        if outputs_of(account.client("cloudformation"), stack) is not None:
            yield f"the stack {stack}"
    buckets = account.client("s3").list_buckets()["Buckets"]
    yield from (f"the bucket {each['Name']}" for each in buckets if each["Name"].startswith(f"{name}-"))
    for what, names in left_in_bedrock(account.client, name).items():
        yield from (f"the {what} {each}" for each in names)
    yield from (f"the custom model {arn}" for arn in _models(account, name))
    yield from (f"the log group {each}" for each in _log_groups(account, name))
    if _queue(account, name) is not None:
        yield f"the queue {name_of(name)}"
    for parameter in _parameters(name):
        if _found(("ParameterNotFound",), partial(account.client("ssm").get_parameter, Name=parameter)) is not None:
            yield f"the SSM parameter {parameter}"
    yield from (f"the KMS key {each}" for each in keys if not _key_ends(account, each))


def _keys(account: Account, name: str) -> Iterator[str]:
    """Of a stack that was deployed half, too, which has no outputs."""
    stack = f"{name}-data"
    if outputs_of(account.client("cloudformation"), stack) is None:
        return
    for each in account.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
        if each["ResourceType"] == "AWS::KMS::Key" and each.get("PhysicalResourceId"):
            yield str(each["PhysicalResourceId"])


def _key_ends(account: Account, key: str) -> bool:
    """A key that is to be deleted costs nothing while it waits."""
    found = _found(("NotFoundException",), lambda: account.client("kms").describe_key(KeyId=key))
    return found is None or found["KeyMetadata"]["KeyState"] == "PendingDeletion"


def _destroy(place: SmokePlace, target: RequestedEnvironment) -> None:
    status = place.cdk("destroy", target)
    if status != 0:
        raise RuntimeError(f"the CDK CLI ended with exit status {status}")


def _wait(place: SmokePlace, name: str) -> None:
    """The deletion of the stacks has stopped or deleted all of it: until Bedrock has done so."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while any(left_in_bedrock(place.account.client, name).values()) and time.monotonic() < deadline:
        time.sleep(place.pause_seconds)


def _delete_models(account: Account, name: str) -> None:
    """Each of them, whatever happens to another; raises RuntimeError with all that could not be deleted."""
    refused = []
    for arn in list(_models(account, name)):
        try:
            account.client("bedrock").delete_custom_model(modelIdentifier=arn)
        except (BotoCoreError, ClientError) as error:
            refused.append(f"{arn}: {error}")
    if refused:
        raise RuntimeError("; ".join(refused))


def _models(account: Account, name: str) -> Iterator[str]:
    """By name and tag: the name is drawn anew for each smoke test."""
    bedrock = account.client("bedrock")
    for page in bedrock.get_paginator("list_custom_models").paginate(isOwned=True):
        for model in page["modelSummaries"]:
            if model["modelName"].startswith(f"{name}-"):
                tags = bedrock.list_tags_for_resource(resourceARN=model["modelArn"])["tags"]
                if {"key": "deployment", "value": name} in tags:
                    yield str(model["modelArn"])


def _parameters(name: str) -> tuple[str, str]:
    """What a promotion writes."""
    return f"/{name}/champion", f"/{name}/endpoint"


def _delete_champion(account: Account, name: str) -> None:
    for parameter in _parameters(name):
        _found(("ParameterNotFound",), partial(account.client("ssm").delete_parameter, Name=parameter))


def _delete_queue(place: SmokePlace, name: str) -> None:
    """Until it is no longer found."""
    sqs, url = place.account.client("sqs"), _queue(place.account, name)
    if url is None:
        return
    _found(NO_QUEUE, lambda: sqs.delete_queue(QueueUrl=url))
    deadline = time.monotonic() + LONGEST_QUEUE_SECONDS
    while _queue(place.account, name) is not None and time.monotonic() < deadline:
        time.sleep(place.pause_seconds)


def _queue(account: Account, name: str) -> str | None:
    """Its URL, where there is one."""
    found = _found(NO_QUEUE, lambda: account.client("sqs").get_queue_url(QueueName=name_of(name)))
    return None if found is None else str(found["QueueUrl"])


def _delete_log_groups(account: Account, name: str) -> None:
    """Those of functions that have written once more after their group was deleted."""
    for group in list(_log_groups(account, name)):
        account.client("logs").delete_log_group(logGroupName=group)


def _log_groups(account: Account, name: str) -> Iterator[str]:
    for page in account.client("logs").get_paginator("describe_log_groups").paginate():
        yield from (str(each["logGroupName"]) for each in page["logGroups"] if f"{name}-" in each["logGroupName"])


def _found(missing: tuple[str, ...], call: Callable[[], Any]) -> Any:
    """What the call answers; None where an error of such a code says that there is no such thing."""
    try:
        return call()
    except ClientError as error:
        if error.response["Error"].get("Code") not in missing:
            raise
        return None
